"""Reshape: MXNet's codes for sizes that are copied, inferred, merged and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from architectures.graph.expression import Apply, Expression, Value
from architectures.graph.infer import known_rank, product, size_of
from architectures.graph.operator import Call, Dims


@dataclass(frozen=True)
class NewAxis:
    """A size of the result.

    ``size`` if it is a number; else the product of the input's axes ``of``, divided by ``divisor``
    where the other half of a split is given. Without any of these it is what is left over.
    """

    size: int | None = None
    of: tuple[int, ...] = ()
    divisor: int = 1

    def expression(self, x: Value) -> Expression | int:
        """How the size is written: ``x.size(0)``, ``x.size(1) * x.size(2)``, ``-1``."""
        if not self.of:
            return -1 if self.size is None else self.size
        sizes = [size_of(x, axis) for axis in self.of]
        found: Expression = sizes[0]
        for other in sizes[1:]:
            found = Apply("*", (found, other))
        return found if self.divisor == 1 else Apply("//", (found, self.divisor))

    def known(self, data: Dims) -> int | None:
        """The size, None if it is unknown or what is left over."""
        if not self.of:
            return self.size
        size = product(data[axis] for axis in self.of)
        return None if size is None else size // self.divisor


def reshape(call: Call) -> Expression:
    """0 copies a size, -1 is inferred, -2 copies all that are left, -3 merges two, -4 splits one in
    the two sizes that follow; ``reverse`` reads from the right."""
    axes = new_axes(call, known_rank(call) if _needs_rank(call) else 0)
    return Apply(".reshape", (call.input(0), *written(axes, call.input(0))))


def written(axes: Sequence[NewAxis], x: Value) -> tuple[Expression | int, ...]:
    """The sizes as arguments of PyTorch's reshape, which can infer one of them itself."""
    if all(axis.of or axis.size is not None for axis in axes):
        computed = [at for at, axis in enumerate(axes) if axis.divisor != 1 or len(axis.of) > 1]
        if len(computed) == 1:
            axes = [axis if at != computed[0] else NewAxis() for at, axis in enumerate(axes)]
    return tuple(axis.expression(x) for axis in axes)


def reshape_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None if _needs_rank(call) else tuple(a.size for a in new_axes(call, 0)),)
    return (reshaped(data, new_axes(call, len(data))),)


def reshaped(data: Dims, axes: Sequence[NewAxis]) -> Dims:
    """The sizes of the result as far as they are known."""
    sizes = [axis.known(data) for axis in axes]
    rest = [at for at, axis in enumerate(axes) if not axis.of and axis.size is None]
    if rest:
        copied = [source for axis in axes if axis.divisor == 1 for source in axis.of]
        left = [size for source, size in enumerate(data) if source not in copied]
        asked = [
            size
            for at, size in enumerate(sizes)
            if at not in rest and not (axes[at].of and axes[at].divisor == 1)
        ]
        whole, part = product(left), product(asked)
        if whole is not None and part:
            sizes[rest[0]] = whole // part
    return tuple(sizes)


def new_axes(call: Call, rank: int) -> list[NewAxis]:
    """The result's axes from those of an input of this rank (MXNet
    src/operator/tensor/matrix_op-inl.h, InferReshapeShape)."""
    if not call["shape"]:
        return _target_axes(call)
    codes = call["shape"]
    if call["reverse"]:
        axes = _read(call, codes[::-1], tuple(reversed(range(rank))))
        return axes[::-1]
    return _read(call, codes, tuple(range(rank)))


def _needs_rank(call: Call) -> bool:
    return any(code in (0, -2, -3, -4) for code in call["shape"])


def _target_axes(call: Call) -> list[NewAxis]:
    """The oldest files: ``target_shape`` has 0 for the inferred size; ``keep_highest`` copies the
    first."""
    target = call["target_shape"]
    kept = [NewAxis(of=(0,))] if call["keep_highest"] else []
    axes = kept + [NewAxis(size or None) for size in target[len(kept) :]]
    if not target or sum(1 for size in target[len(kept) :] if not size) > 1:
        raise call.refuse(f"its shape is missing or ambiguous: target_shape {target}")
    return axes


def _read(call: Call, codes: Sequence[int], sources: Sequence[int]) -> list[NewAxis]:
    axes: list[NewAxis] = []
    at = source = 0
    inferred: int | None = None

    def take() -> int:
        nonlocal source
        source += 1
        if source > len(sources):
            raise call.refuse(f"shape {call['shape']} needs more axes than its input has")
        return sources[source - 1]

    while at < len(codes):
        code = codes[at]
        if code == 0:
            axes.append(NewAxis(of=(take(),)))
        elif code == -1:
            if inferred is not None or at != len(axes):
                raise call.refuse(f"shape {call['shape']}: MXNet cannot infer -1 here")
            inferred = at
            axes.append(NewAxis())
            source += 1
        elif code == -2:
            axes += [NewAxis(of=(axis,)) for axis in sources[source:]]
            source = max(source, len(sources))
        elif code == -3:
            axes.append(NewAxis(of=(take(), take())))
        elif code == -4:
            if at + 2 >= len(codes):
                raise call.refuse(f"shape {call['shape']}: -4 needs two sizes after it")
            axes += _split(call, take(), *codes[at + 1 : at + 3])
            at += 2
        elif code > 0:
            axes.append(NewAxis(code))
            source += 1
        else:
            raise call.refuse(f"shape {call['shape']}: {code} is no code of MXNet's")
        at += 1
    return axes


def _split(call: Call, source: int, left: int, right: int) -> list[NewAxis]:
    if (left < 1 and right < 1) or 0 in (left, right) or min(left, right) < -1:
        raise call.refuse(f"shape {call['shape']} splits an axis in {left} and {right}")
    return [
        NewAxis(of=(source,), divisor=right) if left == -1 else NewAxis(left),
        NewAxis(of=(source,), divisor=left) if right == -1 else NewAxis(right),
    ]
