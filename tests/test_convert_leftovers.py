"""Tensors beside a network: said in the refusal, and left out only as asked; verify does the same.

A network of timm's stands for whatever was trained.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import gluonport
from convert.formats import open_checkpoint
from convert.leftovers import patterns_of
from gluonport.commands.verify import main
from mappings.choice import Choice
from mappings.errors import GluonportError
from verify.parity.choices import open_both, recorded_choice
from verify.parity.converted_checkpoint import open_converted
from verify.parity.values import check_values

NAME = "seresnext26t_32x4d"
State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    torch.manual_seed(0)
    return timm.create_model(NAME).state_dict()


def prefixed(prefix: str, state: State) -> State:
    return {prefix + name: tensor.clone() for name, tensor in state.items()}


def test_a_loss_beside_the_model_is_named_and_left_out_as_asked(
    state: State, tmp_path: Path
) -> None:
    source, out = tmp_path / "source.ckpt", tmp_path / "out.safetensors"
    beside = {"criterion.weight": torch.ones(1000), "loss_fn.margin": torch.ones(1)}
    torch.save({"state_dict": {**prefixed("model.", state), **beside}}, source)
    for name in (NAME, "auto"):
        with pytest.raises(GluonportError) as caught:
            gluonport.convert(name, out, source)
        assert "--ignore 'criterion.*' --ignore 'loss_fn.*'" in str(caught.value)
        assert "--weights model" in str(caught.value)
    gluonport.convert(NAME, out, source, ignore=["criterion.*", "loss_fn.*"])
    found = load_file(out)
    assert found.keys() == state.keys() and torch.equal(found["fc.bias"], state["fc.bias"])
    record = json.loads(out.with_suffix(".provenance.json").read_text())
    assert record["ignore"] == ["criterion.*", "loss_fn.*"]
    assert record["ignored"] == ["criterion.weight", "loss_fn.margin"]
    assert (record["weights"], record["ema"]) == ("state_dict", None)
    assert check_values(open_converted(gluonport.find_model(NAME), out, None))[0].passed
    result = CliRunner().invoke(main, ["tensors", str(out), str(source)])
    assert result.exit_code == 0, result.output
    with pytest.raises(GluonportError, match="matches no name"):
        gluonport.convert(NAME, out, source, ignore=["x.*"], force=True)


def test_a_student_and_its_teacher_are_two_sets(state: State, tmp_path: Path) -> None:
    source, out = tmp_path / "distill.ckpt", tmp_path / "out.safetensors"
    teacher = {name: tensor + 1 for name, tensor in state.items()}
    torch.save({"state_dict": prefixed("student.", state) | prefixed("teacher.", teacher)}, source)
    with pytest.raises(GluonportError) as caught:
        gluonport.convert(NAME, out, source)
    assert "--ignore 'teacher.*'" in str(caught.value)
    assert "--weights student" in str(caught.value)
    for options, expected, key in (
        ({"weights": "student"}, state, "state_dict.student"),
        ({"weights": "teacher"}, teacher, "state_dict.teacher"),
        ({"ignore": ["teacher.*"]}, state, "state_dict"),
    ):
        gluonport.convert(NAME, out, source, force=True, **options)  # type: ignore[arg-type]
        assert torch.equal(load_file(out)["fc.bias"], expected["fc.bias"])
        record = json.loads(out.with_suffix(".provenance.json").read_text())
        assert record["weights"] == key
        assert check_values(open_converted(gluonport.find_model(NAME), out, None))[0].passed
        one, other = open_both(source, out)
        assert one.weights == key and other.weights is None


def test_names_are_left_out_of_every_format(state: State, tmp_path: Path) -> None:
    source, out = tmp_path / "source.safetensors", tmp_path / "out.safetensors"
    save_file({**state, "loss.weight": torch.ones(3)}, source)
    with pytest.raises(GluonportError, match=r"--ignore 'loss\.\*'"):
        gluonport.convert(NAME, out, source)
    gluonport.convert(NAME, out, source, ignore=["loss.*"])
    assert check_values(open_converted(gluonport.find_model(NAME), out, None))[0].passed


def test_a_choice_applies_to_the_file_that_has_something_to_choose(tmp_path: Path) -> None:
    one, both = tmp_path / "one.safetensors", tmp_path / "both.pth"
    save_file({"w": torch.ones(3)}, one)
    torch.save({"model": {"w": torch.zeros(3)}, "model_ema": {"w": torch.ones(3)}}, both)
    for files in ((one, both), (both, one)):
        found = open_both(*files, Choice(ema=True))
        assert {float(file.tensors[0].array()[0]) for file in found} == {1.0}
    with pytest.raises(GluonportError, match="one set of weights"):
        open_both(one, one, Choice(ema=True))
    with pytest.raises(GluonportError, match="no tensors are under 'net'"):
        open_both(one, one, Choice(weights="net"))


def test_a_record_without_a_key_chooses_by_its_flag() -> None:
    assert recorded_choice({}) == Choice()
    assert recorded_choice({"ema": True}) == Choice(ema=True)
    assert recorded_choice({"ema": True, "weights": "a", "ignore": ["b"]}) == Choice(
        None, "a", ("b",)
    )
    for record in ({"ema": 1}, {"weights": 1}, {"ignore": "x"}, {"ignore": [1]}):
        with pytest.raises(ValueError):
            recorded_choice(record)


def test_patterns_leave_the_network_alone() -> None:
    mapped = ["net.conv.weight", "net.fc.bias"]
    assert patterns_of(["loss.a", "loss.b.c"], mapped) == ["loss.*"]
    assert patterns_of(["net.aux.a", "net.aux.b"], mapped) == ["net.aux.*"]
    assert patterns_of(["net.fc.scale"], mapped) == ["net.fc.scale"]
    assert patterns_of(["a[0].b"], mapped) == []


def test_the_choice_of_an_opened_source_is_seen(state: State, tmp_path: Path) -> None:
    torch.save({"net": state}, tmp_path / "a.pth")
    assert open_checkpoint(tmp_path / "a.pth").weights == "net"
