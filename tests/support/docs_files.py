"""The files that the commands in the documentation speak of, made small where they run."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np

import gluonport
from tests.support.params_writer import dense, params

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "architectures" / "samples" / "gluon_seresnext8_digits"
PHOTO = ROOT / "tests" / "preprocessing" / "images" / "rgb.jpg"


def write_graph(prefix: Path) -> None:
    """A small network as ``HybridBlock.export`` leaves it: the graph and its parameters."""
    shapes = {
        "arg:conv0_weight": (8, 3, 3, 3),
        "arg:bn0_gamma": (8,),
        "arg:bn0_beta": (8,),
        "aux:bn0_moving_mean": (8,),
        "aux:bn0_moving_var": (8,),
        "arg:fc1_weight": (5, 8),
        "arg:fc1_bias": (5,),
    }
    nodes: list[dict[str, object]] = []

    def node(op: str, name: str, inputs: list[int], **attrs: str) -> int:
        nodes.append(
            {"op": op, "name": name, "attrs": attrs, "inputs": [[i, 0, 0] for i in inputs]}
        )
        return len(nodes) - 1

    variable = {
        name: node("null", name.partition(":")[2] or name, []) for name in ("data", *shapes)
    }
    x = node(
        "Convolution",
        "conv0",
        [variable["data"], variable["arg:conv0_weight"]],
        kernel="(3, 3)", pad="(1, 1)", num_filter="8", no_bias="True",
    )  # fmt: skip
    statistics = [variable[name] for name in shapes if "bn0" in name]
    x = node("BatchNorm", "bn0", [x, *statistics], fix_gamma="False", eps="1e-05")
    x = node("Activation", "relu0", [x], act_type="relu")
    x = node("Pooling", "pool0", [x], global_pool="True", kernel="(1, 1)", pool_type="avg")
    x = node(
        "FullyConnected",
        "fc1",
        [x, variable["arg:fc1_weight"], variable["arg:fc1_bias"]],
        num_hidden="5",
    )
    x = node("softmax", "prob", [x])
    graph = {
        "nodes": nodes,
        "arg_nodes": list(variable.values()),
        "heads": [[x, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10901]},
    }
    prefix.with_name(f"{prefix.name}-symbol.json").write_text(json.dumps(graph))
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(0.5, 1.5, shape).astype("float32") for shape in shapes.values()]
    prefix.with_name(f"{prefix.name}-0000.params").write_bytes(
        params([dense(array) for array in arrays], list(shapes))
    )


def write_scan(folder: Path) -> None:
    """``digit-1460.png``, a scan of the sample's."""
    with tarfile.open(SAMPLE.with_suffix(".tar")) as scans:
        scan = scans.extractfile("3/digit-1460.png")
        assert scan is not None
        (folder / "digit-1460.png").write_bytes(scan.read())


def write_common(folder: Path) -> None:
    """What most pages speak of: the sample as ``mine.params``, a graph, a photograph, a scan."""
    shutil.copy(SAMPLE.with_suffix(".params"), folder / "mine.params")
    shutil.copy(PHOTO, folder / "cat.jpg")
    write_scan(folder)
    write_graph(folder / "model")


def write_two_sets(folder: Path) -> None:
    """``run.pth``, as a training script leaves it: the last weights and their averages."""
    import torch
    from safetensors.torch import load_file

    gluonport.convert("gluon_seresnext8_digits", folder / "sample.safetensors")
    last = load_file(folder / "sample.safetensors")
    extra = {**last, "criterion.weight": torch.ones(3)}
    torch.save({"state_dict": extra, "state_dict_ema": last}, folder / "run.pth")
    (folder / "sample.safetensors").unlink()
    (folder / "sample.provenance.json").unlink()
