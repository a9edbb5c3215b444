"""Comparisons and logic that give 0 and 1 in the dtype of their first argument, as MXNet's do."""

from torch import Tensor


def equal(x: Tensor, y: Tensor | float) -> Tensor:
    return (x == y).to(x.dtype)


def not_equal(x: Tensor, y: Tensor | float) -> Tensor:
    return (x != y).to(x.dtype)


def greater(x: Tensor, y: Tensor | float) -> Tensor:
    return (x > y).to(x.dtype)


def greater_equal(x: Tensor, y: Tensor | float) -> Tensor:
    return (x >= y).to(x.dtype)


def lesser(x: Tensor, y: Tensor | float) -> Tensor:
    return (x < y).to(x.dtype)


def lesser_equal(x: Tensor, y: Tensor | float) -> Tensor:
    return (x <= y).to(x.dtype)


def logical_and(x: Tensor, y: Tensor) -> Tensor:
    return ((x != 0) & (y != 0)).to(x.dtype)


def logical_or(x: Tensor, y: Tensor) -> Tensor:
    return ((x != 0) | (y != 0)).to(x.dtype)


def logical_xor(x: Tensor, y: Tensor) -> Tensor:
    return ((x != 0) ^ (y != 0)).to(x.dtype)


def logical_not(x: Tensor) -> Tensor:
    return (x == 0).to(x.dtype)
