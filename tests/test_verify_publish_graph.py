"""A release of a network that came from a graph is made from evidence of exactly its file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

import gluonport
from gluonport.commands.main import main
from tests.support.mxnet_scripts import in_mxnet

SCRIPT = Path(__file__).parent / "support" / "mxnet_graphs.py"
REASON = ("--without-accuracy", "the images are private")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that MXNet saved, converted and judged by MXNet."""
    folder = tmp_path_factory.mktemp("graphs")
    in_mxnet(SCRIPT, "write", folder)
    out = folder / "face.safetensors"
    gluonport.convert("graph", out, folder / "face")
    live = ("--reference", "live", "--input", "data=1x3x16x16")
    done = run("verify", "parity", "graph", "--checkpoint", out, *live)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def checkpoint(judged: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(judged, tmp_path / "judged")) / "face.safetensors"


@pytest.fixture
def release(checkpoint: Path, tmp_path: Path) -> Path:
    done = run("publish", "graph", checkpoint, tmp_path / "release", *REASON)
    assert done.exit_code == 0, done.output
    return tmp_path / "release"


def sum_again(folder: Path) -> None:
    """Write the list of sums anew, as somebody who changes a release would."""
    from verify.publish.sums import SUMS, sums_text

    (folder / SUMS).write_text(sums_text(folder))


def test_a_release_is_checked_and_its_network_loads(release: Path, checkpoint: Path) -> None:
    done = run("verify", "release", release)
    assert done.exit_code == 0, done.output
    assert "load strictly into its graph" in done.output
    assert "was passed on the network (live)" in done.output
    x = torch.randn(2, 3, 16, 16)
    with torch.inference_mode():
        found = gluonport.load(release / "model.safetensors")(x)
        assert torch.equal(found, gluonport.load(checkpoint)(x))
    card = (release / "README.md").read_text()
    assert "Not measured: the images are private" in card and str(checkpoint.parent) not in card
    texts = [path.read_text() for path in release.rglob("*.json")]
    assert not [text for text in texts if str(checkpoint.parent) in text]


def test_evidence_that_is_missing_is_asked_for(checkpoint: Path, tmp_path: Path) -> None:
    done = run("publish", "graph", checkpoint, tmp_path / "release")
    assert done.exit_code == 1 and "verify accuracy graph" in done.output
    checkpoint.with_suffix("").with_suffix(".parity.json").unlink()
    done = run("publish", "graph", checkpoint, tmp_path / "release", *REASON)
    assert done.exit_code == 1 and "verify parity graph --checkpoint" in done.output
    assert not (tmp_path / "release").exists()


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("structure", "figure", 1.0),
        ("structure", "figure", None),
        ("arithmetic", "figure", None),
        ("arithmetic", "figure", 1e6),
        ("arithmetic", "limit", [1e-9, 2e8]),
        ("layers", "figure", None),
        ("layers", "limit", 1.0),
        ("evidence", "figure", 0),
        ("values", "figure", 3),
    ],
)
def test_a_verdict_that_does_not_hold_is_not_believed(
    name: str, field: str, value: object, checkpoint: Path, tmp_path: Path
) -> None:
    path = checkpoint.with_name("face.parity.json")
    record = json.loads(path.read_text())
    next(c for c in record["criteria"] if c["name"] == name)[field] = value
    path.write_text(json.dumps(record))
    done = run("publish", "graph", checkpoint, tmp_path / "release", *REASON)
    assert done.exit_code == 1, done.output
    assert f"the record contradicts itself: {name} does not hold" in done.output


def test_a_criterion_may_neither_be_left_out_nor_be_judged_twice(
    checkpoint: Path, tmp_path: Path
) -> None:
    path = checkpoint.with_name("face.parity.json")
    record = json.loads(path.read_text())
    for criteria, message in (
        (record["criteria"][:2] + record["criteria"][3:], "did not judge structure"),
        (record["criteria"] + record["criteria"][:1], "the record judged values, inputs"),
    ):
        path.write_text(json.dumps({**record, "criteria": criteria}))
        done = run("publish", "graph", checkpoint, tmp_path / "release", *REASON)
        assert done.exit_code == 1 and message in done.output, done.output


def test_the_card_of_the_weaker_proof_says_so(checkpoint: Path, tmp_path: Path) -> None:
    """Where MXNet has float32 alone, no structure is judged, and layers have no figure."""
    path = checkpoint.with_name("face.parity.json")
    record = json.loads(path.read_text())
    record["about"]["float64"] = "MXNet refuses it"
    record["criteria"] = [c for c in record["criteria"] if c["name"] != "structure"]
    layers = next(c for c in record["criteria"] if c["name"] == "layers")
    layers |= {"figure": None, "limit": None, "needed": None}
    arithmetic = next(c for c in record["criteria"] if c["name"] == "arithmetic")
    usual = 0.05 * 2 / arithmetic["limit"][1]
    arithmetic["limit"][0] = usual / 2  # as with float64
    path.write_text(json.dumps(record))
    done = run("publish", "graph", checkpoint, tmp_path / "release", *REASON)
    assert done.exit_code == 1 and "arithmetic does not hold" in done.output
    arithmetic["limit"][0] = usual
    path.write_text(json.dumps(record))
    done = run("publish", "graph", checkpoint, tmp_path / "release", *REASON)
    assert done.exit_code == 0, done.output
    assert "a weaker proof than one in float64" in (tmp_path / "release/README.md").read_text()
    assert run("verify", "release", tmp_path / "release").exit_code == 0


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.md", "the images are private", "top-1 is 99 %"),
        ("model.py", "import torch", "import os, torch"),
        ("model.provenance.json", '"num_classes": 12', '"num_classes": 13'),
        ("provenance.json", '"leg": "network"', '"leg": "operators"'),
    ],
)
def test_a_changed_file_is_named(name: str, old: str, new: str, release: Path) -> None:
    text = (release / name).read_text()
    assert old in text
    (release / name).write_text(text.replace(old, new, 1))
    done = run("verify", "release", release)
    assert done.exit_code == 1 and f"{release / name}: the file was changed" in done.output
    sum_again(release)
    done = run("verify", "release", release)
    assert done.exit_code == 1 and name in done.output, done.output
