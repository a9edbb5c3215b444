"""The device on which the network computes, and its precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from mappings.errors import AccuracyError
from verify.accuracy.task import Precision
from verify.parity.workers import cores as cores
from verify.parity.workers import keep_freed_memory as keep_freed_memory


@dataclass(frozen=True)
class Device:
    """A torch device; ``kind`` names what the answers depend on, such as the model of GPU."""

    device: torch.device
    kind: str

    @property
    def on_cpu(self) -> bool:
        return self.device.type == "cpu"


def find_device(name: str | None, local_rank: int, precision: Precision) -> Device:
    """The device called ``name``, or by default this rank's GPU, or the CPU if there is no GPU.

    Sets torch's switches to ``precision``: TF32 is off unless asked for.
    Raises AccuracyError for a device that doesn't exist, or doesn't have this precision.
    """
    expected = "expected cpu, or cuda if there is a GPU"
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise AccuracyError(f"--device {name}: PyTorch has no such device: {expected}") from error
    try:
        if device.type == "cuda":
            index = local_rank if device.index is None else device.index
            device = torch.device("cuda", index)
            kind = f"cuda {torch.cuda.get_device_name(device)}"
        elif device.type == "cpu":
            kind = f"cpu {torch.backends.cpu.get_cpu_capability()}"
        else:
            torch.empty(1, device=device)
            kind = device.type
    except (RuntimeError, AssertionError) as error:
        raise AccuracyError(f"--device {name}: {str(error).splitlines()[0]}: {expected}") from error
    if precision == "tf32" and device.type != "cuda":
        raise AccuracyError(f"--precision tf32: {kind} has no TF32: leave it out, or use bfloat16")
    _allow_tf32(precision == "tf32", precision == "tf32")
    return Device(device, kind)


@contextmanager
def without_tf32() -> Iterator[None]:
    """Compute in float32 alone inside the block; for the whole process, so not beside others."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    _allow_tf32(False, False)
    try:
        yield
    finally:
        _allow_tf32(*before)


def _allow_tf32(products: bool, convolutions: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = products
    torch.backends.cudnn.allow_tf32 = convolutions
