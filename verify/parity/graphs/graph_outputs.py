"""How far each output of a graph is from the source's: what the report shows of it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from architectures.graph.graph import Graph
from architectures.graph.graph_network import GraphNetwork
from convert.formats import Array
from verify.parity.graphs.graph_nodes import label
from verify.parity.graphs.graph_trace import GraphTrace
from verify.parity.result import DifferenceMap, OutputError
from verify.reference.graph_answers import GraphReference

SMALLEST_MAP = 4  # positions along each side of what is shown as a map
LARGEST_GRID = 96  # cells along each side of its picture


def output_names(graph: Graph) -> list[str]:
    """What the outputs are called: their nodes, with the number of the output where a node gives
    several."""
    return [
        label(graph, head.node)
        + (f"[{head.output}]" if sum(h.node == head.node for h in graph.heads) > 1 else "")
        for head in graph.heads
    ]


def output_errors(
    network: GraphNetwork,
    source: GraphReference,
    port64: GraphTrace,
    port32: GraphTrace,
    unsettled: Collection[int],
) -> tuple[OutputError, ...]:
    """One for each output. The traces hold the numbers that are known of the source's outputs.

    Where the source has no float64, the port's own stands for it.
    """
    names, shapes = output_names(network.plan.graph), source.shapes()
    exact = source.heads64 or port64.heads
    found = []
    for at, (name, theirs32) in enumerate(zip(names, source.heads32, strict=True)):
        reference = exact[at] if at < len(exact) else theirs32
        wide = port64.heads[at] if source.heads64 and at < len(port64.heads) else None
        single = port32.heads[at] if at < len(port32.heads) else None
        first, second = (reference, wide) if wide is not None else (theirs32, single)
        picture = None
        if at not in source.samples and second is not None:
            picture = difference_map(first, second, wide is not None)
        found.append(
            OutputError(
                name,
                shapes[at],
                theirs32.dtype.name if theirs32.dtype.kind in "iub" else "float",
                int(theirs32[0].size),
                network.plan.graph.heads[at].node in unsettled,
                float(np.abs(reference[np.isfinite(reference)]).max(initial=0.0)),
                _largest(reference, wide),
                _largest(reference, single),
                _largest(reference, theirs32),
                picture,
            )
        )
    return tuple(found)


def difference_map(source: Array, port: Array, is_float64: bool) -> DifferenceMap | None:
    """The map of the largest difference between outputs (N, ..., H, W): that of one case and one
    channel. None for an output that is no map, and where nothing differs."""
    if source.shape != port.shape or source.ndim < 4 or min(source.shape[-2:]) < SMALLEST_MAP:
        return None
    with np.errstate(invalid="ignore"):
        apart = np.abs(source.astype(np.float64) - port)
    apart = np.nan_to_num(apart, nan=np.inf)
    at = np.unravel_index(int(apart.argmax()), apart.shape)
    peak = float(apart[at])
    if not 0 < peak < np.inf:
        return None
    channel = apart[at[:-2]]
    height, width = channel.shape
    grid = _pooled(_pooled(channel, 0), 1)
    levels = np.rint(255 * grid / peak).astype(np.uint8)
    return DifferenceMap(
        case=int(at[0]),
        channel=tuple(int(i) for i in at[1:-2]),
        height=height,
        width=width,
        row=int(at[-2]),
        column=int(at[-1]),
        peak=peak,
        precision="float64" if is_float64 else "float32",
        levels=tuple(bytes(row).hex() for row in levels),
    )


def _pooled(values: Array, axis: int) -> Array:
    """The largest value of each cell, of at most ``LARGEST_GRID`` cells along an axis."""
    length = values.shape[axis]
    cells = min(length, LARGEST_GRID)
    starts = np.arange(cells) * length // cells
    pooled: Array = np.maximum.reduceat(values, starts, axis=axis)
    return pooled


def _largest(reference: Array, other: Array | None) -> float | None:
    """The largest difference; None if there is nothing to compare, infinite where one side is not
    finite and the other is another."""
    if other is None or other.shape != reference.shape:
        return None
    finite = np.isfinite(reference)
    if not np.array_equal(reference[~finite], other[~finite], equal_nan=True):
        return float("inf")
    with np.errstate(invalid="ignore"):
        found = float(np.abs(reference.astype(np.float64) - other)[finite].max(initial=0.0))
    return float("inf") if np.isnan(found) else found
