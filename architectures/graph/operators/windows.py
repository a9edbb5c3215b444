"""What convolutions and pooling share: kernels that slide over 1 to 3 axes, and layouts."""

from __future__ import annotations

from typing import Any

from architectures.graph.expression import Apply, Expression
from architectures.graph.operator import Call, Dims

LAYOUTS = ("NCW", "NCHW", "NCDHW", "NWC", "NHWC", "NDHWC")


def axes(call: Call, name: str, default: int) -> tuple[int, ...]:
    """An attribute with a number for each axis of the kernel; ``default``, which is the least that
    it may be, where it is absent."""
    count = len(call["kernel"])
    found: tuple[int, ...] = call[name]
    if found and len(found) != count:
        raise call.refuse(f"{name} {found} and kernel {call['kernel']} have different lengths")
    if min(found, default=default) < default:
        raise call.refuse(f"{name} is {found}; expected {default} or more for each axis")
    return found or (default,) * count


def literal(sizes: tuple[int, ...]) -> int | tuple[int, ...]:
    """``3`` for ``(3, 3)``, as a person writes it."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def channels_last(call: Call) -> bool:
    """Whether the layout is NWC, NHWC or NDHWC."""
    layout: str | None = call["layout"]
    if layout is None:
        return False
    rank = call.rank()
    if len(layout) != (rank or len(call["kernel"] or layout[2:]) + 2):
        raise call.refuse(f"the layout {layout} does not fit its data")
    return layout[-1] == "C"


def channels_first(x: Expression) -> Expression:
    """(N, ..., C) as (N, C, ...)."""
    return Apply(".movedim", (x, -1, 1))


def back_to_last(x: Expression) -> Expression:
    """(N, C, ...) as (N, ..., C)."""
    return Apply(".movedim", (x, 1, -1))


def split(call: Call, dims: Dims) -> tuple[int | None, int | None, Dims]:
    """Batch, channels and the rest of data in the node's layout."""
    if channels_last(call):
        return dims[0], dims[-1], dims[1:-1]
    return dims[0], dims[1], dims[2:]


def joined(call: Call, batch: int | None, channels: int | None, rest: Dims) -> Dims:
    """The inverse of ``split``."""
    if channels_last(call):
        return (batch, *rest, channels)
    return (batch, channels, *rest)


def expect_rank(call: Call) -> None:
    """The data has two axes more than the kernel, which slides over 1 to 3 axes."""
    count = len(call["kernel"])
    if not 1 <= count <= 3:
        raise call.refuse(f"the kernel {call['kernel']} has {count} axes; expected 1 to 3")
    if call.rank() not in (None, count + 2):
        raise call.refuse(f"the kernel {call['kernel']} does not fit data of rank {call.rank()}")


def keywords(**given: tuple[Any, Any]) -> dict[str, Any]:
    """Keyword arguments that differ from their defaults: ``stride=(value, default)``."""
    return {name: value for name, (value, default) in given.items() if value != default}
