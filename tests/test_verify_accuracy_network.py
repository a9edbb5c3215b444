"""What makes a network fast leaves what it computes, in every family of the catalogue."""

from __future__ import annotations

import operator
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import fx, nn

from architectures import MODELS, Model
from architectures.networks.build import build
from verify.accuracy import fused
from verify.accuracy.device import find_device
from verify.accuracy.fast_path import fast, fold, plain
from verify.accuracy.fused import FusedConv2d
from verify.accuracy.proof import prove
from verify.parity.workers import keep_freed_memory

FAMILIES = {model.family.name: model for model in reversed(MODELS)}


def network(model: Model) -> nn.Module:
    """Freshly initialised, with statistics that a wrong folding would show."""
    torch.manual_seed(0)
    built = build(model).eval()
    for module in built.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                assert tensor is not None
                nn.init.uniform_(tensor, 0.5, 0.9)
    return built


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", FAMILIES.values(), ids=lambda model: model.family.name)
def test_fast_is_plain_but_for_rounding(model: Model) -> None:
    device = find_device("cpu", 0, "float32")
    side = model.input_size if model.network.windowed else min(model.input_size, 64)
    inputs = torch.randn(3, 3, side, side, generator=torch.Generator().manual_seed(1))
    expected = plain(network(model), device)(inputs).numpy()
    quick = fast(network(model), device, "float32", False, inputs)
    for n in (3, 1):  # the last batch is of another size
        proof = prove(expected[:n], quick(inputs[:n]).numpy(), "float32")
        assert proof.max_difference <= 2e-5 * proof.max_logit
    assert np.ptp(expected) > 0


@pytest.mark.skipif(not fused.available(), reason="this torch has no fused operators here")
def test_every_normalisation_of_a_resnext_is_folded_and_every_convolution_fused() -> None:
    model = FAMILIES["SE-ResNeXt"]
    convolutions = sum(isinstance(m, nn.Conv2d) for m in build(model).modules())
    folded = fold(network(model))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    example = torch.zeros(1, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        graph = fused.fuse(folded.to(memory_format=torch.channels_last), example)
    assert sum(isinstance(m, FusedConv2d) for m in graph.modules()) == convolutions
    assert not any(isinstance(m, nn.Conv2d) for m in graph.modules())
    assert isinstance(graph, fx.GraphModule)
    called = {node.target for node in graph.graph.nodes}
    assert torch.addcmul in called and not called & {operator.mul, operator.add}


def test_a_torch_whose_operators_changed_computes_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def changed(*_: object) -> None:
        raise TypeError("unexpected argument")

    model, device = FAMILIES["SE-ResNeXt"], find_device("cpu", 0, "float32")
    monkeypatch.setattr(FusedConv2d, "forward", changed)
    monkeypatch.setattr(fused, "available", fused.available.__wrapped__)
    inputs = torch.zeros(1, 3, 64, 64)
    quick = fast(network(model), device, "float32", False, inputs)(inputs)
    prove(plain(network(model), device)(inputs).numpy(), quick.numpy(), "float32")


def test_glibc_is_told_to_keep_freed_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda *option: told.append(option))
    monkeypatch.setattr("verify.parity.workers.ctypes.CDLL", lambda name: library)
    keep_freed_memory()
    trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # malloc.h
    assert told == [(trim_threshold, 2**31 - 1), (mmap_threshold, 2**30), (arena_max, 1)]


def test_a_library_that_cannot_be_told_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("verify.parity.workers.ctypes.CDLL", lambda name: object())
    keep_freed_memory()


def test_the_machines_own_library_takes_or_leaves_it() -> None:
    """In a process of its own, since it changes the process for good."""
    program = "from verify.parity.workers import keep_freed_memory; keep_freed_memory()"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_normalisation_before_its_convolution_stays() -> None:
    class PreActivation(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(self.norm(x))  # type: ignore[no-any-return]

    assert any(isinstance(m, nn.BatchNorm2d) for m in fold(PreActivation().eval()).modules())
