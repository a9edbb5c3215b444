"""Recurrent layers beyond conformance: dropout, states of unknown batch, training."""

import pytest
import torch

from architectures.graph.assemble import assemble
from architectures.graph.functions.flat_rnn import recurrent
from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.stored import StoredTensor
from mappings.errors import GraphError

LSTM_SIZE = 4 * 3 * (2 + 3 + 2) + 4 * 3 * (3 + 3 + 2)  # two layers of 3 units for 2 inputs


def lstm(**attributes: str) -> GraphNetwork:
    """A network of one LSTM node whose weights the file holds."""
    given = {"state_size": "3", "num_layers": "2", "mode": "lstm", **attributes}
    entries = tuple(NodeEntry(index) for index in range(4))
    names = ("data", "weights", "h", "c")
    nodes = (*(Node(None, name) for name in names), Node("RNN", "rnn", entries, given))
    stored = {"weights": StoredTensor((LSTM_SIZE,))}
    shapes = {"data": (None, None, 2), "h": (2, None, 3), "c": (2, None, 3)}
    network = GraphNetwork(assemble(Graph(nodes, (NodeEntry(4),)), stored, shapes))
    torch.manual_seed(0)
    network.load_state_dict({"weights": torch.randn(LSTM_SIZE) * 0.5})
    return network


DATA, STATE = torch.linspace(-1, 1, 24).reshape(4, 3, 2), torch.zeros(2, 3, 3)


def test_dropout_between_layers_is_for_training_alone() -> None:
    plain, dropped = lstm(), lstm(p="0.5")
    expected = plain(DATA, STATE, STATE)
    assert torch.equal(dropped.eval()(DATA, STATE, STATE), expected)
    dropped.train()
    torch.manual_seed(1)
    assert not torch.allclose(dropped(DATA, STATE, STATE), expected)


def test_the_one_vector_of_weights_is_trained() -> None:
    network = lstm(p="0.5")
    network(DATA, STATE, STATE).square().sum().backward()
    (weights,) = network.parameters()
    assert weights.shape == (LSTM_SIZE,)
    assert weights.grad is not None and (weights.grad != 0).all()


@pytest.mark.parametrize("batch", [0, 1])
def test_states_of_a_batch_that_the_graph_does_not_know_are_widened(batch: int) -> None:
    weights = torch.linspace(-1, 1, LSTM_SIZE)
    unknown = torch.zeros(2, batch, 3)
    found = recurrent(DATA, weights, unknown, unknown, "lstm", 3, 2)
    expected = recurrent(DATA, weights, STATE, STATE, "lstm", 3, 2)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_weights_of_another_size_are_refused() -> None:
    entries = tuple(NodeEntry(index) for index in range(3))
    attributes = {"state_size": "3", "num_layers": "1", "mode": "gru"}
    names = ("data", "weights", "h")
    nodes = (*(Node(None, name) for name in names), Node("RNN", "rnn", entries, attributes))
    with pytest.raises(GraphError, match=r"weights has shape \(10,\), its node needs \(63,\)"):
        assemble(
            Graph(nodes, (NodeEntry(3),)),
            {"weights": StoredTensor((10,))},
            {"data": (4, 1, 2), "h": (1, 1, 3)},
        )
