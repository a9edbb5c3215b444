"""Shapes of tensors. Sizes that each file decides for itself are left open and have names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

Open = Literal["classes", "channels"]
"""The class count of the classifier, and the channels of the images that the network takes."""

Shape = tuple[int, ...]
OpenShape = tuple[int | Open, ...]
"""A network's shape: ``("classes", 512)``, or ``(64, "channels", 7, 7)``."""

AnyShape = TypeVar("AnyShape", Shape, OpenShape)

Sizes = Mapping[int | Open, int]
"""The sizes that fill open dimensions. A size is missing if the file has no tensor with it."""


def fill(shape: OpenShape, sizes: Sizes) -> OpenShape:
    """``shape`` with its open dimensions filled where their sizes are known."""
    return tuple(sizes.get(size, size) for size in shape)


def open_sizes(pairs: Iterable[tuple[Shape, OpenShape]]) -> Sizes:
    """The sizes that a file has in the open dimensions of a network.

    ``pairs`` are the shapes of each tensor in the file and in the network. The first tensor that
    has a size decides it, and the other tensors are compared with it. A size of 0 decides nothing.
    """
    sizes: dict[int | Open, int] = {}
    for found, expected in pairs:
        if len(found) == len(expected):
            for count, size in zip(found, expected, strict=True):
                if isinstance(size, str) and count > 0:
                    sizes.setdefault(size, count)
    return sizes
