"""Reshape: MXNet's codes for sizes that are copied, inferred, merged and split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from architectures.graph.expression import Apply, Expression, Value
from architectures.graph.infer import known_rank, product, size_of
from architectures.graph.operator import Call, Dims
from mappings.errors import GraphError


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
    return reshaped_to(call, new_axes(call, known_rank(call) if _needs_rank(call) else None))


def reshaped_to(call: Call, axes: Sequence[NewAxis]) -> Expression:
    """The input with these axes."""
    return Apply(".reshape", (call.input(0), *(written(axes, call.input(0)) or [()])))


def written(axes: Sequence[NewAxis], x: Value) -> tuple[Expression | int, ...]:
    """The sizes as arguments of PyTorch's reshape, which can infer one of them itself."""
    if all(axis.of or axis.size is not None for axis in axes):
        computed = [at for at, axis in enumerate(axes) if axis.divisor != 1 or len(axis.of) > 1]
        if len(computed) == 1:
            axes = [axis if at != computed[0] else NewAxis() for at, axis in enumerate(axes)]
    return tuple(axis.expression(x) for axis in axes)


def reshape_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is not None:
        return (reshaped(data, new_axes(call, len(data))),)
    if _needs_rank(call):
        return (None,)
    return (tuple(None if axis.of else axis.size for axis in new_axes(call, None)),)


def _needs_rank(call: Call) -> bool:
    """-2 copies as many sizes as are left; the other codes name the axes that they take."""
    return -2 in call["shape"]


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


NUMPY_CODES = {-2: 0, -4: -2, -5: -3, -6: -4}
"""The codes of ``npx.reshape`` as those of ``Reshape``; it also has -3, which drops a size of 1."""


def new_axes(call: Call, rank: int | None) -> list[NewAxis]:
    """The result's axes from those of an input of this rank, or of a rank that is not known (MXNet
    src/operator/tensor/matrix_op-inl.h, InferReshapeShape)."""
    if not call["shape"]:
        return _target_axes(call)
    return _axes_of(call, call["shape"], rank, numpy=False)


def numpy_axes(call: Call, rank: int) -> list[NewAxis]:
    """The same for ``npx.reshape`` (MXNet src/operator/numpy/np_matrix_op.cc,
    NumpyXReshapeInferShape)."""
    return _axes_of(call, call["newshape"], rank, numpy=True)


def _axes_of(call: Call, codes: tuple[int, ...], rank: int | None, numpy: bool) -> list[NewAxis]:
    if rank is None:  # a code takes two axes at most, counted from the end in reverse
        rank = 2 * len(codes)
        sources = tuple(range(-rank, 0) if call["reverse"] else range(rank))
    else:
        sources = tuple(range(rank))
    if call["reverse"]:
        return _Codes(call, codes[::-1], sources[::-1], numpy).axes()[::-1]
    return _Codes(call, codes, sources, numpy).axes()


def _target_axes(call: Call) -> list[NewAxis]:
    """The oldest files: ``target_shape`` has 0 for the inferred size; ``keep_highest`` copies the
    first."""
    target = call["target_shape"]
    kept = [NewAxis(of=(0,))] if call["keep_highest"] else []
    axes = kept + [NewAxis(size or None) for size in target[len(kept) :]]
    if not target or sum(1 for size in target[len(kept) :] if not size) > 1:
        raise call.refuse(f"its shape is missing or ambiguous: target_shape {target}")
    return axes


@dataclass
class _Codes:
    """Codes that are read from left to right, each with the input's axes that it takes."""

    call: Call
    codes: Sequence[int]
    sources: Sequence[int]
    numpy: bool
    source: int = 0

    def axes(self) -> list[NewAxis]:
        found: list[NewAxis] = []
        inferred = False
        at = 0
        while at < len(self.codes):
            code = self.codes[at]
            if code > 0 or (self.numpy and code == 0):
                found.append(NewAxis(code))
                self.source += 1
            elif code == -1:
                if inferred or not (self.numpy or at == len(found)):
                    raise self._refused("MXNet cannot infer -1 here")
                inferred = True
                found.append(NewAxis())
                self.source += 1
            elif self.numpy and code == -3:
                self._take()
            else:
                meaning = NUMPY_CODES.get(code) if self.numpy else code
                found += self._copied(meaning, at)
                at += 2 if meaning == -4 else 0
            at += 1
        return found

    def _copied(self, code: int | None, at: int) -> list[NewAxis]:
        if code == 0:
            return [NewAxis(of=(self._take(),))]
        if code == -2:
            rest = self.sources[self.source :]
            self.source = max(self.source, len(self.sources))
            return [NewAxis(of=(axis,)) for axis in rest]
        if code == -3:
            return [NewAxis(of=(self._take(), self._take()))]
        if code == -4:
            if at + 2 >= len(self.codes):
                raise self._refused("two sizes must follow a split")
            return self._split(self._take(), *self.codes[at + 1 : at + 3])
        raise self._refused(f"{self.codes[at]} is no code of MXNet's")

    def _split(self, source: int, left: int, right: int) -> list[NewAxis]:
        if (left < 1 and right < 1) or 0 in (left, right) or min(left, right) < -1:
            raise self._refused(f"an axis cannot be split in {left} and {right}")
        return [
            NewAxis(of=(source,), divisor=right) if left == -1 else NewAxis(left),
            NewAxis(of=(source,), divisor=left) if right == -1 else NewAxis(right),
        ]

    def _take(self) -> int:
        self.source += 1
        if self.source > len(self.sources):
            raise self._refused("it needs more axes than its input has")
        return self.sources[self.source - 1]

    def _refused(self, what: str) -> GraphError:
        codes = tuple(self.codes[::-1] if self.call["reverse"] else self.codes)
        return self.call.refuse(f"shape {codes}: {what}")
