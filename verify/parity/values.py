"""Are a converted checkpoint's values those of its source?

The verifier reads both files itself and rounds with torch: it shares no decision of the converter.
"""

from __future__ import annotations

from math import prod

import numpy as np
import torch

from convert.formats import Array, Tensor
from mappings.language import TRACKED
from verify.parity.converted_checkpoint import Converted
from verify.parity.result import Criterion, Finding

TORCH_DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
}


def check_values(converted: Converted) -> tuple[Criterion, Finding | None]:
    """Whether every tensor is its source's bit for bit, or the source's rounded to nearest even."""
    problems = {}
    for name in converted.expected:
        if what := _difference(converted, name):
            problems[name] = what
    for name in converted.tensors.keys() - converted.model.shapes.keys():
        problems[name] = "does not belong to the network"
    if not problems:
        detail = f"all {len(converted.tensors)} tensors are the source's"
        if not converted.has_classifier:
            detail += "; there is no classifier, so no logits of this checkpoint were compared"
        return Criterion("values", True, detail), None
    first, what = next(iter(problems.items()))
    detail = (
        f"{len(problems)} of {len(converted.tensors)} tensors are not the source's; "
        f"the first, {first}, {what}"
    )
    block_of = converted.model.network.block_of
    block = block_of(first)
    modules = dict.fromkeys(n.rpartition(".")[0] for n in problems if block_of(n) == block)
    return Criterion("values", False, detail, len(problems), 0.0), Finding(block, True, (*modules,))


def _difference(converted: Converted, name: str) -> str | None:
    tensor = converted.tensors.get(name)
    if tensor is None:
        return "is missing"
    source = converted.sources.get(name)
    if name.endswith(TRACKED):
        return _other_count(tensor, source)
    if source is None:
        return "has no source"
    if name in converted.model.fixed and (tensor.copy() == 1).all():
        return None  # it counts as 1 whatever the source holds
    return bits_differ(tensor, source)


def bits_differ(tensor: Tensor, source: Tensor) -> str | None:
    """How a tensor differs from its source, or from its source rounded to the tensor's dtype."""
    if tensor.shape != source.shape:
        return f"has shape {tensor.shape}, but its source {source.name} has {source.shape}"
    if tensor.dtype != source.dtype and not {tensor.dtype, source.dtype} <= TORCH_DTYPES.keys():
        return f"is {tensor.dtype}, but its source {source.name} is {source.dtype}"
    differing = 0
    for ours, expected in zip(tensor.parts(), source.parts(), strict=True):
        if tensor.dtype != source.dtype:
            expected = _rounded(expected, str(tensor.dtype))
        width = f"u{ours.dtype.itemsize}"
        differing += int((ours.view(width) != expected.view(width)).sum())
    if differing:
        count = prod(tensor.shape)
        return f"differs from its source {source.name} in {differing} of {count} values"
    return None


def _other_count(tensor: Tensor, source: Tensor | None) -> str | None:
    """What is wrong with a batch counter: the source's is expected, or 0 if it has none."""
    if (tensor.shape, tensor.dtype) != ((), "int64"):
        return f"is {tensor.dtype} {tensor.shape}, expected int64 ()"
    expected = 0 if source is None else source.copy().item()  # averaged weights have a float
    found = int(tensor.copy())
    return None if found == expected else f"is {found}, expected {expected}"


def _rounded(values: Array, dtype: str) -> Array:
    """The bits of float32 values after torch rounded them to ``dtype``, to nearest even."""
    wide = torch.from_numpy(values.astype(np.float32))
    narrow = wide.to(TORCH_DTYPES[dtype]).contiguous()
    integers = {2: torch.int16, 4: torch.int32, 8: torch.int64}[narrow.element_size()]
    bits: Array = narrow.view(integers).numpy()
    return bits
