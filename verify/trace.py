"""What the port computes, layer by layer, in float64 and in float32."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from torch import nn

from convert.formats import Array
from verify.digests import digest


@dataclass(frozen=True)
class Trace:
    """A network's answers for N images.

    ``logits64``, ``logits32``: (N, classes). ``digests64``, ``digests32``: for every layer that
    ran, by its module name, (N, K) float64; in the order in which layers first ran.
    """

    logits64: Array
    logits32: Array
    digests64: dict[str, Array]
    digests32: dict[str, Array]


def trace(network: nn.Module, inputs: Array, layers: Collection[str]) -> Trace:
    """Run ``inputs`` float32 (N, 3, H, W) and digest the named modules' outputs.

    The network is left in float32, in the mode it came in.
    """
    logits: dict[torch.dtype, Array] = {}
    digests: dict[torch.dtype, dict[str, Array]] = {}
    for precision, layout in (
        (torch.float64, torch.channels_last),  # four times as fast there
        (torch.float32, torch.contiguous_format),
    ):
        network.to(precision, memory_format=layout)  # type: ignore[call-overload]
        logits[precision], digests[precision] = _run(network, inputs, layers)
    return Trace(
        logits[torch.float64],
        logits[torch.float32],
        digests[torch.float64],
        digests[torch.float32],
    )


def _run(
    network: nn.Module, inputs: Array, layers: Collection[str]
) -> tuple[Array, dict[str, Array]]:
    digests: dict[str, Array] = {}

    def keep(name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        def hook(_: nn.Module, __: object, output: torch.Tensor) -> None:
            digests[name] = digest(output).numpy()

        return hook

    wanted = [(name, module) for name, module in network.named_modules() if name in layers]
    handles = [module.register_forward_hook(keep(name)) for name, module in wanted]
    precision = next(network.parameters()).dtype
    try:
        with torch.inference_mode():
            logits: Array = network(torch.from_numpy(inputs).to(precision)).numpy()
    finally:
        for handle in handles:
            handle.remove()
    return logits, digests
