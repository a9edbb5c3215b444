"""Every naming scheme resolves to structural names, by the network's table alone."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from architectures import Model, find_model
from mappings.errors import ReconcileError
from mappings.naming import NORM_LAYERS, recognise
from mappings.residues import fold
from tests.conftest import smallest

GLUON = [model for model in smallest().values() if model.source.framework == "gluoncv"]
SE, PLAIN = find_model("gluon_seresnext50_32x4d"), find_model("gluon_resnext50_32x4d")


def flat(model: Model, prefix: str) -> dict[str, str]:
    return {prefix + name: source for name, source in model.table.flat.items()}


def resolved(names: Iterable[str], model: Model) -> dict[str, str]:
    shuffled = list(names)
    random.Random(0).shuffle(shuffled)
    return dict(recognise(shuffled, model.table).names)


@pytest.mark.parametrize("model", GLUON, ids=lambda model: model.name)
@pytest.mark.parametrize("prefix", ["", "resnext0_", "stage1_", "conv0_", "my.net_", "x"])
def test_any_prefix_resolves(model: Model, prefix: str) -> None:
    names = flat(model, prefix)
    assert resolved(names, model) == names


@settings(deadline=None, max_examples=30)
@given(prefix=st.text(max_size=12).filter(lambda text: not text.startswith(("arg:", "aux:"))))
def test_any_text_can_be_a_prefix(prefix: str) -> None:
    names = flat(find_model("gluon_seresnext8_digits"), prefix)
    if not any(word in prefix for word in NORM_LAYERS):
        assert resolved(names, find_model("gluon_seresnext8_digits")) == names


def test_features_and_classifier_may_have_two_prefixes() -> None:
    names = {
        ("second_" if source.startswith("output") else "first_") + name: source
        for name, source in SE.table.flat.items()
    }
    found = recognise(names, SE.table)
    assert found.names == names
    assert found.notes == ("prefix 'first_' and prefix 'second_'",)


@pytest.mark.parametrize("stem", ["net_dense1_", "dense7_", "classifier_", "other_output0_"])
def test_a_replaced_classifier_is_found_by_being_all_that_is_left(stem: str) -> None:
    names = {
        stem + source.split(".")[1] if source.startswith("output") else "net_" + name: source
        for name, source in SE.table.flat.items()
    }
    assert resolved(names, SE) == names


def test_a_second_classifier_is_left_over_not_chosen() -> None:
    names = [*flat(SE, "net_"), "net_dense1_weight", "net_dense1_bias"]
    assert recognise(names, SE.table).names["net_dense1_weight"] == "net_dense1_weight"


def test_a_dense_gate_under_another_name_is_no_classifier() -> None:
    model = find_model("gluon_se_resnet18_v1")
    names = [name for name in model.table.targets if name != "features.4.0.se.0.weight"]
    found = recognise([*names, "gate_weight"], model.table)
    assert found.names["gate_weight"] == "gate_weight"


@pytest.mark.parametrize("stem", ["net_dense1_", "classifier_"])
def test_a_replaced_classifier_is_found_beside_dense_gates(stem: str) -> None:
    model = find_model("gluon_se_resnet18_v1")
    names = {
        stem + source.split(".")[1] if source.startswith("output") else "net_" + name: source
        for name, source in model.table.flat.items()
    }
    assert resolved(names, model) == names


def test_a_wrapped_network_has_a_structural_prefix() -> None:
    names = {f"backbone.{source}": source for source in PLAIN.table.targets}
    found = recognise(names, PLAIN.table)
    assert (found.names, found.scheme) == (names, "structural")
    assert found.notes == ("prefix 'backbone.'",)


def test_export_marks_moving_statistics_and_syncbatchnorm_are_seen_through() -> None:
    names = {
        ("aux:" if "running" in name else "arg:")
        + "net_"
        + name.replace("batchnorm", "syncbatchnorm").replace("running", "moving"): source
        for name, source in PLAIN.table.flat.items()
    }
    found = recognise(names, PLAIN.table)
    assert (found.names, found.scheme) == (names, "export")
    assert "SyncBatchNorm names" in found.notes


def test_batchnorm_that_leaves_cudnn_out_is_batchnorm_by_its_flat_name() -> None:
    names = {
        "net_" + name.replace("batchnorm", "batchnormcudnnoff"): source
        for name, source in PLAIN.table.flat.items()
    }
    found = recognise(names, PLAIN.table)
    assert found.names == names
    assert "BatchNormCudnnOff names" in found.notes


def test_a_name_spelled_twice_is_refused() -> None:
    names = [*flat(PLAIN, ""), "batchnorm0_moving_mean"]
    with pytest.raises(ReconcileError, match=r"both stand for 'features\.1\.running_mean'"):
        recognise(names, PLAIN.table)


def test_flat_names_of_another_network_do_not_resolve_completely() -> None:
    found = recognise(list(flat(SE, "net_")), PLAIN.table)
    assert {*PLAIN.table.targets} != {*found.names.values()}


def test_names_fold_their_numbers_and_leaves() -> None:
    names = [
        f"layer{s}.{b}.bn1.{leaf}" for s in (1, 2) for b in (0, 1) for leaf in ("weight", "bias")
    ]
    assert fold(names) == ["layer{1..2}.{0..1}.bn1.{weight,bias}"]
    assert fold(["stage1_conv0_weight", "stage1_conv2_weight"]) == ["stage1_conv{0,2}_weight"]
    assert fold(list("abcdef"), most=2) == ["{a,b,c,d,e,f}"]


def test_data_parallel_and_framework_prefixes_are_seen_through() -> None:
    model = find_model("seresnet50_8xb32_in1k")
    names = {f"module.{name}": name for name in model.table.accepted}
    assert recognise(names, model.table).names == names


def test_mmpretrains_older_names_have_a_table_of_their_own() -> None:
    (_, today), (_, older), _ = find_model("seresnet50_8xb32_in1k").dialects
    assert {name.replace(".conv.", ".") for name in today.targets} == set(older.targets)
    assert dict(today.sources).keys() == dict(older.sources).keys()


@pytest.mark.parametrize(
    "wrapping",
    [
        "module.{}",
        "_orig_mod.{}",
        "module._orig_mod.{}",
        "model.module.{}",
        "_fsdp_wrapped_module._checkpoint_wrapped_module.{}",
    ],
)
def test_a_wrapped_network_is_recognised(wrapping: str) -> None:
    names = {wrapping.format(name): name for name in find_model("resnext50_32x4d").table.accepted}
    table = find_model("resnext50_32x4d").table
    naming = recognise(names, table)
    assert naming.names == names
    assert any("wrapped in" in note for note in naming.notes)


def test_wrappers_in_the_middle_of_names_are_seen_through() -> None:
    table = find_model("resnext50_32x4d").table
    names = {
        name.replace(f"{part}.", f"{part}.{word}.", 1): name
        for name in table.accepted
        for part, word in [(name.split(".")[0], "_orig_mod")]
    }
    assert any("._orig_mod." in name for name in names)
    naming = recognise(names, table)
    assert naming.names == names
    assert "wrapped in _orig_mod." in naming.notes


def test_a_tensor_inside_and_outside_a_wrapper_is_refused() -> None:
    table = find_model("resnext50_32x4d").table
    name = next(iter(table.accepted))
    with pytest.raises(ReconcileError, match="both stand for"):
        recognise([name, f"module.{name}"], table)
