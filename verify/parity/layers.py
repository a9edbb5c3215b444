"""Where a port first differs from its source: layer by layer, from the digests of both."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature

import numpy as np
import torch
from torch import nn

from convert.formats import Array
from verify.parity.criteria import IMPRECISE, LAYER
from verify.parity.places import Counterpart
from verify.parity.result import Criterion, Finding, LayerError
from verify.parity.trace import Trace
from verify.reference.answers import Reference


def layer_errors(
    reference: Reference, port: Trace, found: Sequence[Counterpart]
) -> tuple[LayerError, ...]:
    """Every layer's error in execution order."""
    row = {name: index for index, name in enumerate(reference.layers)}
    return tuple(
        LayerError(
            place.source,
            place.module,
            place.block,
            _error(reference, row[place.source], port.digests64.get(place.module)),
            _error(reference, row[place.source], port.digests32.get(place.module)),
            float(reference.drift32[row[place.source]]),
        )
        for place in found
    )


def _error(reference: Reference, row: int, digests: Array | None) -> float | None:
    """The largest digest error of all images and projections, per L2 norm of the activation."""
    expected = reference.digests[row]
    if digests is None or digests.shape != expected.shape:
        return None
    scale = np.maximum(reference.scales[row], np.finfo(np.float64).tiny)
    return float((np.abs(digests - expected) / scale[:, None]).max(initial=0.0))


def is_bad(error: LayerError) -> bool:
    """Whether a layer is missing or its error exceeds the limit; NaN exceeds it."""
    return error.port64 is None or not error.port64 <= LAYER


def judge_layers(errors: Sequence[LayerError]) -> tuple[Criterion, Finding | None]:
    """The criterion that every layer stays within the limit, and the first block that does not.

    That block is wrong itself: everything before it agrees.
    """
    bad = [error for error in errors if is_bad(error)]
    worst = float(np.max([np.inf if e.port64 is None else e.port64 for e in errors], initial=0.0))
    if not bad:
        detail = f"all {len(errors)} layers agree, the worst to {worst:.3g}, limit {LAYER:.3g}"
        return Criterion("layers", bool(errors), detail, worst, LAYER, worst), None
    first = bad[0]
    what = "does not run exactly once"
    if first.port64 is not None:
        what = f"differs by {first.port64:.3g} of its scale"
    detail = (
        f"{len(bad)} of {len(errors)} layers differ by more than the limit {LAYER:.3g}; "
        f"the first, {first.module}, {what}"
    )
    return Criterion("layers", False, detail, worst, LAYER, worst), _finding(bad)


def find_imprecise(errors: Sequence[LayerError]) -> Finding | None:
    """Where the float32 error first is too large, in a port that is right in float64."""
    bad = [e for e in errors if e.port32 is None or not e.port32 <= IMPRECISE * e.source32]
    return _finding(bad) if bad else None


def _finding(bad: Sequence[LayerError]) -> Finding:
    """The block of the first bad layer, and the bad layers of that block."""
    block = bad[0].block
    layers = tuple(e.module for e in bad if e.block == block and e.module != block)
    return Finding(block, True, layers or (bad[0].module,))


def takes_one_map(network: nn.Module, module: str) -> bool:
    """Whether a module takes one tensor and gives one: only such a module can be fed."""
    if "[" in module:
        return False
    return len(signature(network.get_submodule(module).forward).parameters) == 1


def feed(network: nn.Module, block: LayerError, source: Reference) -> bool:
    """Whether a block is wrong even when it is given the source's own input.

    ``source`` holds the block's whole input and output.
    """
    given, expected = (source.activations[f"{side}/{block.source}"] for side in ("input", "output"))
    module = network.get_submodule(block.module).double()
    if isinstance(module, nn.Linear):
        given = given.reshape(len(given), -1)  # Gluon's dense layers flatten their input
    with torch.inference_mode():
        got = module(torch.from_numpy(given)).numpy()
    if isinstance(module, nn.Linear) and expected.shape == (*got.shape, 1, 1):
        got = got.reshape(expected.shape)  # the source's layer is a 1x1 convolution
    if got.shape != expected.shape:
        return True
    return not bool(np.abs(got - expected).max() <= LAYER * np.abs(expected).max() * 100)
