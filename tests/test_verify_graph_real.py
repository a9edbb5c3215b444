"""Four trained networks of GluonCV by their graphs: MXNet's own counts, and parity with MXNet."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.shared import SHARED

REAL = SHARED / "real"
COUNTS = {  # top-1 and top-5 of 10,000, by MXNet 1.9.1
    "cifar_resnet20_v1": (8337, 9908),
    "cifar_resnet20_v2": (8312, 9893),
    "cifar_resnet56_v1": (8512, 9910),
    "cifar_resnet56_v2": (8592, 9918),
}
SETTINGS = [  # GluonCV, scripts/classification/cifar/train_cifar10.py, in pixels of 0 to 255
    *("--regime", "gluon", "--input-size", "32", "--crop", "1"),
    *("--mean", "125.307,122.961,113.8575", "--scale", "51.5865,50.847,51.255"),
]

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is absent: set GLUONPORT_SHARED"),
]


def gluonport(*arguments: str | Path) -> dict[str, Any]:
    """What a command prints as JSON."""
    command = [sys.executable, "-m", "gluonport", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cifar10")
    with tarfile.open(REAL / "cifar10-test-jpeg.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "test"


@pytest.mark.parametrize("name", COUNTS)
def test_a_graph_gives_mxnets_counts_and_passes_parity(
    name: str, images: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.safetensors"
    gluonport("convert", "graph", target, "--from", REAL / f"{name}-symbol.json")
    live = ("--reference", "live", "--input", "data=1x3x32x32")
    parity = gluonport("verify", "parity", "graph", "--checkpoint", target, *live)
    (verdict,) = parity["models"]
    assert parity["passed"] and verdict["leg"] == "network"
    assert json.loads((tmp_path / "out.parity.json").read_text())["leg"] == "network"
    result = gluonport("verify", "accuracy", "graph", target, "--data", images, *SETTINGS)
    assert (result["images"], result["top1_correct"], result["top5_correct"]) == (
        10000,
        *COUNTS[name],
    )
