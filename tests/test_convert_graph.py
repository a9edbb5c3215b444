"""A graph and its parameters become a PyTorch network that computes what MXNet computes."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import gluonport
from convert.formats import open_checkpoint
from gluonport.commands.main import main
from mappings.errors import GluonportError
from tests.support.mxnet_scripts import in_mxnet
from tests.support.params_writer import NONE, dense, params
from tests.support.small_graph import SYMBOL, weights

SCRIPT = Path(__file__).parent / "support" / "mxnet_graphs.py"
NETWORKS = ("face", "towers", "text")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The networks as MXNet saved them."""
    folder = tmp_path_factory.mktemp("graphs")
    in_mxnet(SCRIPT, "write", folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy of them to convert in."""
    return Path(shutil.copytree(written, tmp_path / "graphs"))


def convert(folder: Path, name: str, **options: Any) -> Path:
    out = folder / f"{name}.safetensors"
    gluonport.convert("graph", out, folder / name, **options)
    return out


def answers(network: Any, folder: Path, name: str, dtype: torch.dtype = torch.float32) -> Any:
    with np.load(folder / f"{name}-inputs.npz") as held:
        names = [network.plan.graph.nodes[taken.node].name for taken in network.plan.inputs]
        inputs = [torch.from_numpy(held[name]).to(dtype) for name in names]
    with torch.inference_mode():
        return network(*inputs).numpy()


def mxnets(folder: Path, name: str) -> Any:
    with np.load(folder / f"{name}-outputs.npz") as held:
        return held["arr_0"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_loaded_network_computes_what_mxnet_computed(name: str, folder: Path) -> None:
    network = gluonport.load(convert(folder, name))
    assert not network.training
    assert np.abs(answers(network, folder, name) - mxnets(folder, name)).max() < 2e-6


@pytest.mark.parametrize("name", NETWORKS)
def test_the_way_back_gives_mxnets_own_bytes(name: str, folder: Path) -> None:
    back = folder / "back.params"
    gluonport.convert("graph", back, convert(folder, name))
    assert back.read_bytes() == (folder / f"{name}-0007.params").read_bytes()


def test_a_network_tuned_in_pytorch_goes_back_to_mxnet(folder: Path) -> None:
    out = convert(folder, "face")
    state = load_file(out)
    state["pre_fc1.weight"] *= 1.5
    save_file(state, out, {"format": "pt"})
    gluonport.convert("auto", folder / "back.params", out)
    files = [folder / f for f in ("face-symbol.json", "back.params", "face-inputs.npz", "a.npz")]
    in_mxnet(SCRIPT, "answer", *files)
    with np.load(folder / "a.npz") as held:
        tuned = held["arr_0"]
    assert np.abs(tuned - mxnets(folder, "face")).max() > 0.01
    assert np.abs(answers(gluonport.load(out), folder, "face") - tuned).max() < 2e-6


def test_gammas_that_mxnet_fixes_at_one_are_one_and_are_kept(folder: Path) -> None:
    out = convert(folder, "face")
    state = load_file(out)
    assert (state["bn_data.weight"] == 1).all() and (state["fc1.weight"] == 1).all()
    original = {t.name: t.array() for t in open_checkpoint(folder / "face-0007.params").tensors}
    assert not (original["arg:fc1_gamma"] == 1).any()
    record = json.loads((folder / "face.provenance.json").read_text())
    assert sorted(record["fixed_gammas"]) == ["bn_data_gamma", "fc1_gamma"]
    network = gluonport.load(out)
    frozen = [name for name, values in network.named_parameters() if not values.requires_grad]
    assert frozen == ["bn_data.weight", "fc1.weight"]


def test_a_weight_that_two_layers_share_is_one_parameter(folder: Path) -> None:
    network = gluonport.load(convert(folder, "towers"))
    assert sorted(name for name, _ in network.named_parameters()) == [
        "score.bias",
        "score.weight",
        "shared.weight",
    ]


def test_the_network_can_be_trained(folder: Path) -> None:
    network = gluonport.load(convert(folder, "face")).train()
    with np.load(folder / "face-inputs.npz") as held:
        x = torch.from_numpy(held["data"])
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    before = copy.deepcopy(network.state_dict())
    torch.manual_seed(0)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = (network(x) - 1).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    after = network.state_dict()
    same = [name for name in before if torch.equal(before[name], after[name])]
    assert same == ["bn_data.weight", "fc1.weight"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_can_be_exported(name: str, folder: Path) -> None:
    network = gluonport.load(convert(folder, name))
    with np.load(folder / f"{name}-inputs.npz") as held:
        names = [network.plan.graph.nodes[taken.node].name for taken in network.plan.inputs]
        inputs = tuple(torch.from_numpy(held[name]) for name in names)
    exported = torch.export.export(network, inputs).module()
    with torch.inference_mode():
        assert torch.equal(exported(*inputs), network(*inputs))
        compiled = torch.compile(network, backend="eager", fullgraph=True)
        assert torch.equal(compiled(*inputs), network(*inputs))


@pytest.mark.exhaustive
def test_the_network_runs_in_onnxruntime(folder: Path) -> None:
    import onnxruntime

    network = gluonport.load(convert(folder, "face"))
    with np.load(folder / "face-inputs.npz") as held:
        x = torch.from_numpy(held["data"])
    program = torch.onnx.export(network, (x,), dynamo=True, verbose=False)
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert np.abs(found - mxnets(folder, "face")).max() < 1e-5


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_rounded_network_has_the_rounded_weights(dtype: Any, folder: Path) -> None:
    network = gluonport.load(convert(folder, "face", dtype=dtype))
    wanted = getattr(torch, dtype)
    floating = [v for v in network.state_dict().values() if v.is_floating_point()]
    assert floating and all(values.dtype == wanted for values in floating)
    original = {t.name: t.array() for t in open_checkpoint(folder / "face-0007.params").tensors}
    rounded = torch.from_numpy(original["arg:conv0_weight"].copy()).to(wanted)
    assert torch.equal(network.state_dict()["conv0.weight"], rounded)


def test_the_same_graph_always_gives_the_same_bytes(folder: Path) -> None:
    first = convert(folder, "face")
    files = [first, first.with_suffix(".py")]
    before = [file.read_bytes() for file in files]
    convert(folder, "face", force=True)
    assert [file.read_bytes() for file in files] == before


def test_a_module_that_stands_there_is_not_replaced(folder: Path) -> None:
    (folder / "face.py").write_text("mine\n")
    with pytest.raises(GluonportError, match=r"face\.py: already exists: --force replaces it"):
        convert(folder, "face")
    assert (folder / "face.py").read_text() == "mine\n"
    assert not (folder / "face.safetensors").exists()
    convert(folder, "face", force=True)
    assert (folder / "face.py").read_text() != "mine\n"


def test_the_command_says_what_it_did(folder: Path) -> None:
    out = folder / "face.safetensors"
    done = CliRunner().invoke(main, ["convert", "auto", str(out), "--from", str(folder / "face")])
    assert done.exit_code == 0, done.output
    assert f"its network is {folder / 'face.py'}" in done.output
    assert "2 gammas fixed at 1 (fix_gamma)" in done.output
    assert "tensors" in done.output and "classes     12" in done.output


def test_tensors_are_compared_by_the_graphs_variables(folder: Path) -> None:
    out = convert(folder, "towers")
    arguments = ["verify", "tensors", str(folder / "towers-0007.params"), str(out)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda nodes: nodes[1].update(op="Custom", attrs={"op_type": "mine"}),
            r"the operator Custom \(1 x, first in node 'embed'\) is Python code outside of the",
        ),
        (
            lambda nodes: nodes[-1].update(op="NoSuchOperator"),
            r"the operator NoSuchOperator \(1 x, first in node 'score'\) is not supported",
        ),
    ],
)
def test_what_cannot_be_converted_is_named(change: Any, message: str, folder: Path) -> None:
    symbol = folder / "text-symbol.json"
    graph = json.loads(symbol.read_text())
    operators = [node for node in graph["nodes"] if node["op"] != "null"]
    change([graph["nodes"][0], operators[0], operators[-1]])
    symbol.write_text(json.dumps(graph))
    with pytest.raises(GluonportError, match=message):
        convert(folder, "text")
    assert not list(folder.glob("text.*"))


def test_a_tensor_that_the_file_lacks_or_has_in_another_shape_is_named(folder: Path) -> None:
    with pytest.raises(GluonportError, match="the parameters lack 2 tensors that the graph needs"):
        convert(folder, "text", params=folder / "towers-0007.params")
    symbol = folder / "towers-symbol.json"
    symbol.write_text(symbol.read_text().replace('"num_hidden": "3"', '"num_hidden": "5"'))
    with pytest.raises(GluonportError, match=r"score_weight has shape \(3, 128\), its node needs"):
        convert(folder, "towers")


def test_converting_needs_no_torch(folder: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; import gluonport; "
        f"gluonport.convert('graph', {str(folder / 'face.safetensors')!r}, "
        f"{str(folder / 'face')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (folder / "face.py").exists()


ALONE = """
import sys, importlib.util
assert importlib.util.find_spec("numpy") is None
import face, torch
network = face.load()
shape = tuple(map(int, sys.argv[1:]))
image = torch.arange(torch.Size(shape).numel()).reshape(shape).sin()
with torch.inference_mode():
    print(*network(image).flatten().tolist())
"""


@pytest.mark.exhaustive
def test_the_python_file_needs_torch_and_safetensors_alone(folder: Path) -> None:
    network = gluonport.load(convert(folder, "face"))
    with np.load(folder / "face-inputs.npz") as held:
        (shape,) = (held[name].shape for name in held)
    image = torch.arange(torch.Size(shape).numel()).reshape(shape).sin()
    packages = [f"torch=={torch.__version__.partition('+')[0]}", "safetensors"]
    made = [
        ["uv", "venv", "--quiet", "--python", sys.executable, "alone"],
        ["uv", "pip", "install", "--quiet", "--python", "alone/bin/python", *packages],
        ["alone/bin/python", "-W", "ignore", "-c", ALONE, *map(str, shape)],
    ]
    for command in made:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    with torch.inference_mode():
        expected = network(image).flatten()
    torch.testing.assert_close(torch.tensor([*map(float, done.stdout.split())]), expected)


def test_a_graph_is_converted_whole(folder: Path) -> None:
    with pytest.raises(GluonportError, match="--no-classifier needs a model of the catalogue"):
        convert(folder, "face", classifier=False)
    assert not (folder / "face.safetensors").exists()


def test_patterns_that_leave_tensors_out_are_recorded(folder: Path) -> None:
    own = {t.name: t.array() for t in open_checkpoint(folder / "face-0007.params").tensors}
    arrays = [dense(values) for values in (*own.values(), np.zeros(3, np.float32))]
    more = params(arrays, [*own, "arg:optimizer_state"])
    (folder / "face-0008.params").write_bytes(more)
    convert(folder, "face", ignore=["arg:optimizer*"])
    record = json.loads((folder / "face.provenance.json").read_text())
    assert record["ignore"] == ["arg:optimizer*"]
    assert record["ignored"] == ["arg:optimizer_state"] and record["unused"] == []


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of the catalogue as GluonCV exports it, with drawn parameters."""
    folder = tmp_path_factory.mktemp("cifar")
    script = Path(__file__).parents[1] / "scripts" / "export_zoo.py"
    in_mxnet(script, folder, "cifar_resnet20_v1", "--params")
    return folder / "cifar_resnet20_v1"


def altered(digits: Path, folder: Path, **attributes: str) -> Path:
    """The network's files with other attributes in one of its BatchNorms."""
    graph = json.loads(digits.with_name(f"{digits.name}-symbol.json").read_text())
    node = [node for node in graph["nodes"] if node["op"] == "BatchNorm"][3]
    node["attrs"].update(attributes)
    (folder / "net-symbol.json").write_text(json.dumps(graph))
    shutil.copy(digits.with_name(f"{digits.name}-0000.params"), folder / "net-0000.params")
    return folder / "net"


def test_a_table_is_preferred_where_it_fits(digits: Path, tmp_path: Path) -> None:
    done = gluonport.convert("auto", tmp_path / "out.safetensors", altered(digits, tmp_path))
    assert done.model == "gluon_cifar_resnet20_v1"
    assert not (tmp_path / "out.py").exists()


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"eps": "2e-05"}, "has eps 2e-05, and the model has 1e-05"),
        ({"fix_gamma": "True"}, "counts its gamma as 1 (fix_gamma), and the model does not"),
    ],
)
def test_a_graph_that_normalises_otherwise_is_not_taken_for_the_table(
    attributes: dict[str, str], why: str, digits: Path, tmp_path: Path
) -> None:
    source, out = altered(digits, tmp_path, **attributes), tmp_path / "out.safetensors"
    with pytest.raises(GluonportError, match=r"fit gluon_cifar_resnet20_v1, but .*with 'graph'"):
        gluonport.convert("gluon_cifar_resnet20_v1", out, source)
    done = gluonport.convert("auto", out, source)
    assert done.model == "graph" and any(why in note for note in done.notes)


def test_a_gamma_that_no_layer_takes_comes_back(folder: Path) -> None:
    """With ``use_global_stats`` and ``fix_gamma`` a network does without it; MXNet asks for it."""
    symbol = json.loads((folder / "face-symbol.json").read_text())
    for node in symbol["nodes"]:
        if node["name"] == "bn_data":
            node["attrs"]["use_global_stats"] = "True"
    (folder / "face-symbol.json").write_text(json.dumps(symbol))
    out = convert(folder, "face")
    gluonport.convert("graph", folder / "back.params", out)
    assert (folder / "back.params").read_bytes() == (folder / "face-0007.params").read_bytes()
    record = folder / "face.provenance.json"
    lies = json.loads(record.read_text())
    for shape in ([1 << 40], [-1], "3"):
        lies["done_without"]["bn_data_gamma"]["shape"] = shape
        record.write_text(json.dumps(lies))
        with pytest.raises(GluonportError, match="the kept array 'bn_data_gamma' cannot be read"):
            gluonport.convert("graph", folder / "again.params", out)
    assert not (folder / "again.params").exists()


def unknown_rank(folder: Path) -> Path:
    """A dense layer over the last axis, and a reshape that copies all that is left."""
    symbol = json.loads(SYMBOL)
    symbol["nodes"][2]["attrs"]["flatten"] = "False"
    attributes = {"shape": "(-3, -2)"}
    symbol["nodes"].append(
        {"op": "Reshape", "name": "out", "inputs": [[2, 0, 0]], "attrs": attributes}
    )
    symbol["heads"] = [[3, 0, 0]]
    path = folder / "rank-symbol.json"
    path.write_text(json.dumps(symbol))
    (folder / "rank-0000.params").write_bytes(weights())
    return path


def test_the_shape_of_an_input_is_asked_for_and_given(tmp_path: Path) -> None:
    command = ("convert", "auto", str(tmp_path / "out.safetensors"), "--from")
    asked = CliRunner().invoke(main, [*command, str(unknown_rank(tmp_path))])
    assert asked.exit_code == 1 and asked.stderr.count("\n") == 1
    assert "give the shape of data with --input data=SHAPE" in asked.stderr
    given = [*command, str(tmp_path / "rank"), "--input"]
    wrong = CliRunner().invoke(main, [*given, "dta=2x4x3"])
    assert wrong.exit_code == 1 and "has no input 'dta'" in wrong.stderr
    done = CliRunner().invoke(main, [*given, "data=2x4x3"])
    assert done.exit_code == 0, done.stderr
    network = gluonport.load(tmp_path / "out.safetensors")
    assert network(torch.ones(5, 2, 3)).tolist() == [[3.0, 3.0]] * 10


def test_the_shape_of_an_input_is_for_graphs(tmp_path: Path) -> None:
    with pytest.raises(GluonportError, match="--input is for graphs"):
        gluonport.convert(
            "auto", tmp_path / "out.safetensors", "no.params", inputs={"data": (1, 3)}
        )


def test_an_array_without_values_does_not_hinder_the_way_back(folder: Path) -> None:
    own = {t.name: t.array() for t in open_checkpoint(folder / "text-0007.params").tensors}
    arrays = [*map(dense, own.values()), NONE["v0"]]
    (folder / "text-0008.params").write_bytes(params(arrays, [*own, "arg:nothing"]))
    gluonport.convert("graph", folder / "back.params", convert(folder, "text"))
    found = gluonport.load_arrays(folder / "back.params")
    assert found.keys() == own.keys()
    assert all((found[name] == own[name]).all() for name in own)


def test_a_graph_without_parameters_converts_with_the_empty_file_that_mxnet_writes(
    tmp_path: Path,
) -> None:
    graph = json.loads(SYMBOL)
    graph["nodes"] = [
        {"op": "null", "name": "data", "inputs": []},
        {"op": "softmax", "name": "probabilities", "inputs": [[0, 0, 0]]},
    ]
    graph |= {"arg_nodes": [0], "heads": [[1, 0, 0]]}
    (tmp_path / "head-symbol.json").write_text(json.dumps(graph))
    (tmp_path / "head-0000.params").write_bytes(params([], []))
    out = convert(tmp_path, "head")
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(gluonport.load(out)(scores), scores.softmax(-1))
    gluonport.convert("graph", tmp_path / "back.params", out)
    assert (tmp_path / "back.params").read_bytes() == (tmp_path / "head-0000.params").read_bytes()
