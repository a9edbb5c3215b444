"""What a packaged graph is in numbers, from its nodes and their shapes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any

from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.record import STATISTICS
from architectures.graph.lowering import Lowered, lower
from convert.formats.symbol import parse_symbol

LAYERS = ("Convolution", "Deconvolution", "FullyConnected", "_contrib_DeformableConvolution")


def outline_of_graph(record: GraphRecord) -> dict[str, Any]:
    """Its parameters, operators, multiply-adds and maps, for the shapes in ``record.inputs``.

    A stage is all convolutions whose maps have one size, in the order in which the sizes occur;
    ``channels`` are the most that one of its maps has.
    ``multiply_adds`` are of convolutions and dense layers; None where a size is not known.
    """
    packaged = record.graph
    tensors = {tensor.own: tensor.shape for tensor in packaged.tensors()}
    symbol = parse_symbol(packaged.symbol(), record.name)
    lowered = lower(symbol, tensors, record.inputs)
    work = [_work(lowered, index) for index, node in enumerate(symbol.nodes) if node.op in LAYERS]
    known = [one for one in work if one is not None]
    return {
        "inputs": {name: list(shape) for name, shape in record.inputs.items()},
        "parameters": sum(prod(s) for name, s in tensors.items() if not name.endswith(STATISTICS)),
        "multiply_adds": sum(known) if len(known) == len(work) else None,
        "layers": len(work),
        "operators": dict(Counter(symbol.operators).most_common()),
        "stages": list(_stages(lowered)),
    }


def _work(lowered: Lowered, index: int) -> int | None:
    """The multiply-adds of one layer."""
    node = lowered.graph.nodes[index]
    call = lowered.calls[index][1] if index in lowered.calls else None
    outputs = lowered.shapes[index]
    if call is None or not outputs or outputs[0] is None or None in outputs[0]:
        return None
    place = 2 if node.op == "_contrib_DeformableConvolution" else 1
    weight = call.shapes[place]
    given = call.shapes[0] if node.op == "Deconvolution" else outputs[0]
    if weight is None or None in weight or given is None or None in given:
        return None
    elements = prod(size for size in given if size is not None)
    return elements * prod(size for size in weight[1:] if size is not None)


def _stages(lowered: Lowered) -> Iterator[dict[str, Any]]:
    """The convolutions of each size of map, but for maps of one pixel."""
    maps: dict[tuple[int, ...], list[int]] = {}
    for index, node in enumerate(lowered.graph.nodes):
        shape = (lowered.shapes[index] or (None,))[0] if node.op in LAYERS else None
        if shape is None or len(shape) < 3:
            continue
        _, channels, *size = shape
        whole = tuple(one for one in size if one is not None)
        if channels is not None and len(whole) == len(size) and prod(whole) > 1:
            maps.setdefault(whole, []).append(channels)
    for sides, widths in maps.items():
        yield {"convolutions": len(widths), "channels": max(widths), "size": [*sides]}
