"""What the port computes, layer by layer, in float64 and in float32."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convert.formats import Array
from verify.parity.exact_convolutions import exact_convolutions
from verify.parity.projections import digest
from verify.parity.workers import workers

PART = 2
"""Images that one thread computes at a time. The parts are the same on every machine, so the
answers do not depend on the number of cores; two images keep a layer's maps in the cache."""

Kept = dict[str, list[Array]]


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


@dataclass(frozen=True)
class _Part:
    """The same for a few of the images, in one precision; ``logits`` is None if they failed."""

    logits: Array | None
    digests: Kept
    failure: str | None


@dataclass
class _Storage(threading.local):
    """What the hooks keep of the images that this thread computes."""

    kept: Kept = field(default_factory=dict)


def trace(
    network: nn.Module,
    inputs: Array,
    layers: Collection[str],
    pointwise: Collection[str] = (),
    *,
    plain: bool = False,
) -> Trace:
    """Run ``inputs`` float32 (N, 3, H, W) and digest the named modules' outputs.

    The ``pointwise`` ones are dense layers here and 1x1 convolutions in the source: their output
    (N, C) is digested as the source's, (N, C, 1, 1). ``plain`` takes PyTorch's own convolutions in
    float64 too. Afterwards the network is in float32, and in the mode that it was in before.
    """
    routes = nullcontext() if plain else exact_convolutions(network)
    network.to(torch.float64, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with routes:  # far faster channels-last
        logits64, digests64, failure = _run(network, inputs, layers, pointwise, torch.channels_last)
    network.to(torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    logits32, digests32, failure32 = _run(
        network, inputs, layers, pointwise, torch.contiguous_format
    )
    return Trace(logits64, logits32, digests64, digests32, failure or failure32)


def _run(
    network: nn.Module,
    inputs: Array,
    layers: Collection[str],
    pointwise: Collection[str],
    layout: torch.memory_format,
) -> tuple[Array, dict[str, Array], str | None]:
    precision = next(network.parameters()).dtype

    def compute(start: int) -> _Part:
        storage.kept = {}
        given = torch.from_numpy(inputs[start : start + PART])
        logits, failure = None, None
        try:
            with torch.inference_mode():
                logits = network(given.to(precision, memory_format=layout)).numpy()
        except (RuntimeError, ValueError) as error:  # torch raises these for shapes that do not fit
            failure = str(error)
        return _Part(logits, storage.kept, failure)

    with _watched(network, layers, pointwise) as storage, workers() as pool:
        parts = list(pool.map(compute, range(0, len(inputs), PART)))
    failure = next((part.failure for part in parts if part.failure is not None), None)
    answers = [part.logits for part in parts if part.logits is not None]
    whole = bool(answers) and len(answers) == len(parts)
    logits = np.concatenate(answers) if whole else np.empty((0, 0))
    return logits, _joined(parts), failure


@contextmanager
def _watched(
    network: nn.Module, layers: Collection[str], pointwise: Collection[str]
) -> Iterator[_Storage]:
    """Digest the outputs of these layers, each thread into a storage of its own."""
    storage = _Storage()

    def keep(name: str) -> Callable[[nn.Module, object, Any], None]:
        def hook(_: nn.Module, __: object, output: Tensor | list[Tensor]) -> None:
            if isinstance(output, list):
                for index, part in enumerate(output):
                    storage.kept.setdefault(f"{name}[{index}]", []).append(digest(part).numpy())
                return
            if name in pointwise:
                output = output.reshape(*output.shape[:2], 1, 1)
            storage.kept.setdefault(name, []).append(digest(output).numpy())

        return hook

    names = {layer.partition("[")[0] for layer in layers}
    wanted = [(name, module) for name, module in network.named_modules() if name in names]
    handles = [module.register_forward_hook(keep(name)) for name, module in wanted]
    try:
        yield storage
    finally:
        for handle in handles:
            handle.remove()


def _joined(parts: Sequence[_Part]) -> dict[str, Array]:
    """The digests of all images, of the layers that ran exactly once for each."""
    if not parts:
        return {}
    found = {}
    for name in parts[0].digests:
        kept = [part.digests.get(name, []) for part in parts]
        if all(len(once) == 1 for once in kept):
            found[name] = np.concatenate([once[0] for once in kept])
    return found
