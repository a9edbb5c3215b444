"""The written Python file computes what the loaded network computes, and reads well."""

import ast
import importlib.util
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from functools import cache
from os import environ
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

import gluonport
from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.identifiers import class_name, variable
from architectures.graph.lowering import lower
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan
from architectures.graph.python_source import write_source
from architectures.graph.source.variables import generic
from architectures.graph.stored import StoredTensor
from convert.formats.symbol import open_symbol, parse_symbol
from gluonport.commands.main import main
from mappings.errors import GraphError

SHARED = Path(environ.get("GLUONPORT_SHARED", Path(__file__).parents[2] / "shared"))


def planned(graph: Graph, shapes: Mapping[str, tuple[int, ...]], batch: bool = True) -> Plan:
    """The plan of a graph whose parameters have the shapes that its nodes need.

    ``shapes``: of the inputs. Where ``batch`` is True their first size is unknown to the plan.
    """
    given: dict[str, Dims] = dict(shapes)
    known = lower(graph, {}, given).shapes
    stored = {}
    for index, node in graph.variables:
        shape = known[index][0] if node.name not in shapes else None
        if shape is not None and None not in shape and "label" not in node.name:
            stored[node.name] = StoredTensor(tuple(size or 0 for size in shape))
    if batch:
        given = {name: (None, *shape[1:]) for name, shape in shapes.items()}
    return assemble(graph, stored, given)


def loaded(source: str, folder: Path) -> ModuleType:
    """The written file as a module."""
    path = folder / "written.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("written", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(network: nn.Module) -> dict[str, Tensor]:
    """A state dict of random tensors that keep activations of order 1."""
    torch.manual_seed(0)
    state = {}
    for name, tensor in network.state_dict().items():
        if not tensor.is_floating_point():
            state[name] = tensor.clone()
        elif name.endswith("running_var"):
            state[name] = torch.rand_like(tensor) + 0.5
        else:
            fan = tensor[0].numel() if tensor.dim() > 1 else 4
            state[name] = torch.randn_like(tensor) / max(fan, 1) ** 0.5
    return state


def same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(torch.nan_to_num(one), torch.nan_to_num(other)) and one.dtype == other.dtype


def networks(plan: Plan, folder: Path) -> tuple[GraphNetwork, nn.Module]:
    """The loaded and the written network with the same random weights."""
    written: nn.Module = loaded(write_source(plan, "net.safetensors"), folder).Net()
    network = GraphNetwork(plan)
    state = drawn(network)
    network.load_state_dict(state)
    written.load_state_dict(state)
    return network.eval(), written.eval()


def assert_alike(plan: Plan, folder: Path, inputs: list[Tensor]) -> None:
    network, written = networks(plan, folder)
    assert list(written.state_dict()) != [] or not network.state_dict()
    trained = {name for name, value in network.named_parameters() if value.requires_grad}
    assert trained == {name for name, value in written.named_parameters() if value.requires_grad}
    with torch.no_grad():
        assert same(network(*inputs), written(*inputs))


def assert_tidy(source: str, folder: Path) -> None:
    """ruff finds nothing in the source, and formats it as it stands."""
    path = folder / "tidy.py"
    path.write_text(source)
    settings = ["--isolated", "--line-length=100", "--target-version=py311"]
    rules = "--select=B,E,F,I,PIE,RUF,UP,W"
    for command in (["check", rules], ["format", "--diff"]):
        done = subprocess.run(
            ["ruff", *command, *settings, path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


# Graphs made by hand


Nodes = list[dict[str, Any]]


def symbol(nodes: Nodes, heads: list[list[int]]) -> Graph:
    variables = [index for index, node in enumerate(nodes) if node["op"] == "null"]
    text = json.dumps({"nodes": nodes, "arg_nodes": variables, "heads": heads})
    return parse_symbol(text, "symbol.json")


class Symbol:
    """Builds a symbol as MXNet's front end does."""

    def __init__(self) -> None:
        self.nodes: Nodes = []

    def variable(self, name: str) -> int:
        self.nodes.append({"op": "null", "name": name, "inputs": []})
        return len(self.nodes) - 1

    def add(self, op: str, name: str, *inputs: int, leaves: str = "", **attrs: Any) -> int:
        taken = [*inputs, *(self.variable(f"{name}_{leaf}") for leaf in leaves.split())]
        self.nodes.append(
            {
                "op": op,
                "name": name,
                "inputs": [[node, 0, 0] for node in taken],
                "attrs": {key: str(value) for key, value in attrs.items()},
            }
        )
        return len(self.nodes) - 1

    def conv(self, name: str, x: int, channels: int, kernel: int = 3, stride: int = 1) -> int:
        return self.add(
            *("Convolution", name, x),
            leaves="weight",
            num_filter=channels,
            kernel=(kernel, kernel),
            stride=(stride, stride),
            pad=(kernel // 2, kernel // 2),
            no_bias=True,
        )

    def norm(self, name: str, x: int, fix_gamma: bool = False) -> int:
        leaves = "gamma beta moving_mean moving_var"
        return self.add("BatchNorm", name, x, leaves=leaves, fix_gamma=fix_gamma)

    def relu(self, name: str, x: int) -> int:
        return self.add("Activation", name, x, act_type="relu")

    def graph(self, *heads: int) -> Graph:
        return symbol(self.nodes, [[head, 0, 0] for head in heads])


def residual() -> Graph:
    """A small ResNet under the names of MXNet's example, with sums whose names say nothing."""
    s = Symbol()
    x = s.norm("bn_data", s.variable("data"), fix_gamma=True)
    x = s.conv("conv0", x, 8)
    count = 0
    for stage, channels in ((1, 8), (2, 16)):
        for unit in (1, 2, 3):
            name = f"stage{stage}_unit{unit}_"
            stride = 2 if stage == 2 and unit == 1 else 1
            act = s.relu(f"{name}relu1", s.norm(f"{name}bn1", x))
            y = s.conv(f"{name}conv1", act, channels, stride=stride)
            if unit == 1:
                x = s.conv(f"{name}sc", act, channels, kernel=1, stride=stride)
            x = s.add("elemwise_add", f"_plus{count}", y, x)
            count += 1
    x = s.add("Pooling", "pool1", x, global_pool=True, kernel=(1, 1), pool_type="avg")
    x = s.add("Flatten", "flatten0", x)
    x = s.add("Dropout", "dropout0", x, p=0.5)
    x = s.add("FullyConnected", "fc", x, leaves="weight bias", num_hidden=10)
    return s.graph(s.add("softmax", "softmax0", x))


def test_a_residual_network_is_written_with_one_class_a_unit(tmp_path: Path) -> None:
    plan = planned(residual(), {"data": (2, 3, 16, 16)})
    source = write_source(plan, "tiny-resnet.safetensors")
    assert_tidy(source, tmp_path)
    assert_alike(plan, tmp_path, [torch.randn(3, 3, 16, 16)])
    assert source.count("nn.Conv2d(") == 4  # conv0, the first units', and the other units'
    assert "class TinyResnet(nn.Module):" in source
    assert "unit2=Unit(8)" in source and "unit2=Unit(16)" in source
    assert "stage2.unit1.conv1.weight" in loaded(source, tmp_path).TinyResnet().state_dict()
    assert "# (N, 10)" in source and "(N, channels, H, W)" in source


def test_a_fixed_gamma_is_not_trained_and_said(tmp_path: Path) -> None:
    plan = planned(residual(), {"data": (2, 3, 16, 16)})
    _, written = networks(plan, tmp_path)
    assert not written.get_parameter("bn_data.weight").requires_grad
    assert "fix_gamma" in write_source(plan)


def test_the_written_network_trains(tmp_path: Path) -> None:
    plan = planned(residual(), {"data": (2, 3, 16, 16)})
    _, written = networks(plan, tmp_path)
    written.train()
    images, labels = torch.randn(8, 3, 16, 16), torch.arange(8)
    mean = written.get_buffer("stage1.unit1.bn1.running_mean").clone()
    with torch.no_grad():
        assert not torch.equal(written(images), written(images))  # Dropout draws
    trained = [value for value in written.parameters() if value.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=0.05)
    losses = []
    for _ in range(8):
        torch.manual_seed(1)
        loss = nn.functional.nll_loss(written(images).log(), labels)
        optimiser.zero_grad()
        loss.backward()
        assert all(value.grad is not None and value.grad.abs().sum() > 0 for value in trained)
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert not torch.equal(mean, written.get_buffer("stage1.unit1.bn1.running_mean"))


def test_a_written_file_loads_its_weights_from_beside_it(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    plan = planned(residual(), {"data": (2, 3, 16, 16)})
    network, _ = networks(plan, tmp_path)
    module = loaded(write_source(plan, "net.safetensors"), tmp_path)
    save_file(network.state_dict(), tmp_path / "written.safetensors")
    save_file({"wrong": torch.zeros(1)}, tmp_path / "other.safetensors")
    x = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        assert same(module.load()(x), network(x))
    assert not module.load().training
    with pytest.raises(RuntimeError, match="wrong"):
        module.load(tmp_path / "other.safetensors")


def test_it_imports_torch_alone(tmp_path: Path) -> None:
    tree = ast.parse(write_source(planned(residual(), {"data": (1, 3, 16, 16)})))
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    assert found - {"torch"} <= set(sys.stdlib_module_names)


@pytest.mark.exhaustive
def test_the_text_does_not_depend_on_hashes() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_architectures_source import *\n"
        "print(write_source(planned(residual(), {'data': (2, 3, 16, 16)})))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


HOSTILE = [
    'x"""\nimport os\nos.abort()\n"""',
    "a'b; import os",
    "__import__('os').abort()",
    "\\\nimport os",
    "forward",
    "class",
    "self",
    "torch",
    "F",
    "{evil}",
    "",
    "",
    "é" * 50,
    "w" * 500,
]


def test_variables_have_no_names_that_say_nothing_or_look_like_digits() -> None:
    assert all(map(generic, ("batchnorm1", "batchnormcudnnoff0", "layernorm2", "conv0")))
    assert not generic("attention")
    assert [variable([word]) for word in ("l", "O", "lo")] == ["l_", "O_", "lo"]
    assert class_name("i") == "BlockI"


def test_no_name_of_a_file_gets_into_the_code(tmp_path: Path) -> None:
    s = Symbol()
    x = s.variable("im port\nos")
    for name in HOSTILE:
        x = s.relu(name, s.norm(name, s.conv(name, x, 4)))
    plan = planned(s.graph(x, x - 1), {"im port\nos": (2, 3, 8, 8)})
    source = write_source(plan, 'evil"""\nimport os.safetensors')
    assert_tidy(source, tmp_path)
    tree = ast.parse(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    variables = {"x", "out", "self", "path", "network", "load_file"} | {"w" * 24}
    known = {"nn", "F", "Tensor", "Path", "__file__", "str", "tuple", "super"}
    assert names <= classes | variables | known
    assert_alike(plan, tmp_path, [torch.randn(2, 3, 8, 8)])


def test_hostile_words_of_a_plan_are_refused() -> None:
    from dataclasses import replace

    from architectures.graph.expression import Apply, DType

    plan = planned(residual(), {"data": (2, 3, 16, 16)})
    bad: list[Any] = [
        Apply("os.system", ("rm",)),
        Apply("torch.exp(__import__", (1,)),
        Apply(".x y", (1,)),
        Apply("torch.zeros", (1,), {"a b": 1}),
        Apply("torch.zeros", (1,), {"dtype": DType("float32); evil(")}),
        Apply("torch.zeros", (object(),)),
    ]
    for expression in bad:
        steps = (*plan.steps[:-1], replace(plan.steps[-1], outputs=(expression,)))
        with pytest.raises((ValueError, TypeError)):
            write_source(replace(plan, steps=steps))


def test_several_inputs_outputs_and_shared_layers(tmp_path: Path) -> None:
    s = Symbol()
    left, right = s.variable("left"), s.variable("right")
    weight, bias = s.variable("shared_weight"), s.variable("shared_bias")
    attrs = {"num_hidden": 4}
    one = s.add("FullyConnected", "first", left, weight, bias, **attrs)
    two = s.add("FullyConnected", "second", right, weight, bias, **attrs)
    total = s.add("elemwise_add", "_plus0", one, two)
    parts = s.add("SliceChannel", "cut", total, num_outputs=2, axis=1)
    graph = symbol(s.nodes, [[parts, 1, 0], [parts, 0, 0], [two, 0, 0], [left, 0, 0]])
    plan = planned(graph, {"left": (2, 5), "right": (2, 5)})
    source = write_source(plan)
    assert_tidy(source, tmp_path)
    assert "def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, ...]:" in source
    assert source.count("self.shared(") == 2 and len(plan.modules) == 1
    assert_alike(plan, tmp_path, [torch.randn(3, 5), torch.randn(3, 5)])


def test_layers_of_many_literals_become_arguments(tmp_path: Path) -> None:
    """Blocks that differ in kernel, stride, groups and numbers in forward share a class."""
    s = Symbol()
    x = s.variable("data")
    for index, (channels, kernel, stride, slope) in enumerate(
        ((4, 3, 1, 0.1), (6, 1, 2, 0.2), (8, 5, 1, 0.3), (8, 3, 1, 0.1))
    ):
        x = s.norm(f"part{index}_bn", s.conv(f"part{index}_conv", x, channels, kernel, stride))
        x = s.add("LeakyReLU", f"part{index}_act", x, act_type="leaky", slope=slope)
    plan = planned(s.graph(x), {"data": (2, 3, 16, 16)})
    source = write_source(plan)
    assert_tidy(source, tmp_path)
    assert source.count("nn.Conv2d(") == 1
    assert_alike(plan, tmp_path, [torch.randn(2, 3, 16, 16)])


# Real graphs


CIFAR = ["cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_resnet56_v1", "cifar_resnet56_v2"]


@pytest.mark.skipif(not (SHARED / "real").exists(), reason="the shared files are not here")
@pytest.mark.parametrize("name", CIFAR)
def test_a_converted_network_with_trained_weights_is_written(name: str, tmp_path: Path) -> None:
    target = tmp_path / f"{name}.safetensors"
    source = SHARED / "real" / f"{name}-symbol.json"
    done = CliRunner().invoke(main, ["convert", "graph", str(target), "--from", str(source)])
    assert done.exit_code == 0, done.output
    text = target.with_suffix(".py").read_text()
    assert_tidy(text, tmp_path)
    network = gluonport.load(target)
    module = loaded(text, tmp_path)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert same(module.load(target)(x), network(x))


@cache
def manifest() -> list[dict[str, Any]]:
    path = SHARED / "symbols" / "MANIFEST.json"
    return json.loads(path.read_text()) if path.exists() else []


@pytest.fixture(scope="module")
def symbols(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("symbols")
    with tarfile.open(SHARED / "symbols" / "symbols.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


REAL = [
    entry["name"]
    for entry in manifest()
    if entry["mxnet_191"].get("forward") == "ok" and "data_shape" in entry["mxnet_191"]
]
QUICK = {"lotto-net", "lightened-cnn", "cifar-resnet20-v1", "rnn-lstm-fused", "fc-softmax"}


def mark(name: str) -> Any:
    """By the seconds that MXNet takes for the graph."""
    if name in QUICK:
        return ()
    entry = next(entry for entry in manifest() if entry["name"] == name)
    quick = (entry["mxnet_191"].get("forward_seconds") or 0) <= 0.3
    return pytest.mark.exhaustive if quick else pytest.mark.large_graphs


@pytest.mark.parametrize("name", [pytest.param(name, marks=mark(name)) for name in REAL])
def test_a_real_graph_is_written_as_it_is_loaded(name: str, symbols: Path, tmp_path: Path) -> None:
    entry = next(entry for entry in manifest() if entry["name"] == name)
    shapes = {k: tuple(v) for k, v in entry["mxnet_191"]["data_shape"].items()}
    try:
        plan = planned(open_symbol(symbols / f"{name}.json"), shapes, batch=False)
    except GraphError as refused:
        pytest.skip(str(refused))
    source = write_source(plan, f"{name}.safetensors")
    assert_tidy(source, tmp_path)
    inputs = [torch.rand([size or 1 for size in taken.shape or ()]) for taken in plan.inputs]
    try:
        with torch.no_grad():
            GraphNetwork(plan).eval()(*inputs)
    except RuntimeError as wrong:
        pytest.skip(f"the graph does not tell the shapes of its parameters: {wrong}")
    assert_alike(plan, tmp_path, inputs)
