"""Checkpoints that came from packaged graphs, taken by the name of their network."""

from __future__ import annotations

from pathlib import Path

import pytest

from convert import convert
from mappings.errors import FormatError
from tests.test_convert_packaged import POSE, drawn, written
from verify.graphs.image_classifier import UNSAID, Preparation, open_graph_classifier
from verify.graphs.packaged_name import names_graph, packaged_inputs


def test_the_name_of_the_packaged_graph_means_the_graph(tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    convert(POSE, out, written(tmp_path / "net.params", drawn(POSE)))
    assert all(names_graph(name, out) for name in ("graph", POSE, f"gluon_{POSE}"))
    assert not names_graph("resnet18_v1", out)
    assert packaged_inputs(out)["data"][:2] == (1, 3)
    with pytest.raises(FormatError, match=f"came from the graph of {POSE}"):
        names_graph("ssd_512_mobilenet1.0_voc", out)


def test_a_file_that_came_from_no_graph_is_refused_by_a_packaged_networks_name(
    tmp_path: Path,
) -> None:
    source = written(tmp_path / "net.params", drawn(POSE))
    with pytest.raises(FormatError, match="it came from no packaged graph"):
        names_graph(POSE, source)
    assert packaged_inputs(source) == {}


def test_the_images_of_a_packaged_classifier_have_the_size_that_gluoncv_gives_them(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.safetensors"
    convert("mxnet_mobilenetv2_0.25", out, "synthetic")
    own, network = open_graph_classifier(out, UNSAID)
    assert own.input_size == 224 and network.num_classes == 1000
    assert open_graph_classifier(out, Preparation(input_size=96))[0].input_size == 96


@pytest.mark.exhaustive
def test_a_checkpoint_is_proven_live_by_its_networks_name(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from gluonport.commands.parity import parity

    out = tmp_path / "out.safetensors"
    convert(POSE, out, "synthetic")
    asked = [POSE, "--checkpoint", str(out), "--reference", "live"]
    done = CliRunner().invoke(parity, asked)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("PASS")
