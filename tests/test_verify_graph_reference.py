"""The graph reference: MXNet runs the graph in a file and says what every node computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.formats import Array
from mappings.errors import NoReferenceError
from verify.reference.answers import run_script
from verify.reference.graph_answers import MXNET

Nodes = list[dict[str, Any]]


def node(op: str, name: str, inputs: list[list[int]] | None = None, **attrs: object) -> Any:
    texts = {key: str(value) for key, value in attrs.items()}
    return {"op": op, "name": name, "inputs": inputs or [], "attrs": texts}


class Run:
    """The reference script on one graph, its parameters and its inputs."""

    def __init__(self, folder: Path, nodes: Nodes, heads: list[list[int]], **top: Any) -> None:
        self.folder = folder
        variables = [index for index, each in enumerate(nodes) if each["op"] == "null"]
        document = {"nodes": nodes, "arg_nodes": variables, "heads": heads, **top}
        (folder / "net-symbol.json").write_text(json.dumps(document))

    def __call__(
        self, params: dict[str, Array], inputs: dict[str, Array], *options: str
    ) -> dict[str, Any]:
        for name, arrays in (("params", params), ("inputs", inputs)):
            named: dict[str, Any] = dict(arrays)
            np.savez(self.folder / f"{name}.npz", **named)
        files = [str(self.folder / name) for name in ("net-symbol.json", "params.npz")]
        files += [str(self.folder / name) for name in ("inputs.npz", "out.npz")]
        run_script(MXNET, [*files, *options])
        with np.load(self.folder / "out.npz", allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays}
        return {**found, "about": json.loads(str(found["about"]))}


def values(*shape: int) -> Array:
    return np.random.RandomState(0).standard_normal(shape).astype(np.float32)


def test_names_that_repeat_and_labels_are_no_obstacle(tmp_path: Path) -> None:
    """Two nodes and two variables have one name; the label's path has an operator."""
    nodes = [
        node("null", "data"),
        node("null", "w"),
        node("FullyConnected", "", [[0, 0], [1, 0]], num_hidden=3, no_bias=True),
        node("null", "w"),
        node("FullyConnected", "", [[2, 0], [3, 0]], num_hidden=3, no_bias=True),
        node("null", "label"),
        node("Reshape", "flat_label", [[5, 0]], shape="(-1,)"),
        node("SoftmaxOutput", "out", [[4, 0], [6, 0]]),
    ]
    weight, data = values(3, 3), values(2, 1, 3)
    out = Run(tmp_path, nodes, [[7, 0]])({"w": weight}, {"data": data})
    logits = data[:, 0].astype(np.float64) @ weight.T.astype(np.float64) @ weight.T
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.abs(out["head0_float64"][:, 0] - softmax).max() < 1e-14
    assert out["head0_float32"].dtype == np.float32
    # MXNet lists the operator of the label's path too, but does not compute it.
    assert list(out["operators"]) == [
        "FullyConnected",
        "FullyConnected",
        "Reshape",
        "SoftmaxOutput",
    ]
    assert list(out["nodes"]) == [0, 1, 3]
    assert out["about"]["zeros"] == ["the label of out"]


def test_files_without_auxiliary_states_get_them_by_their_names(tmp_path: Path) -> None:
    nodes = [
        node("null", "data"),
        node("null", "bn_gamma"),
        node("null", "bn_beta"),
        node("BatchNorm", "bn", [[0, 0], [1, 0], [2, 0]], fix_gamma=False, eps=0.001),
    ]
    for each in nodes:
        each["param"] = each.pop("attrs")
    params = {"bn_gamma": values(4), "bn_beta": values(4)}
    params |= {"aux:bn_moving_mean": values(4), "aux:bn_moving_var": abs(values(4))}
    data = values(2, 3, 4, 2)
    out = Run(tmp_path, nodes, [[3, 0]])(params, {"data": data})
    mean, var = (params[f"aux:bn_moving_{part}"].astype(np.float64) for part in ("mean", "var"))
    expected = (data.swapaxes(2, 3) - mean) / np.sqrt(var + 0.001) * values(4) + values(4)
    assert np.abs(out["head0_float64"].swapaxes(2, 3) - expected).max() < 1e-12


def test_what_has_no_float64_is_replaced_by_what_has(tmp_path: Path) -> None:
    nodes = [
        node("null", "data"),
        node("Crop", "crop", [[0, 0]], num_args=1, offset="(1, 2)", h_w="(3, 4)"),
        node("Crop", "centre", [[1, 0]], num_args=1, center_crop=True, h_w="(2, 2)"),
        node("SoftmaxActivation", "softmax", [[2, 0]], mode="channel"),
        node("_ones", "ones", shape="(1, 3, 2, 2)", dtype="float32"),
        node("elemwise_add", "sum", [[3, 0], [4, 0]]),
    ]
    data = values(2, 1, 3, 6, 8)
    out = Run(tmp_path, nodes, [[5, 0]])({}, {"data": data})
    assert out["about"]["float64"] is None
    assert len(out["about"]["rewrites"]) == 3
    cut = np.exp(data.astype(np.float64)[..., 1:4, 2:6][..., 0:2, 1:3])
    assert np.abs(out["head0_float64"] - cut / cut.sum(2, keepdims=True) - 1).max() < 1e-14
    assert np.abs(out["head0_float64"] - out["head0_float32"]).max() < 1e-6


def test_where_float64_is_refused_the_answer_is_float32_and_says_why(tmp_path: Path) -> None:
    nodes = [node("null", "data"), node("SoftmaxActivation", "softmax", [[0, 0]])]
    out = Run(tmp_path, nodes, [[1, 0]])({}, {"data": values(2, 1, 3, 2, 2)})
    assert "float32" in out["about"]["float64"]
    assert out["about"]["precision"] == "float32"
    assert "head0_float64" not in out and "digests_float32" not in out
    assert out["head0_float32"].shape == (2, 1, 3, 2, 2)


def test_what_failed_in_float64_does_not_fail_in_float32(tmp_path: Path) -> None:
    """LRN has no float64. MXNet keeps its failure with the memory that operators share."""
    nodes, weights, last = [node("null", "data")], dict[str, Array](), 0
    for layer in ("first", "second"):
        nodes += [
            node("null", f"{layer}_weight"),
            node(
                "Convolution",
                layer,
                [[last, 0], [last + 1, 0]],
                kernel="(3, 3)",
                pad="(1, 1)",
                num_filter=4,
                no_bias=True,
            ),
            node("Activation", f"{layer}_relu", [[last + 2, 0]], act_type="relu"),
            node("LRN", f"{layer}_lrn", [[last + 3, 0]], nsize=5),
            node("Pooling", f"{layer}_pool", [[last + 4, 0]], kernel="(3, 3)", pool_type="max"),
        ]
        weights[f"{layer}_weight"] = values(4, 4, 3, 3)
        last += 5
    nodes += [
        node("null", "score_weight"),
        node("FullyConnected", "score", [[last, 0], [last + 1, 0]], num_hidden=3, no_bias=True),
        node("Dropout", "dropout", [[last + 2, 0]]),
    ]
    weights["score_weight"] = values(3, 4 * 12 * 12)
    out = Run(tmp_path, nodes, [[last + 3, 0]])(weights, {"data": values(2, 1, 4, 16, 16)})
    assert out["about"]["precision"] == "float32" and np.isfinite(out["head0_float32"]).all()


def test_a_variable_takes_its_values_from_the_graph(tmp_path: Path) -> None:
    nodes = [
        node("null", "data"),
        node("null", "two", __init__='["constant", {"value": 2.0}]', __shape__="(1, 3)"),
        node("broadcast_mul", "product", [[0, 0], [1, 0]]),
    ]
    data = values(2, 1, 3)
    out = Run(tmp_path, nodes, [[2, 0]])({}, {"data": data})
    assert (out["head0_float64"] == 2 * data.astype(np.float64)).all()


def test_whole_outputs_and_digests_of_any_rank(tmp_path: Path) -> None:
    nodes = [
        node("null", "data"),
        node("log", "log", [[0, 0]]),
        node("sum", "sum", [[1, 0]]),
    ]
    data = values(2, 2, 1, 3, 1, 2)
    data[:, 0, 0, 0, 0, 0] = 0.0
    out = Run(tmp_path, nodes, [[2, 0]])({}, {"data": data}, "--full-activations", "0")
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.log(data.astype(np.float64))
    assert np.allclose(out["value/0/0"], expected, rtol=1e-15, atol=0, equal_nan=True)
    assert out["nonfinite"][0].tolist() == [
        [int(np.isnan(case).sum()), 0, int(np.isneginf(case).sum())] for case in expected
    ]
    finite = np.where(np.isfinite(expected), expected, 0)
    assert np.allclose(out["scales"][0], [np.linalg.norm(case) for case in finite])
    assert list(out["shapes"]) == ["2x1x3x1x2", "1"]


@pytest.mark.parametrize(
    ("params", "inputs", "said"),
    [
        ({}, {"data": values(1, 1, 3)}, "without 'w' of shape (2, 3)"),
        ({"w": values(2, 3)}, {"data": values(1, 1, 4)}, "finds no shapes"),
        ({"w": values(2, 3)}, {"date": values(1, 1, 3)}, "the graph has no variable 'date'"),
        ({"w": values(2, 3)}, {"data": values(1, 1, 3) * np.nan}, "not finite"),
        ({"w": values(2, 3), "arg:w": values(2, 3) + 1}, {"data": values(1, 1, 3)}, "differ"),
    ],
)
def test_what_the_caller_must_correct_is_one_line(
    tmp_path: Path, params: dict[str, Array], inputs: dict[str, Array], said: str
) -> None:
    nodes = [
        node("null", "data"),
        node("null", "w"),
        node("FullyConnected", "fc", [[0, 0], [1, 0]], num_hidden=2, no_bias=True),
    ]
    with pytest.raises(NoReferenceError) as caught:
        Run(tmp_path, nodes, [[2, 0]])(params, inputs)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
