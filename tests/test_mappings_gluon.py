"""Every table against the network that GluonCV itself builds: names, numbering and shapes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from architectures import MODELS, Model
from tests.support.mxnet_scripts import in_mxnet

SCRIPT = Path(__file__).parent / "support" / "gluon_parameters.py"
ZOO = [m for m in MODELS if m.source.framework == "gluoncv" and not m.source.packaged]


@pytest.fixture(scope="module")
def live() -> dict[str, Any]:
    """Every network of the zoo, built by GluonCV in one process."""
    found: dict[str, Any] = json.loads(in_mxnet(SCRIPT, *(m.source.name for m in ZOO)))
    return found


def from_zero(flat: dict[str, str]) -> dict[str, str]:
    """Flat names of the process's later layers (``conv7_weight``), as if they were its first."""
    first: dict[str, int] = {}
    split = {name: re.fullmatch(r"([a-z]+)(\d+)_(\w+)", name) for name in flat}
    for found in split.values():
        if found and found[1] != "level":
            first[found[1]] = min(int(found[2]), first.get(found[1], int(found[2])))
    return {
        f"{found[1]}{int(found[2]) - first.get(found[1], 0)}_{found[3]}" if found else name: flat[
            name
        ]
        for name, found in split.items()
    }


@pytest.mark.parametrize("model", ZOO, ids=lambda model: model.name)
def test_flat_names_number_the_networks_own_layers(model: Model, live: dict[str, Any]) -> None:
    network = live[model.source.name]
    rows = network["parameters"]
    if not model.flat_prefix:  # its layers have no prefix of the network
        flat = {flat: name for flat, name, _ in rows}
        assert dict(model.table.flat) == from_zero(flat)
        return
    assert all(flat.startswith(network["prefix"]) for flat, _, _ in rows)
    flat = {flat.removeprefix(network["prefix"]): name for flat, name, _ in rows}
    assert dict(model.table.flat) == flat
    assert model.flat_prefix.rstrip("0123456789_") == network["prefix"].rstrip("0123456789_")


@pytest.mark.parametrize("model", ZOO, ids=lambda model: model.name)
def test_shapes_are_those_of_the_network(model: Model, live: dict[str, Any]) -> None:
    found = {name: tuple(shape) for _, name, shape in live[model.source.name]["parameters"]}
    sized = model.sized()
    table = model.table
    ours = {s: table.source_shape(target, sized[target]) for s, target in table.targets.items()}
    assert ours == found
