"""One random graph, drawn by its seed."""

from __future__ import annotations

from scripts.random_graphs.kinds import KINDS
from scripts.random_graphs.sketch import Shape, Sketch

FIRST: tuple[Shape, ...] = (
    (2, 3, 7, 9),
    (1, 4, 6, 6),
    (2, 2, 4, 5, 6),
    (5, 2, 6),
    (2, 6, 8),
    (3, 7),
    (4, 6),
    (2, 4, 8, 8),
)
"""Shapes of the data: images, clips, sequences and rows."""


def sketch(seed: int, nodes: int = 12) -> Sketch:
    """A graph with at least ``nodes`` operators."""
    drawn = Sketch(seed)
    drawn.input("data", drawn.random.choice(FIRST))
    while sum(drawn.operators().values()) < nodes:
        drawn.draw(drawn.random.choice(KINDS))
    return drawn
