"""What a network that comes from a graph computes, node by node, in one precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from architectures.graph.graph import NodeEntry
from architectures.graph.graph_network import GraphNetwork
from convert.formats import Array
from verify.parity.projections import PROJECTIONS, coefficients

Forced = Mapping[NodeEntry, Array]
Spread = Mapping[NodeEntry, tuple[int, ...]]
"""The source's shapes of outputs that the port makes of size 1 where the source infers a batch."""


@dataclass(frozen=True)
class NodeTrace:
    """One output of one node for N cases: its shape, (N, K) projections and, (N, 3), how many
    values are NaN, infinity and minus infinity."""

    shape: tuple[int, ...]
    digests: Array
    nonfinite: Array


@dataclass(frozen=True)
class GraphTrace:
    """A network's answers for N cases.

    ``heads``: each output, (N, ...); none if the network failed, and ``failure`` is then the
    reason. ``nodes``: every output of every node that ran.
    """

    heads: tuple[Array, ...]
    nodes: Mapping[NodeEntry, NodeTrace]
    failure: str | None = None


def trace_graph(
    network: GraphNetwork,
    inputs: Mapping[str, Array],
    precision: torch.dtype,
    exact: bool = False,
    forced: Forced | None = None,
    spread: Spread | None = None,
) -> GraphTrace:
    """Run every case, (N, ...) by the graph's names, and digest every node's outputs.

    ``exact`` models the source's arithmetic. ``forced``: what nodes give, (N, ...), instead of what
    they compute; their digests are of what they compute. Outputs in ``spread`` are digested as if
    they had these shapes. Afterwards the network has this precision, and no gradients.
    """
    set_precision(network, precision)
    names = [network.plan.graph.nodes[taken.node].name for taken in network.plan.inputs]
    rows: dict[NodeEntry, list[NodeTrace]] = {}
    heads: list[tuple[Array, ...]] = []
    failure = None
    try:
        for case in range(case_count(inputs)):
            given = [cast(inputs[name][case], precision) for name in names]
            watch = _Watch(case, forced or {}, spread or {}, rows)
            with torch.inference_mode():
                answer = network.run(given, exact=exact, observe=watch)
            listed = answer if isinstance(answer, tuple) else (answer,)
            heads.append(tuple(_plain(output) for output in listed))
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError) as error:
        failure = f"{type(error).__name__}: {error}"  # shapes that do not fit, for example
    nodes = {entry: _joined(cases) for entry, cases in rows.items()}
    if failure is not None or len({tuple(a.shape for a in answers) for answers in heads}) != 1:
        return GraphTrace((), nodes, failure or "its outputs have another shape for every case")
    return GraphTrace(tuple(np.stack(cases) for cases in zip(*heads, strict=True)), nodes)


def set_precision(network: GraphNetwork, precision: torch.dtype) -> None:
    """Compute in this precision, what the graph makes or casts as float32 too, without gradients:
    an output may be a view of a parameter."""
    network.requires_grad_(False).to(precision)
    network.wide = precision == torch.float64


def case_count(inputs: Mapping[str, Array]) -> int:
    """How many cases there are: one for a graph without inputs."""
    return len(next(iter(inputs.values()))) if inputs else 1


def cast(values: Array, precision: torch.dtype) -> Tensor:
    """One case of an input as a tensor; whole numbers stay what they are."""
    tensor = torch.from_numpy(np.array(values))
    return tensor.to(precision) if tensor.is_floating_point() else tensor


@dataclass
class _Watch:
    """Digests outputs, and puts forced values in their place."""

    case: int
    forced: Forced
    spread: Spread
    rows: dict[NodeEntry, list[NodeTrace]]

    def __call__(self, node: int, outputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        given: list[Any] = list(outputs)
        changed = False
        for place, output in enumerate(outputs):
            if not isinstance(output, Tensor):
                continue
            entry = NodeEntry(node, place)
            seen = _expanded(output, self.spread.get(entry))
            self.rows.setdefault(entry, []).append(_digested(seen))
            if entry in self.forced:
                values = torch.from_numpy(np.array(self.forced[entry][self.case]))
                given[place], changed = values.to(output.dtype), True
        return tuple(given) if changed else None


def _expanded(output: Tensor, shape: tuple[int, ...] | None) -> Tensor:
    """The output broadcast to a shape, if it can be."""
    if shape is None or len(shape) != output.ndim:
        return output
    fits = all(own in (1, size) for own, size in zip(output.shape, shape, strict=True))
    return output.expand(shape) if fits else output


def _digested(output: Tensor) -> NodeTrace:
    x = output.double()
    digests, counts = digest_of(x), np.zeros(3, int)
    if not digests.isfinite().all():  # no coefficient is 0: a value that is not finite shows in all
        odd = [x.isnan().sum(), (x == torch.inf).sum(), (x == -torch.inf).sum()]
        counts = np.array([int(count) for count in odd])
        digests = digest_of(torch.where(x.isfinite(), x, 0.0))
    return NodeTrace(tuple(output.shape), digests.numpy(), counts)


def digest_of(x: Tensor) -> Tensor:
    """The projections of a float64 tensor of any rank, (K,); ``graph_reference.py`` has the
    specification.

    The outermost axis of the memory is summed first: one pass over the values, and no copy.
    """
    along = {axis: coefficients(str(axis), length) for axis, length in enumerate(x.shape)}
    order = sorted(along, key=x.stride, reverse=True)
    factor = torch.ones(PROJECTIONS, dtype=x.dtype)
    for axis in order:
        if x.shape[axis] == 1:
            factor = factor * along[axis][0]
    if not (longer := [axis for axis in order if x.shape[axis] != 1]):
        return x.reshape(()) * factor
    first, *others = longer
    lengths = torch.Size(x.shape[axis] for axis in others)
    rows = x.permute(order).reshape(x.shape[first], lengths.numel())
    rest = (along[first].T @ rows).reshape(PROJECTIONS, *lengths)
    for axis in reversed(others):
        rest = torch.einsum("k...a,ak->k...", rest, along[axis])
    return rest * factor


def _joined(cases: list[NodeTrace]) -> NodeTrace:
    digests = np.stack([case.digests for case in cases])
    return NodeTrace(cases[0].shape, digests, np.stack([case.nonfinite for case in cases]))


def _plain(output: Any) -> Array:
    found: Array = output.numpy() if isinstance(output, Tensor) else np.asarray(output)
    return found
