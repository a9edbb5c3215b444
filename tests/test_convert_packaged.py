"""Files of the model zoos' networks, converted without MXNet and without a symbol."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from architectures.catalogue.name_keys import key_of
from architectures.catalogue.packaged_graph import networks_with, packaged_graph
from convert import convert
from convert.formats import open_checkpoint
from convert.formats.write_params import write_params
from convert.inspection import inspect_checkpoint
from mappings.errors import GluonportError, ReconcileError

SSD, POSE = "ssd_512_mobilenet1.0_voc", "mobile_pose_mobilenetv3_small"
WRITE = Path("scripts", "write_zoo_files.py")


def drawn(
    network: str, naming: str = "structural", classes: int | None = None
) -> dict[str, object]:
    """Drawn tensors of a network, by the names of one naming; a tensor has the same values in all
    of them."""
    graph = packaged_graph(network)
    symbol = json.loads(graph.symbol(classes))
    states = {
        node["inputs"][place][0]
        for node in symbol["nodes"]
        if node["op"] == "BatchNorm"
        for place in (3, 4)
    }
    auxiliary = {symbol["nodes"][index]["name"] for index in states}
    found: dict[str, object] = {}
    for tensor in graph.tensors(classes):
        seed = int(hashlib.sha256(tensor.own.encode()).hexdigest()[:8], 16)
        values = np.random.RandomState(seed).random_sample(tensor.shape) + 0.5
        kind = "aux" if tensor.own in auxiliary else "arg"
        name = {"structural": tensor.structural, "flat": tensor.own}.get(naming)
        found[name or f"{kind}:{tensor.own}"] = np.asarray(values, np.float32)
    return found


def written(path: Path, arrays: Mapping[str, object]) -> Path:
    write_params(path, arrays)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("naming", ["structural", "flat", "export"])
def test_every_naming_gives_the_same_bytes_by_name_and_by_auto(tmp_path: Path, naming: str) -> None:
    source = written(tmp_path / "net.params", drawn(POSE, naming))
    first = written(tmp_path / "first.params", drawn(POSE))
    by_first = convert(POSE, tmp_path / "first.safetensors", first)
    by_name = convert(f"gluon_{POSE}", tmp_path / "name.safetensors", source)
    by_auto = convert("auto", tmp_path / "auto.safetensors", source)
    assert by_name.target_sha256 == by_auto.target_sha256 == by_first.target_sha256
    assert (tmp_path / "auto.py").exists()
    record = json.loads((tmp_path / "auto.provenance.json").read_text())
    assert record["packaged_graph"]["name"] == f"gluon_{POSE}"
    assert record["symbol"] is None


@pytest.mark.parametrize("classes", [1, 2, 33])
def test_a_detector_for_other_classes_is_recognised(tmp_path: Path, classes: int) -> None:
    source = written(tmp_path / "net.params", drawn(SSD, classes=classes))
    done = convert("auto", tmp_path / "out.safetensors", source)
    record = json.loads((tmp_path / "out.provenance.json").read_text())
    assert record["packaged_graph"]["classes"] == classes
    assert any(f"{classes} class" in note for note in done.notes)


@pytest.mark.exhaustive
@pytest.mark.parametrize("classes", [20, 80, 3])
def test_published_classes_tell_detectors_that_keep_other_numbers_of_boxes(
    tmp_path: Path, classes: int
) -> None:
    network = "center_net_resnet18_v1b_{}"
    source = written(tmp_path / "net.params", drawn(network.format("voc"), classes=classes))
    out = tmp_path / "out.safetensors"
    if classes == 3:
        with pytest.raises(ReconcileError, match="equally well"):
            convert("auto", out, source)
        return
    done = convert("auto", out, source)
    of = network.format("voc" if classes == 20 else "coco")
    assert any(f"taken for gluon_{of} by its {classes} classes" in note for note in done.notes)


def test_a_tensor_that_is_missing_or_has_another_shape_is_named(tmp_path: Path) -> None:
    arrays = drawn(SSD)
    last = list(arrays)[-1]
    without = {name: array for name, array in arrays.items() if name != last}
    with pytest.raises(ReconcileError, match=last):
        convert(SSD, tmp_path / "out.safetensors", written(tmp_path / "a.params", without))
    other = {**arrays, last: np.zeros(7, np.float32)}
    for name in (SSD, "auto"):
        with pytest.raises(ReconcileError, match=last):
            convert(name, tmp_path / "out.safetensors", written(tmp_path / "b.params", other))
    assert not (tmp_path / "out.safetensors").exists()


def test_a_video_network_with_the_names_and_other_shapes_is_not_named(tmp_path: Path) -> None:
    exported = tmp_path / "exported.params"
    convert("gluon_inceptionv3", exported, "synthetic", naming="export")
    assert networks_with(key_of(t.name for t in open_checkpoint(exported).tensors))
    done = convert("auto", tmp_path / "out.safetensors", exported)
    assert done.model == "gluon_inception_v3"
    assert not any("it fits" in note for note in done.notes)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    source = written(tmp_path / "net.params", drawn(POSE))
    with pytest.raises(ReconcileError, match="does not fit gluon_ssd"):
        convert(SSD, tmp_path / "out.safetensors", source)


def test_what_was_never_published_needs_a_file(tmp_path: Path) -> None:
    from architectures.catalogue.holdings import everything

    unpublished = [one for one in everything() if one.route == "graph" and one.file is None]
    for one in unpublished[:1]:
        with pytest.raises(GluonportError, match="never published"):
            convert(one.name, tmp_path / "out.safetensors")


def test_inspect_names_the_packaged_graph(tmp_path: Path) -> None:
    source = written(tmp_path / "net.params", drawn(SSD, classes=2))
    found = inspect_checkpoint(source)
    assert found.packaged is not None and found.packaged.classes == 2
    described = found.as_json()["packaged_graph"]
    assert described["name"] in (f"gluon_{SSD}", "gluon_ssd_512_mobilenet1.0_coco")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [POSE, f"{SSD}@2", "siamrpn_alexnet_v2_otb15"])
def test_files_that_mxnet_writes_give_mxnets_outputs(tmp_path: Path, name: str) -> None:
    from scripts.check_graphs import apart
    from scripts.check_store import run

    command = ["uv", "run", "-q", "--script", str(WRITE), str(tmp_path), name, "--answers"]
    subprocess.run(command, check=True, capture_output=True)
    answer = dict(np.load(tmp_path / f"{name}.answer.npz"))
    precision, _ = str(answer.pop("precision")), answer.pop("said")
    hashes = set()
    for kind in ("structural", "flat", "export-0000"):
        done = convert("auto", tmp_path / f"{kind}.safetensors", tmp_path / f"{name}.{kind}.params")
        hashes.add(done.target_sha256)
    assert len(hashes) == 1
    shapes = json.loads((tmp_path / f"{name}.json").read_text())["inputs"]
    outputs = run(tmp_path / "flat.safetensors", name, shapes, precision == "float64")
    theirs = tuple(answer[f"output{index}"][None] for index in range(len(answer)))
    assert max(apart(tuple(outputs), theirs)) < (1e-11 if precision == "float64" else 1e-4)
