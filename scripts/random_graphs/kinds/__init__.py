"""The kinds of nodes: each fits a node to the values that there are, or raises Unfit."""

from scripts.random_graphs.kinds import elementwise, layers, lookups, shaping, windows
from scripts.random_graphs.sketch import Kind

KINDS: tuple[Kind, ...] = (
    *elementwise.KINDS,
    *layers.KINDS,
    *lookups.KINDS,
    *shaping.KINDS,
    *windows.KINDS,
)
