"""Layers of graphs beyond what inference shows: training, gradients, layouts, refusals."""

from collections.abc import Mapping, Sequence
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from architectures.graph.assemble import assemble
from architectures.graph.functions.deformable_columns import deformable_convolution
from architectures.graph.functions.grids import affine_places, sampled
from architectures.graph.functions.pooling_windows import average_pool, lp_pool, max_pool
from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operators.pooling import same_in_pytorch
from architectures.graph.stored import StoredTensor
from mappings.errors import GraphError

Shape = tuple[int, ...]


def network(
    op: str,
    attributes: Mapping[str, str],
    shapes: Sequence[Shape],
    stored: Sequence[int] = (),
    known: bool = True,
) -> GraphNetwork:
    """A network of one node in float64; the inputs at ``stored`` are its tensors."""
    count = len(shapes)
    node = Node(op, "node", tuple(NodeEntry(index) for index in range(count)), attributes)
    variables = [Node(None, f"in{index}") for index in range(count)]
    graph = Graph((*variables, node), (NodeEntry(count),), 10901)
    held = {f"in{index}": StoredTensor(shapes[index], "float64") for index in stored}
    given = {f"in{index}": shapes[index] for index in range(count) if index not in stored}
    made = GraphNetwork(assemble(graph, held, given if known else {}))
    return made.double()


def drawn(*shape: int) -> Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(7)) - 0.5


BATCH_NORM = [(4, 3, 5, 2), *[(3,)] * 4]


@pytest.mark.parametrize("known", [True, False])
def test_batch_norm_trains_as_a_pytorch_layer_does(known: bool) -> None:
    ours = network("BatchNorm", {"momentum": "0.8", "eps": "1e-5"}, BATCH_NORM, range(1, 5), known)
    (layer,) = [m for m in ours.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    x = drawn(*BATCH_NORM[0])
    layer.running_var.fill_(1)
    theirs = nn.BatchNorm2d(3, momentum=0.2).double()
    assert torch.allclose(ours.train()(x), theirs.train()(x), atol=1e-14)
    assert torch.allclose(layer.running_mean, theirs.running_mean, atol=1e-15)
    assert torch.allclose(layer.running_var, theirs.running_var, atol=1e-15)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-14)


def test_a_fixed_gamma_is_one_and_is_not_trained() -> None:
    ours = network("BatchNorm", {}, BATCH_NORM, range(1, 5))
    (layer,) = [m for m in ours.modules() if isinstance(m, nn.BatchNorm2d)]
    assert layer.weight.eq(1).all() and not layer.weight.requires_grad and layer.bias.requires_grad


def test_global_statistics_are_those_of_the_file_in_training_too() -> None:
    attributes = {"use_global_stats": "True", "fix_gamma": "False"}
    ours = network("BatchNorm", attributes, BATCH_NORM, range(1, 5))
    state = {name: drawn(3) + 1 for name in ours.state_dict()}
    ours.load_state_dict(state)
    x = drawn(*BATCH_NORM[0])
    assert torch.equal(ours.train()(x), ours.eval()(x))
    assert all(torch.equal(tensor, state[name]) for name, tensor in ours.state_dict().items())


def test_dropout_drops_in_training_alone() -> None:
    x = torch.ones(8, 4, 6, 6, dtype=torch.float64)
    plain = network("Dropout", {"p": "0.25"}, [(8, 4, 6, 6)])
    assert torch.equal(plain.eval()(x), x)
    dropped = plain.train()(x)
    assert set(dropped.unique().tolist()) == {0.0, 1 / 0.75}


@pytest.mark.parametrize("axes", ["(2, 3)", "(3,)", "(0, 2)"])
def test_dropout_keeps_or_drops_all_along_its_axes(axes: str) -> None:
    x = torch.ones(8, 4, 6, 6, dtype=torch.float64)
    ours = network("Dropout", {"p": "0.5", "axes": axes}, [(8, 4, 6, 6)])
    dropped = ours.train()(x)
    along = [int(axis) for axis in axes.strip("(,)").split(",")]
    assert torch.equal(dropped.amin(along), dropped.amax(along))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("op", "attributes", "last"),
    [
        ("Convolution", {"kernel": "(3, 2)", "stride": "(2, 1)", "pad": "(1, 0)"}, "NHWC"),
        ("Convolution", {"kernel": "(1, 2, 2)", "num_group": "2"}, "NDHWC"),
        ("Deconvolution", {"kernel": "(3, 2)", "stride": "(2, 1)", "adj": "(1, 0)"}, "NHWC"),
        ("Deconvolution", {"kernel": "(3, 2)", "target_shape": "(5, 6)"}, "NHWC"),
    ],
)
def test_channels_last_is_the_same_with_axes_moved(
    op: str, attributes: dict[str, str], last: str
) -> None:
    """MXNet runs this layout on GPUs alone; its weights are (filters, *kernel, channels)."""
    groups = int(attributes.get("num_group", "1"))
    kernel = tuple(int(size) for size in attributes["kernel"].strip("()").split(","))
    attributes = {"num_filter": "4", "no_bias": "True", **attributes}
    data = (2, 4, 5, 6, 3)[: len(kernel) + 2]
    weight = (4, 4 // groups, *kernel)
    first = network(op, attributes, [data, weight], [1])
    moved = [(s[0], *s[2:], s[1]) for s in (data, weight)]
    ours = network(op, {**attributes, "layout": last}, moved, [1])
    x, w = drawn(*data), drawn(*weight)
    first.load_state_dict(dict.fromkeys(first.state_dict(), w))
    ours.load_state_dict(dict.fromkeys(ours.state_dict(), w.movedim(1, -1)))
    expected = first(x).movedim(1, -1)
    found = ours(x.movedim(1, -1))
    assert found.shape == expected.shape and torch.allclose(found, expected, atol=1e-14)


def test_rrelu_takes_the_mean_slope_in_inference() -> None:
    """MXNet 1.9.1 answers -0.20000000298023224 for -1 and slopes from 0.1 to 0.3, in float64."""
    ours = network(
        "LeakyReLU", {"act_type": "rrelu", "lower_bound": "0.1", "upper_bound": "0.3"}, [(1, 3)]
    ).eval()
    x = torch.tensor([[-1.0, 2.0, -0.5]], dtype=torch.float64)
    exact = ours.run([x], exact=True)
    assert exact.tolist() == [RRELU]
    assert torch.allclose(ours(x), exact, atol=1e-7)


RRELU = [-0.20000000298023224, 2.0, -0.10000000149011612]

MXNET_2_GROUPS = [
    [-1.4811412935972204, -0.7975376196292725, 1.2532734022745713],
    [0.7721321086773509, 0.7721321086773509, 3.5065468045491426],
    [0.3969477325660371, -2.0076306685849064, 0.3969477325660371],
    [10.48091058135849, 4.068701511622642, 4.068701511622642],
]


def test_groups_with_a_gamma_for_each_channel_are_those_of_mxnet_2() -> None:
    """MXNet 2.0.0b1 answered this for squares modulo 7; MXNet 1 has a gamma for each group."""
    attributes = {"num_groups": "2", "eps": "0.001"}
    ours = network("_npx_group_norm", attributes, [(1, 4, 3), (4,), (4,)], (1, 2))
    (layer,) = [module for module in ours.modules() if isinstance(module, nn.GroupNorm)]
    gamma = torch.arange(1, 5, dtype=torch.float64)
    layer.load_state_dict({"weight": gamma, "bias": gamma - 1})
    x = (torch.arange(12, dtype=torch.float64) ** 2 % 7).reshape(1, 4, 3)
    found = ours.run([x], exact=True)[0]
    assert torch.allclose(found, torch.tensor(MXNET_2_GROUPS, dtype=torch.float64), atol=1e-13)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("log_sigmoid", [-1.3132616875182228, -0.6931471805599453, -0.12692801104297263]),
        ("mish", [-0.30340146137410895, 0.0, 1.9439589595339946]),
    ],
)
def test_activations_that_mxnet_2_added(kind: str, expected: list[float]) -> None:
    """MXNet 2.0.0b1 answered these for -1, 0 and 2."""
    x = torch.tensor([-1.0, 0.0, 2.0], dtype=torch.float64)
    found = network("_npx_activation", {"act_type": kind}, [(3,)])(x)
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-15)


SIZES = list(product(range(1, 5), range(1, 4), range(3), (False, True)))


@pytest.mark.parametrize(("kernel", "stride", "pad", "full"), SIZES)
def test_pytorch_pools_alike_for_every_size_where_it_is_said_to(
    kernel: int, stride: int, pad: int, full: bool
) -> None:
    if not same_in_pytorch((kernel,), (stride,), (pad,), full):
        return
    for size in range(max(1, kernel - 2 * pad), 14):
        x = drawn(1, 1, size)
        theirs = F.max_pool1d(x, kernel, stride, pad, ceil_mode=full)
        assert torch.equal(theirs, max_pool(x, (kernel,), (stride,), (pad,), full))
        for counted in (True, False):
            average = F.avg_pool1d(x, kernel, stride, pad, full, counted)
            ours = average_pool(x, (kernel,), (stride,), (pad,), full, counted)
            assert torch.allclose(average, ours, atol=1e-15)


def test_gradients_flow_through_the_helpers() -> None:
    x = drawn(1, 2, 4, 5).requires_grad_()
    offset, mask = drawn(1, 8, 3, 4).requires_grad_(), drawn(1, 4, 3, 4).requires_grad_()
    weight, one = drawn(2, 2, 2, 2).requires_grad_(), (1, 1)
    theta = drawn(1, 6).requires_grad_()
    checks = [
        (
            lambda *t: deformable_convolution(*t, None, one, (0, 0), one, 1, 1),
            (x, offset, mask, weight),
        ),
        (lambda a: average_pool(a, (2, 2), (2, 2), (1, 1), True, False), (x,)),
        (lambda a: lp_pool(a.abs() + 1, (2, 2), (2, 2), (1, 1), True, 2), (x,)),
        (lambda a, t: sampled(a, affine_places(t, (3, 2))), (x, theta)),
    ]
    for function, inputs in checks:
        assert torch.autograd.gradcheck(function, inputs)


@pytest.mark.parametrize(
    ("op", "attributes", "shapes", "said"),
    [
        (
            "Deconvolution",
            {"kernel": "(3, 3)", "dilate": "(2, 2)", "num_filter": "2"},
            [(1, 2, 5, 5), (2, 2, 3, 3)],
            "dilate",
        ),
        ("Pooling", {"kernel": "(3,)", "pooling_convention": "same"}, [(1, 2, 5)], "same"),
        ("Pooling", {"pool_type": "lp", "kernel": "(2, 2)"}, [(1, 2, 5, 5)], "p_value"),
        (
            "Convolution",
            {"kernel": "(3, 3)", "num_filter": "2", "stride": "(1,)"},
            [(1, 2, 5, 5), (2, 2, 3, 3)],
            "stride",
        ),
        (
            "Convolution",
            {"kernel": "(3, 3)", "num_filter": "2", "layout": "NCW"},
            [(1, 2, 5, 5), (2, 2, 3, 3)],
            "layout",
        ),
        ("Dropout", {"mode": "always"}, [(1, 2)], "always"),
        ("log_softmax", {"use_length": "True"}, [(1, 2)], "use_length"),
    ],
)
def test_what_cannot_be_proven_is_refused(
    op: str, attributes: dict[str, str], shapes: list[Shape], said: str
) -> None:
    with pytest.raises(GraphError, match=said) as refused:
        network(op, attributes, shapes)
    assert "node" in str(refused.value) and "\n" not in str(refused.value)
