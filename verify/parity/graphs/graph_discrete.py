"""Which nodes of a graph choose or round, so that a tiny difference may change their answer."""

from __future__ import annotations

from architectures.graph.graph import Graph, Node
from architectures.graph.operators import OPERATORS
from architectures.graph.plan import Plan
from architectures.graph.references import values

COMPARISONS = (
    "_equal",
    "_greater",
    "_lesser",
    "_not_equal",
    "_npi_equal",
    "_npi_greater",
    "_npi_less",
    "_npi_not_equal",
    "broadcast_equal",
    "broadcast_greater",
    "broadcast_lesser",
    "broadcast_not_equal",
)
"""How the names of comparisons begin."""
DISCRETE = (
    "Cast",
    "ROIPooling",
    "_contrib_DeformablePSROIPooling",
    "_contrib_MultiBoxDetection",
    "_contrib_MultiBoxTarget",
    "_contrib_MultiProposal",
    "_contrib_PSROIPooling",
    "_contrib_bipartite_matching",
    "_contrib_box_nms",
    "_contrib_round_ste",
    "_contrib_sign_ste",
    "_npi_argmax",
    "_npi_argmin",
    "_npi_around",
    "argmax",
    "argmax_channel",
    "argmin",
    "argsort",
    "ceil",
    "fix",
    "floor",
    "rint",
    "round",
    "sign",
    "topk",
    "trunc",
)
"""Further operators that choose or round, by their first names: where their input is close to a
tie, rounding changes their answer. A Cast does so if it gives whole numbers."""


def first_name(node: Node) -> str:
    """The first of its operator's names; "" for a variable."""
    operator = OPERATORS.get(node.op or "")
    return operator.names[0] if operator else node.op or ""


def is_discrete(graph: Graph, node: int) -> bool:
    """Whether a node chooses or rounds."""
    name = first_name(graph.nodes[node])
    if name == "Cast":
        return "int" in graph.nodes[node].attributes.get("dtype", "")
    return name in DISCRETE or name.startswith(COMPARISONS)


def after_discrete(plan: Plan) -> set[int]:
    """The discrete nodes and all that depend on them, but for comparisons of what the network is
    given: no rounding is in it."""
    found: set[int] = set()
    nodes = plan.graph.nodes
    for step in plan.steps:
        node = nodes[step.node]
        given = all(nodes[entry.node].op is None for entry in node.inputs)
        steady = given and first_name(node).startswith(COMPARISONS)
        before = {value.node for value in values(step.outputs)}
        if before & found or (is_discrete(plan.graph, step.node) and not steady):
            found.add(step.node)
    return found
