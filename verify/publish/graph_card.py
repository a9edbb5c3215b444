"""The model card of a network that came from a graph."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from architectures.graph.infer import shown
from mappings.words import one_line
from verify.graphs.output_meaning import output_meanings
from verify.parity.result import Parity
from verify.publish.card import templates
from verify.publish.graph_evidence import GraphEvidence, parameters_of
from verify.publish.graph_parity_record import is_weak


@dataclass(frozen=True)
class GraphChoices:
    """What the publisher says beyond the evidence: the licence of the weights as the hub names it,
    and the release's name on a hub."""

    license: str | None
    repository: str | None


def graph_card(evidence: GraphEvidence, choices: GraphChoices) -> str:
    """The text of the card."""
    parity, converted = evidence.parity, evidence.converted
    text = (
        templates()
        .get_template("graph_card.md.j2")
        .render(
            title=choices.repository or "A network from an MXNet graph",
            inputs=[(one_line(name), shown(shape)) for name, shape in evidence.inputs],
            outputs=_outputs(evidence),
            preparation=_preparation(evidence),
            parameters=parameters_of(evidence.checkpoint),
            dtype=evidence.dtype,
            size=os.path.getsize(evidence.path),
            sha256=evidence.sha256,
            license=f"`{choices.license}`" if choices.license else "not stated: ask its owner",
            parity_line=_proof(parity),
            criteria=parity.criteria,
            accuracy=evidence.accuracy,
            without_accuracy=evidence.without_accuracy,
            version=converted.version,
            source=converted.source,
            source_sha256=converted.source_sha256,
            symbol_sha256=evidence.checkpoint.provenance.get("symbol_sha256"),
        )
    )
    head = {"library_name": "pytorch", "tags": ["mxnet", "gluonport"]}
    if choices.license:
        head["license"] = choices.license
    return f"---\n{json.dumps(head)}\n---\n{text}\n"


def _outputs(evidence: GraphEvidence) -> list[tuple[str, str, str | None]]:
    """Each output's name and shape, and what it means. Shapes that the graph leaves open are those
    of the inputs that it was proven with."""
    proven = {output.name: output.shape for output in evidence.parity.outputs}
    known = [shape or proven.get(name) for name, shape in evidence.outputs]
    meanings = output_meanings(evidence.plan.graph, known, evidence.task)
    named = zip(evidence.outputs, known, meanings, strict=True)
    return [(one_line(name), shown(shape), meaning) for (name, _), shape, meaning in named]


def _preparation(evidence: GraphEvidence) -> str:
    found = evidence.preprocessing
    if found is None:
        return (
            "The graph does not say how its inputs are prepared: give it what it was trained with."
        )
    steps = f"The input is prepared by: {found['steps']}."
    if found.get("mean"):
        steps += f" Then minus {found['mean']}, divided by {found['std']} (RGB)."
    return f"{steps} (GluonCV: `{found['source']}`)"


def _proof(parity: Parity) -> str:
    if parity.leg == "operators":
        return (
            "Every value is the source's, and every operator of the graph computes what MXNet's "
            "own does; MXNet did not run this network as a whole."
        )
    ran = f"MXNet ran this very graph with these weights on {parity.images} inputs"
    if is_weak(parity):
        return (
            f"{ran}, in float32 alone, because it does not compute this graph in float64. The "
            f"network agrees within the rounding of float32, node by node; this is a weaker proof "
            f"than one in float64."
        )
    return f"{ran}, and the network computes the same, node by node."
