"""The order of equal elements in MXNet on a CPU (MXNet src/operator/tensor/ordering_op-inl.h).

It sorts indices by std::sort if 8 * k > n, and by std::partial_sort otherwise. Neither is stable;
what they do with equal elements is that of GNU libstdc++ (bits/stl_algo.h, bits/stl_heap.h).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Before = Callable[[int, int], bool]
RUN = 16  # what std::sort leaves to a final insertion sort, which is stable


def argsort_of_mxnet(
    x: Tensor, *, dim: int, descending: bool = False, stable: bool = True
) -> Tensor:
    """``torch.argsort`` in MXNet's order of equal elements."""
    return topk_indices_of_mxnet(x, x.size(dim), dim, descending)


def topk_mask_of_mxnet(x: Tensor, k: int, axis: int | None, largest: bool) -> Tensor:
    """``topk_mask`` with MXNet's choice among equal elements."""
    if axis is None:
        return topk_mask_of_mxnet(x.flatten(), k, 0, largest).reshape(x.shape)
    return torch.zeros_like(x).scatter(axis, topk_indices_of_mxnet(x, k, axis, largest), 1)


def topk_indices_of_mxnet(x: Tensor, k: int, axis: int, largest: bool) -> Tensor:
    """``topk_indices`` in MXNet's order of equal elements."""
    rows = x.detach().movedim(axis, -1)
    flat = rows.reshape(-1, rows.size(-1)) if rows.numel() else rows.reshape(0, rows.size(-1))
    orders = [_order([-v for v in row] if largest else row, k) for row in flat.tolist()]
    found = torch.tensor(orders, dtype=torch.int64, device=x.device)
    return found.reshape(*rows.shape[:-1], k).movedim(-1, axis)


def _order(keys: list[float], k: int) -> list[int]:
    """The positions of the k smallest keys."""
    if len(set(keys)) == len(keys):
        return sorted(range(len(keys)), key=keys.__getitem__)[:k]
    order = list(range(len(keys)))

    def before(a: int, b: int) -> bool:
        return keys[a] < keys[b]

    if k * 8 > len(keys):
        depth = 2 * (len(keys).bit_length() - 1) if keys else 0
        _introsort(order, 0, len(keys), depth, before)
        return sorted(order, key=keys.__getitem__)[:k]
    _partial_sort(order, 0, k, len(keys), before)
    return order[:k]


def _introsort(order: list[int], first: int, last: int, depth: int, before: Before) -> None:
    while last - first > RUN:
        if depth == 0:
            _partial_sort(order, first, last, last, before)
            return
        depth -= 1
        cut = _partition(order, first, last, before)
        _introsort(order, cut, last, depth, before)
        last = cut


def _partition(order: list[int], first: int, last: int, before: Before) -> int:
    """Partition around the median of three, which moves to the front."""
    pivot, middle = first, first + (last - first) // 2
    a, b, c = order[first + 1], order[middle], order[last - 1]
    if before(a, b):
        median = middle if before(b, c) else (last - 1 if before(a, c) else first + 1)
    elif before(a, c):
        median = first + 1
    else:
        median = last - 1 if before(b, c) else middle
    order[first], order[median] = order[median], order[first]
    first += 1
    while True:
        while before(order[first], order[pivot]):
            first += 1
        last -= 1
        while before(order[pivot], order[last]):
            last -= 1
        if not first < last:
            return first
        order[first], order[last] = order[last], order[first]
        first += 1


def _partial_sort(order: list[int], first: int, middle: int, last: int, before: Before) -> None:
    """A heap of the smallest so far; then the heap is sorted."""
    count = middle - first
    for parent in range((count - 2) // 2, -1, -1):
        _sift(order, first, parent, count, order[first + parent], before)
    for at in range(middle, last):
        if before(order[at], order[first]):
            value, order[at] = order[at], order[first]
            _sift(order, first, 0, count, value, before)
    for end in range(middle - 1, first, -1):
        value, order[end] = order[end], order[first]
        _sift(order, first, 0, end - first, value, before)


def _sift(order: list[int], first: int, hole: int, count: int, value: int, before: Before) -> None:
    """std::__adjust_heap: the hole sinks to a leaf, then the value rises from there."""
    top = hole
    child = hole
    while child < (count - 1) // 2:
        child = 2 * (child + 1)
        if before(order[first + child], order[first + child - 1]):
            child -= 1
        order[first + hole] = order[first + child]
        hole = child
    if count % 2 == 0 and child == (count - 2) // 2:
        child = 2 * (child + 1)
        order[first + hole] = order[first + child - 1]
        hole = child - 1
    parent = (hole - 1) // 2
    while hole > top and before(order[first + parent], value):
        order[first + hole] = order[first + parent]
        hole = parent
        parent = (hole - 1) // 2
    order[first + hole] = value
