"""What a GPU is given and asked for, as far as it can be seen without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from architectures import Model, find_model
from architectures.catalogue.figure import Regime
from architectures.networks.load import create_classifier
from gluonport import convert
from verify.accuracy.device import find_device
from verify.accuracy.fast_path import plain
from verify.accuracy.ledger import Ledger
from verify.accuracy.network_inputs import Inputs
from verify.accuracy.prepare import prepare
from verify.accuracy.ranks import Ranks
from verify.accuracy.readers import open_readers
from verify.accuracy.reducer import collect
from verify.accuracy.runner import Answers, Batches, run
from verify.accuracy.task import Task
from verify.preprocessing import normalise

REGIMES: tuple[Regime, ...] = ("gluon", "timm", "mmpretrain")
DIGITS = "gluon_seresnext8_digits"


@pytest.fixture
def switches() -> Iterator[None]:
    yield
    find_device("cpu", 0, "float32")


@pytest.mark.parametrize("name", ["gluon_resnext50_32x4d", "gluon_cifar_resnet20_v1"])
@pytest.mark.parametrize("regime", REGIMES)
def test_torch_normalises_to_the_same_bits(name: str, regime: Regime) -> None:
    model = find_model(name)
    side = model.input_size
    every = np.arange(side * side * 3, dtype=np.uint32).astype(np.uint8).reshape(1, side, side, 3)
    found = Inputs(regime, model).normalised(torch.from_numpy(every))
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert found.numpy().tobytes() == normalise(every, regime, model).tobytes()


class ElsewhereInputs(Inputs):
    """Inputs of the CPU whose device claims to be a GPU."""

    def __init__(self, regime: Regime, model: Model) -> None:
        super().__init__(regime, model)
        self.on_cpu = Inputs(regime, model)
        self.device = torch.device("cuda")

    def __call__(self, crops: Sequence[Any]) -> torch.Tensor:
        return self.on_cpu(crops)


def test_images_read_by_many_threads_are_answered_as_by_one(tmp_path: Path) -> None:
    checkpoint = tmp_path / "digits.safetensors"
    convert(DIGITS, checkpoint)
    model = find_model(DIGITS)
    asked = Task(model, checkpoint, model.regimes[0], device="cpu", batch_size=50)
    prepared = prepare(asked, Ranks())
    forward = plain(create_classifier(model, checkpoint), find_device("cpu", 0, "float32"))
    found = []
    for kind in (Inputs, ElsewhereInputs):
        inputs = kind(model.regimes[0], model)
        ledger = Ledger(tmp_path / kind.__name__, prepared.identity, prepared.manifest, 5)
        with open_readers(prepared.reader, inputs.device, 3, 360, 50) as readers:
            batches = Batches(ledger, readers, prepared.positions, inputs)
            run(Answers(batches, forward), ledger.missing(), 3)
        found.append(collect(ledger))
    assert len(found[0]) == 360 and found[0] == found[1]


def test_the_plain_network_that_proves_tf32_computes_without_it(switches: None) -> None:
    seen = []

    class Network(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(allowed())
            return x

    device = find_device("cpu", 0, "float32")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    plain(Network(), device)(torch.zeros(1))
    assert seen == [(False, False)] and allowed() == (True, True)


def allowed() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
