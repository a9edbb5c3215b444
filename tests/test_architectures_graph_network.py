"""The network of a graph as an object of PyTorch."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

import gluonport
from tests.support.small_graph import SYMBOL, weights


@pytest.fixture
def network(tmp_path: Path) -> nn.Module:
    """A dense layer and a transposition, which is a method of the tensor."""
    symbol = json.loads(SYMBOL)
    symbol["nodes"].append({"op": "transpose", "name": "turned", "inputs": [[2, 0, 0]]})
    symbol["heads"] = [[3, 0, 0]]
    tmp_path.joinpath("net-symbol.json").write_text(json.dumps(symbol))
    tmp_path.joinpath("net-0000.params").write_bytes(weights(2))
    gluonport.convert("graph", tmp_path / "net.safetensors", tmp_path / "net-symbol.json")
    return gluonport.load(tmp_path / "net.safetensors")


def test_it_can_be_pickled_and_copied(network: nn.Module) -> None:
    x = torch.arange(12.0).reshape(4, 3)
    for other in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        assert other(x).shape == (2, 4) and torch.equal(other(x), network(x))
        assert not other.training
