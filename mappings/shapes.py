"""Shapes of tensors. What each file decides for itself is left open, by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Open = Literal["classes", "channels"]
"""The class count of the classifier, and the channels of the images that the network takes."""

Shape = tuple[int, ...]
OpenShape = tuple[int | Open, ...]
"""A network's shape: ``("classes", 512)``, or ``(64, "channels", 7, 7)``."""

Sizes = Mapping[int | Open, int]
"""The sizes that fill open dimensions. A file that lacks the tensors with such a dimension leaves
it out."""


def fill(shape: OpenShape, sizes: Sizes) -> OpenShape:
    """``shape`` with its open dimensions filled, as far as their sizes are known."""
    return tuple(sizes.get(size, size) for size in shape)


def open_sizes(pairs: Iterable[tuple[Shape, OpenShape]]) -> Sizes:
    """The sizes by which a file fills the open dimensions of a network.

    ``pairs`` are a tensor's shape in the file and in the network. The first tensor that tells a
    size decides it, so that every other one is held against it; a size of 0 is none.
    """
    sizes: dict[int | Open, int] = {}
    for found, expected in pairs:
        if len(found) == len(expected):
            for count, size in zip(found, expected, strict=True):
                if isinstance(size, str) and count > 0:
                    sizes.setdefault(size, count)
    return sizes
