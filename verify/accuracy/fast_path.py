"""A network made fast without changing what it computes, except for rounding."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mappings.errors import AccuracyError
from verify.accuracy import fused
from verify.accuracy.device import Device, without_tf32
from verify.accuracy.task import Precision

Forward = Callable[[Tensor], Tensor]


def plain(network: nn.Module, device: Device) -> Forward:
    """The unchanged network in float32 on ``device``: x (N, 3, S, S) to logits (N, classes)."""
    network = network.eval().to(device.device)

    def forward(x: Tensor) -> Tensor:
        with torch.inference_mode(), without_tf32():
            logits: Tensor = network(x.to(device.device))
            return logits.float().cpu()

    return forward


def fast(
    network: nn.Module, device: Device, precision: Precision, compiled: bool, example: Tensor
) -> Forward:
    """The network with folded normalisation, channels last, in ``precision``; logits are float32.

    ``network`` is changed; ``example`` is an input (N, 3, S, S). Several threads may call the
    result at once.
    """
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    network = fold(network.eval())
    network = network.to(device.device, dtype).to(memory_format=torch.channels_last)
    if compiled:
        call = _compiled(network, device)
    elif device.on_cpu and dtype == torch.float32 and fused.available():
        with torch.inference_mode():
            call = fused.fuse(network, example.contiguous(memory_format=torch.channels_last))
    else:
        call = network
    turn = threading.Semaphore(2)  # one batch computes while the next waits behind it

    def forward(x: Tensor) -> Tensor:
        with torch.inference_mode():
            x = x.to(device.device)  # before another dtype, which a GPU converts to faster
            x = x.contiguous(memory_format=torch.channels_last).to(dtype)
            if device.on_cpu:
                return call(x).float()
            with turn:
                return call(x).float().cpu()

    return forward


def fold(network: nn.Module) -> nn.Module:
    """The network with each BatchNorm folded into the convolution before it, if nothing else uses
    the output of that; the unchanged network if its graph cannot be traced. Modules of ``network``
    are changed."""
    try:
        graph = fx.symbolic_trace(network)
    except (fx.proxy.TraceError, TypeError):
        return network
    modules = dict(graph.named_modules())
    uses = Counter(node.target for node in graph.graph.nodes if node.op == "call_module")
    for node in graph.graph.nodes:
        norm = modules.get(str(node.target))
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        before = node.args[0]
        conv = modules.get(str(before.target))
        if type(conv) is nn.Conv2d and len(before.users) == uses[before.target] == 1:
            folded = fuse_conv_bn_eval(conv.double(), norm.double()).float()
            modules[before.target] = folded
            graph.add_submodule(before.target, folded)
            node.replace_all_uses_with(before)
            graph.graph.erase_node(node)
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph


def _compiled(network: nn.Module, device: Device) -> Forward:
    """The network compiled with torch.compile, one thread at a time for a new shape of input; on a
    CPU the weights are packed.

    The result raises AccuracyError if this machine cannot compile.
    """
    compiled: Forward = torch.compile(network, options={"freezing": device.on_cpu})
    lock, shapes = threading.Lock(), set[torch.Size]()

    def forward(x: Tensor) -> Tensor:
        if x.shape in shapes:
            return compiled(x)
        with lock:
            try:
                logits = compiled(x)
            except RuntimeError as error:
                what = str(error).partition("\n")[0]
                raise AccuracyError(
                    f"--compile: torch.compile fails here ({what}): leave it out"
                ) from error
            shapes.add(x.shape)
            return logits

    return forward
