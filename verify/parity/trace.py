"""What the port computes, layer by layer, in float64 and in float32."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from convert.formats import Array
from verify.parity.projections import digest


@dataclass(frozen=True)
class Trace:
    """A network's answers for N images.

    ``logits64``, ``logits32``: (N, classes), or (0, 0) if the network failed; ``failure`` is then
    the reason. ``digests64``, ``digests32``: (N, K) float64 by module name, in execution order, of
    every layer that ran exactly once, as all layers of the source do. A module with several outputs
    has one entry for each: ``stage2.0[1]``.
    """

    logits64: Array
    logits32: Array
    digests64: dict[str, Array]
    digests32: dict[str, Array]
    failure: str | None = None


def trace(
    network: nn.Module, inputs: Array, layers: Collection[str], pointwise: Collection[str] = ()
) -> Trace:
    """Run ``inputs`` float32 (N, 3, H, W) and digest the named modules' outputs.

    The ``pointwise`` ones are dense layers here and 1x1 convolutions in the source: their output
    (N, C) is digested as the source's, (N, C, 1, 1).
    Afterwards the network is in float32, and in the mode that it was in before.
    """
    network.to(torch.float64, memory_format=torch.channels_last)  # type: ignore[call-overload]
    logits64, digests64, failure = _run(
        network, inputs, layers, pointwise
    )  # four times as fast channels-last
    network.to(torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    logits32, digests32, failure32 = _run(network, inputs, layers, pointwise)
    return Trace(logits64, logits32, digests64, digests32, failure or failure32)


def _run(
    network: nn.Module, inputs: Array, layers: Collection[str], pointwise: Collection[str]
) -> tuple[Array, dict[str, Array], str | None]:
    digests: dict[str, list[Array]] = {}

    def keep(name: str) -> Callable[[nn.Module, object, Any], None]:
        def hook(_: nn.Module, __: object, output: torch.Tensor | list[torch.Tensor]) -> None:
            if isinstance(output, list):
                for index, part in enumerate(output):
                    digests.setdefault(f"{name}[{index}]", []).append(digest(part).numpy())
                return
            if name in pointwise:
                output = output.reshape(*output.shape[:2], 1, 1)
            digests.setdefault(name, []).append(digest(output).numpy())

        return hook

    names = {layer.partition("[")[0] for layer in layers}
    wanted = [(name, module) for name, module in network.named_modules() if name in names]
    handles = [module.register_forward_hook(keep(name)) for name, module in wanted]
    precision = next(network.parameters()).dtype
    logits: Array = np.empty((0, 0))
    failure = None
    try:
        with torch.inference_mode():
            logits = network(torch.from_numpy(inputs).to(precision)).numpy()
    except (RuntimeError, ValueError) as error:  # torch raises these for shapes that do not fit
        failure = str(error)
    finally:
        for handle in handles:
            handle.remove()
    return logits, {name: found[0] for name, found in digests.items() if len(found) == 1}, failure
