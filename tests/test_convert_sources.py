"""Checkpoints that timm wrote, in every wrapping, become the same file as Gluon's own would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

import gluonport
from gluonport.commands.convert import main
from gluonport.commands.inspect import inspect

NAME = "seresnext26t_32x4d"


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model(NAME).eval()


def converted(weights: Any, tmp_path: Path, **options: Any) -> gluonport.Conversion:
    torch.save(weights, tmp_path / "source.pth", **options)
    return gluonport.convert("auto", tmp_path / "out.safetensors", tmp_path / "source.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_timm_state_dict_arrives_bit_for_bit(
    zipped: bool, network: torch.nn.Module, tmp_path: Path
) -> None:
    done = converted(network.state_dict(), tmp_path, _use_new_zipfile_serialization=zipped)
    assert (done.model, done.naming, done.num_classes) == (NAME, "pytorch", 1000)
    found = load_file(done.target)
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(found[name], t) for name, t in network.state_dict().items())
    images = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        ours = gluonport.create_model(NAME, done.target)
        assert torch.equal(ours(images), network(images))


def test_wrappings_are_seen_through_and_reported(network: torch.nn.Module, tmp_path: Path) -> None:
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    done = converted({"epoch": 3, "state_dict": state, "optimizer": {}}, tmp_path)
    assert any("state_dict" in note for note in done.notes)
    assert any("module." in note for note in done.notes)


def test_two_sets_of_weights_ask_which(network: torch.nn.Module, tmp_path: Path) -> None:
    state = network.state_dict()
    averaged = {name: tensor + 1 for name, tensor in state.items()}
    torch.save({"state_dict": state, "state_dict_ema": averaged}, tmp_path / "both.pth")
    arguments = [NAME, str(tmp_path / "o.safetensors"), "--from", str(tmp_path / "both.pth")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and "--ema" in result.stderr and "--no-ema" in result.stderr
    for flag, expected in (("--ema", averaged), ("--no-ema", state)):
        assert CliRunner().invoke(main, [*arguments, flag, "--force"]).exit_code == 0
        found = load_file(tmp_path / "o.safetensors")["fc.bias"]
        assert torch.equal(found, expected["fc.bias"])
    result = CliRunner().invoke(inspect, [str(tmp_path / "both.pth"), "--ema"])
    assert result.exit_code == 0 and NAME in result.stdout


def test_a_float_count_of_batches_becomes_a_whole_number(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    state = {
        name: torch.tensor(7.0) if name.endswith("num_batches_tracked") else tensor
        for name, tensor in network.state_dict().items()
    }
    found = load_file(converted(state, tmp_path).target)
    count = found["bn1.num_batches_tracked"]
    assert (count.dtype, count.item()) == (torch.int64, 7)


def test_a_checkpoint_that_two_models_share_asks_for_a_name(tmp_path: Path) -> None:
    torch.save(timm.create_model("seresnext50_32x4d").state_dict(), tmp_path / "source.pth")
    arguments = ["auto", str(tmp_path / "o.safetensors"), "--from", str(tmp_path / "source.pth")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "gluon_seresnext50_32x4d and seresnext50_32x4d equally well" in result.stderr


def test_a_pickle_that_would_act_is_refused_and_does_not(tmp_path: Path) -> None:
    class Act:
        def __reduce__(self) -> Any:
            return (Path.write_text, (tmp_path / "acted", "yes"))

    torch.save({"state_dict": Act()}, tmp_path / "hostile.pth")
    arguments = ["auto", str(tmp_path / "o.safetensors"), "--from", str(tmp_path / "hostile.pth")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and result.stderr.startswith("error: ")
    assert not (tmp_path / "acted").exists() and not (tmp_path / "o.safetensors").exists()
