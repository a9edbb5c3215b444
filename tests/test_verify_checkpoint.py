"""A converted checkpoint is judged by its values and by what it computes, against its source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch as torch_files
import timm
import torch
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

import gluonport
from architectures import find_model
from gluonport.commands.verify import main
from mappings.choice import Choice
from tests.conftest import GluonCheckpoints
from verify.parity.converted_checkpoint import open_converted
from verify.parity.values import check_values

NAME = "gluon_seresnext8_digits"
SAMPLE = "architectures/samples/gluon_seresnext8_digits.params"
SMALL = "seresnext26t_32x4d"
Arrays = dict[str, Any]


def parity(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["parity", *map(str, arguments)])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    gluonport.convert(NAME, tmp_path / "out.safetensors")
    return tmp_path / "out.safetensors"


def one_ulp(arrays: Arrays) -> None:
    values = arrays["layer2.0.conv2.weight"].copy()
    values.flat[5] = np.nextafter(values.flat[5], np.float32(9))
    arrays["layer2.0.conv2.weight"] = values


def swapped_norms(arrays: Arrays) -> None:
    for leaf in ("weight", "bias", "running_mean", "running_var"):
        one, other = f"layer1.0.bn1.{leaf}", f"layer1.0.bn2.{leaf}"
        arrays[one], arrays[other] = arrays[other], arrays[one]


def shifted_classes(arrays: Arrays) -> None:
    for leaf in ("weight", "bias"):
        arrays[f"fc.{leaf}"] = np.roll(arrays[f"fc.{leaf}"], 1, axis=0)


def float16_round_trip(arrays: Arrays) -> None:
    arrays["conv1.weight"] = arrays["conv1.weight"].astype(np.float16).astype(np.float32)


BROKEN = {one_ulp: "layer2.0", swapped_norms: "layer1.0", shifted_classes: "fc"}


@pytest.mark.parametrize("reference", ["golden", "live"])
@pytest.mark.parametrize("broken", [*BROKEN, float16_round_trip])
def test_a_broken_checkpoint_fails_and_its_block_is_named(
    broken: Callable[[Arrays], None], reference: str, checkpoint: Path
) -> None:
    arrays = load_file(checkpoint)
    broken(arrays)
    save_file(arrays, checkpoint, metadata={"format": "pt"})
    result = parity(
        NAME, "--checkpoint", checkpoint, "--from", SAMPLE, "--reference", reference, "--json"
    )
    (found,) = json.loads(result.stdout)["models"]
    assert result.exit_code == 1 and not found["passed"]
    assert found["first_bad_block"] == BROKEN.get(broken, "stem")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert found["first_bad_block"] in result.stderr
    if reference == "live":
        assert found["structure"]["max_abs"] > found["structure"]["limit"]


@pytest.mark.parametrize("reference", ["golden", "live"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_right_checkpoint_passes_in_every_precision(
    dtype: str, reference: str, tmp_path: Path
) -> None:
    done = gluonport.convert(NAME, tmp_path / "out.safetensors", dtype=dtype)  # type: ignore[arg-type]
    result = parity(NAME, "--checkpoint", done.target, "--reference", reference)
    assert result.exit_code == 0, result.output


def test_wrong_rounding_of_one_value_fails(tmp_path: Path) -> None:
    done = gluonport.convert(NAME, tmp_path / "out.safetensors", dtype="float16")
    arrays = load_file(done.target)
    arrays["fc.weight"] = arrays["fc.weight"].copy()
    arrays["fc.weight"].flat[0] = np.nextafter(arrays["fc.weight"].flat[0], np.float16(9))
    save_file(arrays, done.target, metadata={"format": "pt"})
    result = parity(NAME, "--checkpoint", done.target)
    assert result.exit_code == 1 and "fc.weight" in result.stderr


def test_the_result_stands_beside_the_checkpoint_with_its_hash(checkpoint: Path) -> None:
    assert parity(NAME, "--checkpoint", checkpoint).exit_code == 0
    record = json.loads(checkpoint.with_suffix(".parity.json").read_text())
    assert record["passed"] and record["model"] == NAME
    assert record["checkpoint_sha256"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()


def test_a_tuned_head_in_any_naming_passes_against_mxnet_itself(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    source = gluon("seresnext8_digits").file("replaced-head")
    done = gluonport.convert("auto", tmp_path / "out.safetensors", source)
    result = parity(done.model, "--checkpoint", done.target, "--reference", "live")
    assert result.exit_code == 0, result.output


def test_without_a_source_or_with_another_one_it_is_refused(
    checkpoint: Path, tmp_path: Path
) -> None:
    record = checkpoint.with_suffix(".provenance.json")
    text = record.read_text()
    record.unlink()
    result = parity(NAME, "--checkpoint", checkpoint)
    assert result.exit_code == 1 and "--from SOURCE" in result.stderr
    (tmp_path / "other.params").write_bytes(Path(SAMPLE).read_bytes() + b"x")
    provenance = json.loads(text) | {"source": str(tmp_path / "other.params")}
    record.write_text(json.dumps(provenance))
    result = parity(NAME, "--checkpoint", checkpoint)
    assert result.exit_code == 1 and "no longer the file" in result.stderr


def test_mxnet_that_cannot_be_had_is_one_line_with_the_remedy(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUONPORT_REFERENCE_PYTHON", "/nowhere/python")
    result = parity(NAME, "--checkpoint", checkpoint, "--reference", "live")
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert "GLUONPORT_REFERENCE_PYTHON" in result.stderr


def test_without_the_variable_uv_makes_mxnets_environment(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLUONPORT_REFERENCE_PYTHON")  # other tests have MXNet imported already
    result = parity(NAME, "--checkpoint", checkpoint, "--reference", "live")
    assert result.exit_code == 0, result.output


def test_usage_errors_are_exit_status_2(checkpoint: Path) -> None:
    assert parity().exit_code == 2
    assert parity("--all", NAME).exit_code == 2
    assert parity("--all", "--checkpoint", checkpoint).exit_code == 2
    assert parity(NAME, "--from", SAMPLE).exit_code == 2


def test_all_judges_every_model_of_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [NAME, "gluon_resnet18_v1b"]
    networks = [find_model(name) for name in names]
    monkeypatch.setattr("gluonport.commands.parity.every_network", lambda: networks)
    result = parity("--all", "--json", "--report", tmp_path)
    found = json.loads(result.stdout)
    assert result.exit_code == 0 and found["passed"]
    assert [model["model"] for model in found["models"]] == names
    for model in found["models"]:
        assert model["passed"] and model["reference"] == "golden" and model["images"] == 8
        assert 0.1 <= model["arithmetic"]["ratio"] <= 2
        assert model["first_bad_block"] is None
    assert (tmp_path / "index.html").exists()


@pytest.fixture(scope="module")
def state() -> Arrays:
    """The state dict of the smallest network that timm has, randomly initialised."""
    torch.manual_seed(0)
    return timm.create_model(SMALL).state_dict()


def test_the_choice_between_two_sets_of_weights_is_remembered(
    state: Arrays, tmp_path: Path
) -> None:
    averaged = {name: tensor * 2 for name, tensor in state.items()}
    source, out = tmp_path / "both.pth", tmp_path / "out.safetensors"
    torch.save({"state_dict": state, "state_dict_ema": averaged}, source)
    gluonport.convert(SMALL, out, source, ema=True)
    model = find_model(SMALL)
    assert check_values(open_converted(model, out, None))[0].passed
    assert check_values(open_converted(model, out, source, Choice(ema=True)))[0].passed
    assert not check_values(open_converted(model, out, None, Choice(ema=False)))[0].passed
    result = parity(SMALL, "--checkpoint", out, "--from", source)
    assert result.exit_code == 1 and "--ema takes the averaged" in result.stderr
    result = parity(SMALL, "--checkpoint", out, "--from", source, "--no-ema")
    assert result.exit_code == 1 and "not the source's" in result.stderr
    result = CliRunner().invoke(main, ["tensors", str(out), str(source), "--ema"])
    assert result.exit_code == 0, result.output


def test_a_changed_shard_is_no_longer_the_source(state: Arrays, tmp_path: Path) -> None:
    names = list(state)
    where = {}
    for shard, part in (("1.safetensors", names[:90]), ("2.safetensors", names[90:])):
        torch_files.save_file({name: state[name] for name in part}, tmp_path / shard)
        where |= dict.fromkeys(part, shard)
    index, out = tmp_path / "model.safetensors.index.json", tmp_path / "out.safetensors"
    index.write_text(json.dumps({"weight_map": where}))
    gluonport.convert(SMALL, out, index)
    provenance = json.loads(out.with_suffix(".provenance.json").read_text())
    assert provenance["source_shards"] == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("1.safetensors", "2.safetensors")
    }
    assert check_values(open_converted(find_model(SMALL), out, None))[0].passed
    altered = {name: state[name] + 1 for name in names[90:]}
    torch_files.save_file(altered, tmp_path / "2.safetensors")
    result = parity(SMALL, "--checkpoint", out)
    assert result.exit_code == 1 and f"{tmp_path / '2.safetensors'} is no longer" in result.stderr
