"""A network made fast without changing what it computes, but for rounding."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from verify.accuracy.device import Device
from verify.accuracy.task import Precision

Forward = Callable[[Tensor], Tensor]


def plain(network: nn.Module, device: Device) -> Forward:
    """The network as it is, in float32, on ``device``."""
    network = network.eval().to(device.device)

    def forward(x: Tensor) -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(x.to(device.device))
            return logits.float().cpu()

    return forward


def fast(network: nn.Module, device: Device, precision: Precision, compiled: bool) -> Forward:
    """The network with folded normalisation, channels last, in ``precision``; float32 logits.

    ``network`` is changed. Several threads may call the result at once.
    """
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    fold(network.eval())
    network = network.to(device.device, dtype).to(memory_format=torch.channels_last)
    call = _compiled(network) if compiled else network
    turn = threading.Semaphore(2)  # one batch computes while the next is being sent

    def forward(x: Tensor) -> Tensor:
        with torch.inference_mode():
            x = x.contiguous(memory_format=torch.channels_last)
            if device.on_cpu:
                return call(x.to(dtype)).float()
            x = x.pin_memory().to(device.device, dtype, non_blocking=True)
            with turn:
                return call(x).float().cpu()

    return forward


def fold(network: nn.Module) -> None:
    """Fold every BatchNorm into the convolution that stands right before it in its module."""
    before: tuple[str, nn.Module | None] = ("", None)
    for name, module in list(network.named_children()):
        last, conv = before
        if isinstance(module, nn.BatchNorm2d) and isinstance(conv, nn.Conv2d):
            wide = fuse_conv_bn_eval(conv.double(), module.double())
            network.register_module(last, wide.float())
            network.register_module(name, nn.Identity())
        else:
            fold(module)
        before = name, module


def _compiled(network: nn.Module) -> Forward:
    """torch.compile, one thread at a time while a shape is new."""
    compiled: Forward = torch.compile(network)
    lock, shapes = threading.Lock(), set[torch.Size]()

    def forward(x: Tensor) -> Tensor:
        if x.shape in shapes:
            return compiled(x)
        with lock:
            logits = compiled(x)
            shapes.add(x.shape)
            return logits

    return forward
