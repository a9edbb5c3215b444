"""Elements by indices that arrive as numbers of any dtype; fractions are cut off."""

from __future__ import annotations

import torch
from torch import Tensor


def take(x: Tensor, indices: Tensor, axis: int = 0, mode: str = "clip") -> Tensor:
    """The slices of one axis at some indices; an index outside of it is clipped, or wraps."""
    axis %= x.dim()
    rows = inside(indices, x.size(axis), mode)
    taken = x.index_select(axis, rows.reshape(-1))
    return taken.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def inside(indices: Tensor, size: int, mode: str) -> Tensor:
    """Indices as integers from 0 to size - 1; with mode "raise" as they are."""
    rows = indices.long()
    if mode == "clip":
        return rows.clamp(0, size - 1)
    return rows % size if mode == "wrap" else rows


def pick(
    x: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False, mode: str = "clip"
) -> Tensor:
    """One element of x along an axis for each index, whose shape is that of x without the axis."""
    along = index.unsqueeze(axis) if index.dim() < x.dim() else index
    picked = x.gather(axis, inside(along, x.size(axis), mode))
    if x.dim() == 1:
        return picked.reshape(index.shape)
    return picked if keepdims else picked.squeeze(axis)


def where_or_rows(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """x where the condition is not 0, and y elsewhere; a condition of one axis chooses rows."""
    if condition.dim() == 1:
        condition = condition.reshape(-1, *(1,) * (x.dim() - 1))
    return torch.where(condition != 0, x, y)


def gather_nd(x: Tensor, indices: Tensor) -> Tensor:
    """x at the positions that the first axis of the indices gives: x[i, j, ...]; -1 is the last."""
    return x[tuple(indices.floor().long())]


def scatter_nd(values: Tensor, indices: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Zeros with values at the positions that the first axis of the indices gives."""
    zeros = torch.zeros(shape, dtype=values.dtype, device=values.device)
    return zeros.index_put(tuple(indices.long()), values)


def one_hot(
    indices: Tensor,
    depth: int,
    on_value: float = 1,
    off_value: float = 0,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """A vector of length depth for each index: on_value there and off_value elsewhere."""
    hot = indices.long().unsqueeze(-1) == torch.arange(depth, device=indices.device)
    cold = torch.full(hot.shape, off_value, dtype=dtype, device=indices.device)
    return cold.masked_fill(hot, on_value)


def ravel_multi_index(positions: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(axes, N) positions in an array of a shape as (N,) flat indices."""
    flat = torch.zeros_like(positions[0], dtype=torch.int64)
    for size, position in zip(shape, positions.long(), strict=True):
        flat = flat * size + position
    return flat.to(positions.dtype)


def unravel_index(flat: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(N,) flat indices in an array of a shape as (axes, N) positions."""
    rest = flat.long()
    positions = []
    for size in reversed(shape[1:]):
        positions.append(rest % size)
        rest = rest // size
    return torch.stack([rest, *reversed(positions)]).to(flat.dtype)


def index_array(x: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
    """The position of each element of x along some axes, in a new last axis."""
    grids = torch.meshgrid(*(torch.arange(n, device=x.device) for n in x.shape), indexing="ij")
    return torch.stack([grids[axis] for axis in axes or range(x.dim())], dim=-1)
