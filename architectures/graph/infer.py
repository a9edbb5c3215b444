"""Shape rules that many operators share. Shapes are tuples; an unknown size is None."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from architectures.graph.expression import Apply, Value
from architectures.graph.operator import Call, Dims


def same(call: Call) -> tuple[Dims | None, ...]:
    """The shape of the first input."""
    return (call.shapes[0],)


def all_alike(call: Call) -> tuple[Dims | None, ...]:
    """Inputs of one shape give that shape; each may know what the others do not."""
    return (merged(call.shapes),)


def broadcast(call: Call) -> tuple[Dims | None, ...]:
    """The inputs broadcast against each other, of one rank in MXNet's broadcasting operators."""
    return (broadcasted(call.shapes),)


def merged(shapes: Iterable[Dims | None]) -> Dims | None:
    """One shape from what several views of it know."""
    known = [shape for shape in shapes if shape is not None]
    if not known:
        return None
    sizes = zip(*known, strict=False)
    return tuple(next((size for size in axis if size is not None), None) for axis in sizes)


def broadcasted(shapes: Iterable[Dims | None]) -> Dims | None:
    """The shape of operands broadcast against each other, numpy's rule."""
    known = list(shapes)
    if any(shape is None for shape in known):
        return None
    rank = max(len(shape) for shape in known if shape is not None)
    padded = [(1,) * (rank - len(shape)) + shape for shape in known if shape is not None]
    return tuple(_broadcast_axis(axis) for axis in zip(*padded, strict=True))


def _broadcast_axis(sizes: tuple[int | None, ...]) -> int | None:
    wide = [size for size in sizes if size != 1]
    known = [size for size in wide if size is not None]
    return known[0] if known else (None if wide else 1)


def product(sizes: Iterable[int | None]) -> int | None:
    """The product of sizes, None if one is unknown."""
    known = list(sizes)
    return None if None in known else prod(size for size in known if size is not None)


def axis_of(axis: int, rank: int) -> int:
    """A possibly negative axis as a position."""
    return axis + rank if axis < 0 else axis


def known_rank(call: Call, index: int = 0) -> int:
    """The rank of an input, where what the operator becomes depends on it."""
    rank = call.rank(index)
    if rank is None:
        raise call.refuse("the rank of its input is unknown")
    return rank


def size_of(x: Value, axis: int) -> Apply:
    """``x.size(1)``: a size that is known when the network runs."""
    return Apply(".size", (x, axis))


def shown(dims: Dims | None) -> str:
    """A shape for people: ``(N, 64, ?, ?)`` with ? for an unknown size."""
    if dims is None:
        return "(...)"
    sizes = ["?" if size is None else str(size) for size in dims]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
