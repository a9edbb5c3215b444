"""Shapes that no single function of PyTorch gives."""

from __future__ import annotations

from torch import Tensor


def reshape_like(
    x: Tensor,
    like: Tensor,
    lhs_begin: int = 0,
    lhs_end: int | None = None,
    rhs_begin: int = 0,
    rhs_end: int | None = None,
) -> Tensor:
    """x with its axes lhs_begin to lhs_end reshaped to the axes rhs_begin to rhs_end of another."""
    after = x.shape[lhs_end:] if lhs_end is not None else ()
    return x.reshape((*x.shape[:lhs_begin], *like.shape[rhs_begin:rhs_end], *after))


def depth_to_space(x: Tensor, block: int) -> Tensor:
    """(N, C, H, W) to (N, C / block**2, H * block, W * block), blocks before channels."""
    n, c, h, w = x.shape
    x = x.reshape(n, block, block, c // block**2, h, w)
    x = x.permute(0, 3, 4, 1, 5, 2)  # (N, C / block**2, H, block, W, block)
    return x.reshape(n, c // block**2, h * block, w * block)


def space_to_depth(x: Tensor, block: int) -> Tensor:
    """(N, C, H, W) to (N, C * block**2, H / block, W / block), blocks before channels."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block)
    x = x.permute(0, 3, 5, 1, 2, 4)  # (N, block, block, C, H / block, W / block)
    return x.reshape(n, c * block**2, h // block, w // block)


def slice_like(x: Tensor, like: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The first elements of x along some axes, as many as the other tensor has there."""
    for axis in axes:
        x = x.narrow(axis, 0, like.size(axis))
    return x


def slice_assign(x: Tensor, values: Tensor | float, where: tuple[slice, ...]) -> Tensor:
    """A copy of x with new values at some slices."""
    x = x.clone()
    x[where] = values
    return x
