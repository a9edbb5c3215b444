"""Two checkpoints are compared bit for bit, whatever their format and names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

import gluonport
from architectures import find_model
from convert.formats import Array, Checkpoint, Tensor, open_checkpoint
from convert.formats.checkpoint import ELEMENTS as CHUNK
from gluonport.commands.verify import main
from mappings.errors import ReconcileError
from tests.conftest import GluonCheckpoints
from verify.tensors.distance import distance, max_ulp
from verify.tensors.pairing import pair

NAME = "gluon_seresnext8_digits"
SAMPLE = Path("architectures", "samples", f"{NAME}.params")
CONV, SOURCE = "layer2.0.conv2.weight", "features.5.0.body.3.weight"
LEAVES = ("weight", "bias", "running_mean", "running_var")
State = dict[str, Array]


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The sample's converted weights."""
    gluonport.convert(NAME, tmp_path / "converted.safetensors")
    return {name: values.copy() for name, values in load_file(out(tmp_path, "converted")).items()}


def out(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def written(folder: Path, state: State) -> Path:
    save_file(state, out(folder, "other"))
    return out(folder, "other")


def compare(a: Path, b: Path, *options: str, equal: bool = False) -> dict[str, Any]:
    """Run ``verify tensors --json``, which must find what ``equal`` says."""
    result = CliRunner().invoke(main, ["tensors", str(a), str(b), "--json", *options])
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["equal"] is equal and result.exit_code == (0 if equal else 1)
    assert (result.stderr == "") == equal
    assert equal or (result.stderr.startswith("error: ") and result.stderr.count("\n") == 1)
    return found


def refused(a: Path, b: Path, *options: str) -> str:
    result = CliRunner().invoke(main, ["tensors", str(a), str(b), *options])
    assert result.exit_code == 1 and result.stdout == "", result.output
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    return result.stderr


def test_a_checkpoint_and_its_conversion_are_equal(state: State, tmp_path: Path) -> None:
    found = compare(SAMPLE, out(tmp_path, "converted"), equal=True)
    assert found["model"] == NAME and found["tensors"] == len(find_model(NAME).table.targets)
    assert found["differences"] == found["only_a"] == found["only_b"] == []
    shown = CliRunner().invoke(main, ["tensors", str(SAMPLE), str(out(tmp_path, "converted"))])
    assert shown.stdout.startswith(f"equal: {found['tensors']} tensors") and shown.stderr == ""


@pytest.mark.parametrize("scheme", ["prefixed", "stripped", "export", "moving", "replaced-head"])
def test_every_naming_of_gluon_is_seen_through(
    scheme: str, gluon: Callable[..., GluonCheckpoints]
) -> None:
    checkpoints = gluon("seresnext8_digits")
    found = compare(checkpoints.file(scheme), checkpoints.file("structural"), equal=True)
    assert found["model"] == NAME and found["tensors"] == len(find_model(NAME).table.targets)


def test_pytorchs_own_file_is_compared(state: State, tmp_path: Path) -> None:
    pth = tmp_path / "sample.pth"
    torch.save({name: torch.from_numpy(values) for name, values in state.items()}, pth)
    assert compare(pth, out(tmp_path, "converted"), equal=True)["tensors"] == len(state)
    assert compare(pth, SAMPLE, equal=True)["model"] == NAME


def test_a_flipped_last_bit_is_found_with_its_block(state: State, tmp_path: Path) -> None:
    value = state[CONV].reshape(-1)[5:6]
    before = value.item()
    value.view(np.uint32)[0] ^= 1
    (found,) = compare(SAMPLE, written(tmp_path, state))["differences"]
    assert found == {
        "name_a": SOURCE,
        "name_b": CONV,
        "block": "layer2.0",
        "kind": "values",
        "differing": 1,
        "max_abs": abs(value.item() - before),
        "max_ulp": 1,
    }
    result = CliRunner().invoke(main, ["tensors", str(SAMPLE), str(out(tmp_path, "other"))])
    assert f"1 of {len(find_model(NAME).table.targets)} tensors differ" in result.stderr
    assert "the first in layer2.0, " in result.stderr
    assert all(text in result.stdout for text in (SOURCE, CONV, "layer2.0", "1 ulp"))


def test_swapped_norms_are_found_though_names_and_shapes_fit(state: State, tmp_path: Path) -> None:
    for leaf in LEAVES:
        one, other = f"layer2.0.bn1.{leaf}", f"layer2.0.bn2.{leaf}"
        state[one], state[other] = state[other], state[one]
    found = compare(SAMPLE, written(tmp_path, state))["differences"]
    names = {difference["name_b"] for difference in found}
    assert names == {f"layer2.0.bn{n}.{leaf}" for n in (1, 2) for leaf in LEAVES}
    assert all(d["kind"] == "values" and d["differing"] > 1 and d["max_abs"] > 0 for d in found)


def test_another_sign_of_zero_is_a_difference(state: State, tmp_path: Path) -> None:
    state[CONV].reshape(-1)[0] = 0.0
    first = written(tmp_path, state).rename(out(tmp_path, "zero"))
    state[CONV].reshape(-1)[0] = -0.0
    (found,) = compare(first, written(tmp_path, state))["differences"]
    assert (found["differing"], found["max_abs"], found["max_ulp"]) == (1, 0.0, 1)


def test_nan_is_compared_by_its_bits(state: State, tmp_path: Path) -> None:
    raw = state[CONV].reshape(-1).view(np.uint32)
    raw[0] = 0x7FC00000
    first = written(tmp_path, state).rename(out(tmp_path, "nan"))
    compare(first, written(tmp_path, state), equal=True)
    raw[0] = 0x7FC00001
    (found,) = compare(first, written(tmp_path, state))["differences"]
    assert (found["differing"], found["max_abs"], found["max_ulp"]) == (1, None, None)


def test_a_rounded_checkpoint_is_told_from_a_wrong_one(tmp_path: Path) -> None:
    half = out(tmp_path, "half")
    gluonport.convert(NAME, half, dtype="float16")
    found = compare(SAMPLE, half)["differences"]
    assert {difference["kind"] for difference in found} <= {"rounded", "precision"}
    assert len(found) == len(find_model(NAME).table.targets)
    state = {name: values.copy() for name, values in load_file(half).items()}
    state[CONV].reshape(-1).view(np.uint16)[0] ^= 1
    wrong = compare(SAMPLE, written(tmp_path, state))["differences"]
    assert [d["name_b"] for d in wrong if d["kind"] == "dtype"] == [CONV]


def test_an_exact_widening_is_a_difference_of_precision_alone(tmp_path: Path) -> None:
    half = out(tmp_path, "half")
    gluonport.convert(NAME, half, dtype="float16")
    wide = {
        name: values.astype(np.float32) if values.dtype == np.float16 else values
        for name, values in load_file(half).items()
    }
    found = compare(half, written(tmp_path, wide))["differences"]
    assert found and all((d["kind"], d["differing"]) == ("precision", 0) for d in found)
    result = CliRunner().invoke(main, ["tensors", str(half), str(out(tmp_path, "other"))])
    assert "equal values, another precision (float16, the other float32)" in result.stdout


def test_bfloat16_is_a_rounding_of_float32_too(tmp_path: Path) -> None:
    brain = out(tmp_path, "brain")
    gluonport.convert(NAME, brain, dtype="bfloat16")
    found = compare(SAMPLE, brain)["differences"]
    assert {difference["kind"] for difference in found} <= {"rounded", "precision"}


def test_a_missing_tensor_is_on_one_side_alone(state: State, tmp_path: Path) -> None:
    del state[CONV]
    other = written(tmp_path, state)
    found = compare(SAMPLE, other)
    assert found["only_a"] == [SOURCE] and found["only_b"] == found["differences"] == []
    found = compare(other, SAMPLE)
    assert found["only_b"] == [SOURCE] and found["only_a"] == []


def test_a_tensor_that_no_model_knows_is_compared_by_its_own_name(
    state: State, tmp_path: Path
) -> None:
    state["extra.weight"] = np.ones(3, np.float32)
    first = written(tmp_path, state).rename(out(tmp_path, "extra"))
    assert compare(SAMPLE, first)["only_b"] == ["extra.weight"]
    state["extra.weight"] = np.zeros(3, np.float32)
    (found,) = compare(first, written(tmp_path, state))["differences"]
    assert found["name_a"] == found["name_b"] == "extra.weight"


def test_counters_are_compared_where_both_have_them(state: State, tmp_path: Path) -> None:
    state["bn1.num_batches_tracked"] = np.array(7)
    (found,) = compare(out(tmp_path, "converted"), written(tmp_path, state))["differences"]
    assert (found["kind"], found["max_abs"], found["max_ulp"]) == ("values", 7.0, None)
    compare(SAMPLE, out(tmp_path, "other"), equal=True)


def test_another_class_count_is_a_difference_of_shape(state: State, tmp_path: Path) -> None:
    for leaf in ("weight", "bias"):
        state[f"fc.{leaf}"] = state[f"fc.{leaf}"][:7]
    found = compare(SAMPLE, written(tmp_path, state))["differences"]
    assert {d["name_b"] for d in found} == {"fc.weight", "fc.bias"}
    assert {(d["block"], d["kind"], d["differing"]) for d in found} == {("fc", "shape", None)}


def test_another_network_is_told_by_what_each_has_alone(tmp_path: Path) -> None:
    other = out(tmp_path, "other")
    gluonport.convert("gluon_resnext50_32x4d", other, "synthetic")
    found = compare(SAMPLE, other)
    gates = [name for name in find_model(NAME).table.targets if ".se." in name]
    assert set(found["only_a"]) == set(gates) and gates
    assert {"layer1.1.conv1.weight", "layer4.2.conv3.weight"} <= set(found["only_b"])
    kinds = {d["name_b"]: d["kind"] for d in found["differences"]}
    assert kinds["fc.weight"] == "shape" and kinds["conv1.weight"] == "values"


def test_files_of_no_model_are_compared_by_equal_names(tmp_path: Path) -> None:
    first = written(tmp_path, {"a": np.arange(4.0), "b": np.arange(3)})
    first = first.rename(out(tmp_path, "first"))
    assert compare(first, first, equal=True)["model"] is None
    found = compare(first, written(tmp_path, {"a": np.arange(4.0) + 1, "c": np.arange(3)}))
    assert [d["block"] for d in found["differences"]] == [None]
    assert (found["only_a"], found["only_b"]) == (["b"], ["c"])


def test_nothing_in_common_is_refused_and_never_equal(tmp_path: Path) -> None:
    first = written(tmp_path, {"a": np.zeros(4)}).rename(out(tmp_path, "first"))
    second = written(tmp_path, {"b": np.zeros(4)})
    assert "no tensor in common" in refused(first, second)
    empty = written(tmp_path, {}).rename(out(tmp_path, "empty"))
    assert "no tensor in common" in refused(empty, empty)


def test_a_list_without_names_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "list.npy", np.zeros(3))
    assert "without names" in refused(tmp_path / "list.npy", tmp_path / "list.npy")


def test_a_model_can_be_named_and_must_fit(state: State, tmp_path: Path) -> None:
    converted = out(tmp_path, "converted")
    assert compare(SAMPLE, converted, "--model", NAME, equal=True)["model"] == NAME
    assert "did you mean" in refused(SAMPLE, converted, "--model", f"{NAME}x")
    first = written(tmp_path, {"a": np.zeros(4)})
    assert "no tensor in common" in refused(SAMPLE, first, "--model", NAME)


def test_models_that_pair_otherwise_are_not_chosen_between(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = find_model(NAME)
    swap = {"{}.body.1": "{}.body.4", "{}.body.4": "{}.body.1"}
    block = "features.{feature}.{block}"
    swapped = {old.format(block): new.format(block) for old, new in swap.items()}
    (rows,) = sample.rows
    twisted = tuple(replace(row, source=swapped.get(row.source, row.source)) for row in rows)
    assert twisted != rows
    twin = replace(sample, name="twin", rows=(twisted,))
    vars(twin)["shapes"] = sample.shapes
    monkeypatch.setattr("verify.tensors.pairing.MODELS", (sample, twin))
    a, b = open_checkpoint(SAMPLE), open_checkpoint(out(tmp_path, "converted"))
    with pytest.raises(ReconcileError, match="--model"):
        pair(a, b)
    assert pair(a, b, sample).pairs != pair(a, b, twin).pairs


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16])
def test_ulps_count_the_floats_in_between(dtype: Any) -> None:
    one = np.ones(1, dtype)
    bits = one.view(f"u{one.dtype.itemsize}")
    assert max_ulp(one, (bits + 3).view(dtype)) == max_ulp((bits - 3).view(dtype), one) == 3
    tiny = np.ones(1, bits.dtype).view(dtype)
    assert max_ulp(tiny, -tiny) == 3  # past both zeros


def test_large_tensors_are_compared_to_their_last_value() -> None:
    values = np.zeros(2 * CHUNK + 3, np.float32)
    changed = values.copy()
    changed[[0, CHUNK, -1]] = (1.0, 2.0, -3.0)

    def tensor(array: Array) -> Tensor:
        return Tensor("x", array.shape, "float32", "dense", 0, lambda: array)

    found = distance(tensor(values), tensor(changed))
    assert found is not None and (found.differing, found.max_abs) == (3, 3.0)
    assert distance(tensor(values), tensor(values.copy())) is None


def test_a_checkpoint_of_nothing_pairs_with_nothing() -> None:
    nothing = Checkpoint(Path("nothing"), "npz", True, ())
    with pytest.raises(ReconcileError, match="no tensor in common"):
        pair(nothing, nothing)
