"""Shaping and indexing operators as networks: any batch, gradients, export, and refusals."""

from collections.abc import Mapping, Sequence

import pytest
import torch

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operator import Dims
from architectures.graph.operators import OPERATORS
from mappings.errors import GraphError


def network(op: str, attributes: Mapping[str, str], *shapes: Dims) -> GraphNetwork:
    """One node whose inputs have these shapes."""
    nodes = [Node(None, f"x{index}") for index in range(len(shapes))]
    entries = tuple(NodeEntry(index) for index in range(len(shapes)))
    nodes.append(Node(op, "y", entries, attributes))
    count = OPERATORS[op].output_count(OPERATORS[op].parse(nodes[-1]))
    heads = tuple(NodeEntry(len(shapes), output) for output in range(count))
    given = {f"x{index}": shape for index, shape in enumerate(shapes)}
    return GraphNetwork(assemble(Graph(tuple(nodes), heads), {}, given))


@pytest.mark.parametrize(
    ("op", "attributes", "shape"),
    [
        ("Reshape", {"shape": "(0, -4, 2, -1, -2)"}, (None, 4, None)),
        ("Reshape", {"shape": "(-3, 0)"}, (None, 4, None)),
        ("slice_axis", {"axis": "-1", "begin": "0", "end": "2"}, (None, 4, None)),
        ("SliceChannel", {"num_outputs": "2"}, (None, 4, None)),
        ("_contrib_arange_like", {"axis": "1"}, (None, 4, None)),
        ("topk", {"k": "2", "ret_typ": "both"}, (None, 4, None)),
        ("squeeze", {"axis": "1"}, (None, 1, None)),
        ("expand_dims", {"axis": "1"}, (None, 4, None)),
    ],
)
def test_a_network_that_was_made_without_sizes_is_exported_for_any_batch(
    op: str, attributes: dict[str, str], shape: Dims
) -> None:
    made = network(op, attributes, shape)
    x = torch.rand(2, shape[1] or 1, 5)
    batch = {"dynamic_shapes": {"inputs": ({0: torch.export.Dim("batch")},)}}
    exported = torch.export.export(made, (x,), **batch).module()  # type: ignore[arg-type]
    for size in (2, 7):
        data = torch.rand(size, shape[1] or 1, 5)
        assert_same(exported(data), made(data))


def assert_same(a: object, b: object) -> None:
    ours, theirs = (one if isinstance(one, Sequence) else (one,) for one in (a, b))
    assert len(ours) == len(theirs)
    for x, y in zip(ours, theirs, strict=True):
        assert torch.equal(x, y)


@pytest.mark.parametrize(
    ("op", "attributes", "shapes"),
    [
        ("pick", {}, ((3, 4), (3,))),
        ("take", {"axis": "1"}, ((3, 4), (2,))),
        ("gather_nd", {}, ((3, 4), (2, 5))),
        ("_slice_assign", {"begin": "(0,)", "end": "(2,)"}, ((3, 4), (2, 4))),
        ("depth_to_space", {"block_size": "2"}, ((1, 4, 2, 2),)),
        ("slice_like", {"axes": "(0,)"}, ((3, 4), (2, 4))),
        ("_contrib_interleaved_matmul_selfatt_qk", {"heads": "2"}, ((3, 1, 12),)),
    ],
)
def test_gradients_flow(
    op: str, attributes: dict[str, str], shapes: tuple[tuple[int, ...], ...]
) -> None:
    x, *others = (torch.rand(shape, dtype=torch.float64) for shape in shapes)
    made = network(op, attributes, *shapes)
    assert torch.autograd.gradcheck(lambda data: made(data, *others), x.requires_grad_())


def test_a_batch_that_mxnet_infers_is_made_of_size_1() -> None:
    nodes = (
        Node("_zeros", "begin_state", (), {"shape": "(0, 4)"}),
        Node(None, "x"),
        Node("broadcast_add", "y", (NodeEntry(0), NodeEntry(1))),
    )
    graph = Graph(nodes, (NodeEntry(2),))
    made = GraphNetwork(assemble(graph, {}, {"x": (None, 4)}))
    x = torch.rand(3, 4)
    assert torch.equal(made(x), x)
    assert made.plan.shapes[0] == ((None, 4),)


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        ({"shape": "(0, 0, 2, -1)"}, (2, 3, 2, 4)),
        ({"shape": "(-3, 0)"}, (6, 8)),
        ({"shape": "(0, -4, 3, -1, 0)"}, (2, 3, 1, 8)),
        ({"shape": "(-1, 0, 0)", "reverse": "True"}, (2, 3, 8)),
        ({"shape": "(-3, 0)", "reverse": "True"}, (6, 8)),
    ],
)
def test_a_reshape_that_copies_sizes_needs_no_rank(
    attributes: dict[str, str], shape: tuple[int, ...]
) -> None:
    graph = Graph(
        (Node(None, "x"), Node("Reshape", "y", (NodeEntry(0),), attributes)), (NodeEntry(1),)
    )
    made = GraphNetwork(assemble(graph, {}))
    x = torch.rand(2, 3, 8)
    assert torch.equal(made(x), x.reshape(shape))


def test_gradients_flow_through_the_remainder_of_a_number() -> None:
    x = torch.tensor([[0.31, 0.5, -0.4]], dtype=torch.float64, requires_grad=True)
    made = network("_rmod_scalar", {"scalar": "0.7"}, (1, 3))
    made(x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[-2, -1, 2]]


def test_equal_elements_keep_the_order_of_their_positions() -> None:
    """As in MXNet on a GPU; on a CPU its order is another, which the proof models."""
    x = torch.tensor([[2.0, 1.0] * 20])
    made = network("topk", {"k": "3", "dtype": "int64"}, (1, 40))
    assert made(x).tolist() == [[0, 2, 4]]
    assert made.run((x,), exact=True).tolist() != [[0, 2, 4]]


@pytest.mark.parametrize(
    ("op", "attributes", "shape", "said"),
    [
        ("Reshape", {"shape": "(0, 0, 0)"}, (2, 3), "needs more axes than its input has"),
        ("Reshape", {"shape": "(-4, 1, 2, -1)"}, (2, 3), "MXNet cannot infer -1 here"),
        ("Reshape", {"shape": "(0, -2)"}, None, "the rank of its input is unknown"),
        ("_zeros", {"shape": "(100000, 100000)"}, None, "elements; at most"),
        ("_arange", {"start": "0", "infer_range": "True"}, None, "its length is inferred"),
        ("SliceChannel", {"num_outputs": "1000000000"}, (2, 3), "a split in 1000000000 parts"),
        ("slice", {"begin": "(0,)", "end": "(1,)", "step": "(0,)"}, (2, 3), "a step is 0"),
        ("Pooling", {"kernel": "(3,)", "stride": "(0,)"}, (2, 3, 5), "stride is .* 1 or more"),
        ("transpose", {"axes": "(0, 0)"}, (2, 3), "do not reorder"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_reason(
    op: str, attributes: dict[str, str], shape: Dims | None, said: str
) -> None:
    takes = OPERATORS[op].inputs
    nodes = [Node(None, "x")] if takes else []
    inputs = (NodeEntry(0),) if takes else ()
    nodes.append(Node(op, "y", inputs, attributes))
    given = {} if shape is None else {"x": shape}
    with pytest.raises(GraphError, match=said):
        assemble(Graph(tuple(nodes), (NodeEntry(len(nodes) - 1),)), {}, given)
