"""Every table against the network that GluonCV itself builds: names, numbering and shapes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from architectures import MODELS, Model

SCRIPT = Path(__file__).parent / "support" / "gluon_parameters.py"
ZOO = [m for m in MODELS if m.source.framework == "gluoncv" and not m.source.packaged]


@pytest.fixture(scope="module")
def live() -> dict[str, Any]:
    """Every network of the zoo, built by GluonCV in one process."""
    command = ["uv", "run", "--quiet", "--script", str(SCRIPT), *(m.source.name for m in ZOO)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("model", ZOO, ids=lambda model: model.name)
def test_flat_names_number_the_networks_own_layers(model: Model, live: dict[str, Any]) -> None:
    network = live[model.source.name]
    rows = network["parameters"]
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
