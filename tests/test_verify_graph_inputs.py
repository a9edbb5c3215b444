"""What a graph's inputs are given in a proof: values that MXNet's operators have an answer for."""

from __future__ import annotations

import numpy as np
import pytest

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph, Node, NodeEntry
from verify.reference.graph_inputs import graph_inputs

STEPS, BATCH, CLASSES, LONGEST = 6, 2, 5, 4


@pytest.mark.parametrize(("blank", "padding"), [("first", 0), ("last", -1)])
def test_labels_of_a_ctc_loss_are_transcripts(blank: str, padding: int) -> None:
    """Without a first label MXNet reads memory that is not its own; too many have no loss."""
    shapes = {"data": (STEPS, BATCH, CLASSES), "label": (BATCH, LONGEST), "lengths": (BATCH,)}
    attributes = {"blank_label": blank, "use_label_lengths": "True"}
    entries = tuple(NodeEntry(at) for at in range(3))
    loss = Node("CTCLoss", "loss", entries, attributes)
    graph = Graph((*(Node(None, name) for name in shapes), loss), (NodeEntry(3),), 10901)
    drawn = graph_inputs(assemble(graph, {}, shapes), shapes, {}, count=20)
    labels, lengths = drawn["label"], drawn["lengths"]
    count = STEPS // 2
    assert (labels[..., count:] == padding).all() and (lengths == count).all()
    assert set(np.unique(labels[..., :count])) == set(range(padding + 1, padding + CLASSES))
