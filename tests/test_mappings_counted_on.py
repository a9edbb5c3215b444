"""Files of a network whose layers are numbered on from another network's."""

from __future__ import annotations

from architectures import find_model
from mappings.counted_on import from_zero
from mappings.naming import recognise

TABLE = find_model("gluon_hrnet_w18_small_v1_c").table


def later(name: str, convolutions: int = 3, norms: int = 5, dense: int = 1) -> str:
    layer, _, leaf = name.partition("_")
    kind = layer.rstrip("0123456789")
    more = {"conv": convolutions, "batchnorm": norms, "dense": dense}[kind]
    return f"{kind}{int(layer[len(kind) :]) + more}_{leaf}"


def test_layers_that_are_numbered_on_are_those_of_the_network() -> None:
    found = recognise([later(name) for name in TABLE.flat], TABLE)
    assert found.names == {later(name): source for name, source in TABLE.flat.items()}
    assert (found.scheme, found.notes) == ("stripped", ("layers counted on",))


def test_layers_that_begin_at_zero_are_left_alone() -> None:
    assert from_zero(TABLE.flat, TABLE.flat) == {}
    assert recognise(TABLE.flat, TABLE).names == TABLE.flat
    assert from_zero(["conv3_weight"], ["stage1_conv0_weight"]) == {}


def test_of_a_part_of_the_network_no_other_number_is_believed() -> None:
    names = [later(name) for name in TABLE.flat if name != "conv0_weight"]
    found = recognise([*names, "conv99999999_weight", "alpha"], TABLE)
    assert "layers counted on" not in found.notes


def test_a_scope_is_no_layer() -> None:
    stages = ["stage1_conv0_weight", "stage2_conv0_weight"]
    assert from_zero(["stage2_conv0_weight", "stage3_conv0_weight"], stages) == {}
