"""What a graph takes and gives, under the names by which MXNet lists it."""

from __future__ import annotations

from architectures.graph.graph import Graph, NodeEntry
from architectures.graph.operators import OPERATORS
from mappings.errors import GraphError

STATES = {"IdentityAttachKLSparseReg": 1}
"""The auxiliary states of operators that are not supported, which are told apart all the same."""

OUTPUTS = {
    **dict.fromkeys(("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm"), ("mean", "var")),
    "_npx_batch_norm": ("mean", "var"),
    "Dropout": ("mask",),
    "LayerNorm": ("mean", "std"),
    "GroupNorm": ("mean", "std"),
    "InstanceNorm": ("mean", "var"),
    "LRN": ("tmp_norm",),
    "L2Normalization": ("norm",),
    "RNN": ("state", "state_cell"),
}
"""What MXNet calls the outputs after the first one (FListOutputNames); the first is "output"."""
ONLY = {"make_loss": "loss", "_sparse_make_loss": "loss", "_npi_std": "std", "_npi_var": "var"}
"""What MXNet calls a first output that it does not call "output"."""


def auxiliary_states(graph: Graph) -> frozenset[int]:
    """The variables that operators change in training: the running statistics of BatchNorm."""
    found = set()
    for node in graph.nodes:
        operator = OPERATORS.get(node.op or "")
        count = operator.auxiliary if operator is not None else STATES.get(node.op or "", 0)
        if count:
            found |= {entry.node for entry in node.inputs[-count:]}
    return frozenset(index for index in found if graph.nodes[index].op is None)


def argument_names(graph: Graph) -> list[str]:
    """MXNet's ``list_arguments``: every variable but the auxiliary states, with repetitions."""
    states = auxiliary_states(graph)
    return [node.name for index, node in graph.variables if index not in states]


def auxiliary_names(graph: Graph) -> list[str]:
    """MXNet's ``list_auxiliary_states``, with repetitions."""
    states = auxiliary_states(graph)
    return [node.name for index, node in graph.variables if index in states]


def output_names(graph: Graph) -> list[str]:
    """MXNet's ``list_outputs``. An operator that is not supported counts as one with one output,
    unless another one is taken."""
    return [_output_name(graph, head) for head in graph.heads]


def _output_name(graph: Graph, head: NodeEntry) -> str:
    node = graph.nodes[head.node]
    if node.op is None:
        return node.name
    named = (ONLY.get(node.op, "output"), *OUTPUTS.get(node.op, ()))
    several = head.output > 0
    operator = OPERATORS.get(node.op)
    if operator is not None:
        try:
            several = operator.output_count(operator.parse(node)) > 1
        except GraphError:
            pass
    if node.op in OUTPUTS and head.output < len(named):
        word = named[head.output]
    else:
        word = f"output{head.output}" if several else named[0]
    return f"{node.name}_{word}" if node.name else word
