"""Real Gluon checkpoints, written by real MXNet during the test run."""

from __future__ import annotations

import gc
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from architectures import MODELS, Model
from tests.support.mxnet_scripts import in_mxnet, mxnet_python
from tests.support.needs import cannot_run
from tests.support.report_page import CHROMIUM, Page, chromium_dom

# Test processes stand side by side on the cores: threads of their own would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))

# Containers forbid bytecode: every process, this one too, would compile torch's sources anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Live references are forked from a process that has imported MXNet once.
os.environ.setdefault("GLUONPORT_REFERENCE_PYTHON", mxnet_python())

SCRIPT = Path(__file__).parent / "support" / "gluon_checkpoints.py"


def smallest() -> dict[str, Model]:
    """The smallest model of each family: they run in every test run, the others exhaustively."""
    ordered = sorted(MODELS, key=lambda model: -model.parameters)
    return {model.family.name: model for model in ordered}


def every_model() -> list[Any]:
    """Parameters of a test of each model: all but the smallest of each family run exhaustively."""
    quick = set(smallest().values())
    marks = pytest.mark.exhaustive
    return [
        pytest.param(model, id=model.name, marks=() if model in quick else marks)
        for model in MODELS
    ]


def pytest_collection_finish() -> None:
    """Spare the garbage collector what is there before the first test: it lives to the end."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


class GluonCheckpoints:
    """Checkpoints of one network, randomised, as MXNet wrote them."""

    def __init__(self, folder: Path, network: str) -> None:
        self.folder, self.network = folder, network
        arrays = np.load(folder / f"{network}.npz")
        self.inputs, self.logits = arrays["inputs"], arrays["logits"]

    def file(self, scheme: str = "structural") -> Path:
        return self.folder / f"{self.network}-{scheme}.params"


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's held-out scans, a folder for each digit; to be read only."""
    folder = tmp_path_factory.mktemp("scans")
    with tarfile.open(Path("architectures", "samples", "gluon_seresnext8_digits.tar")) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def gluon(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., GluonCheckpoints]:
    """``gluon(network, *schemes)``: write them with MXNet, once per session (all without)."""
    folder = tmp_path_factory.mktemp("gluon")

    def write(network: str, *schemes: str) -> GluonCheckpoints:
        own = folder / "-".join((network, *schemes))
        if not own.exists():
            own.mkdir()
            in_mxnet(SCRIPT, own, network, *schemes)
        return GluonCheckpoints(own, network)

    return write


@pytest.fixture(params=["html", "chromium"])
def read_page(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Path], Page]:
    """Reads a report as it was written, and as Chromium understands it."""
    if request.param == "html":
        return lambda path: Page(path.read_text("utf-8"))
    if CHROMIUM is None:
        cannot_run("no chromium is installed: apt-get install chromium")
    return lambda path: Page(chromium_dom(path, tmp_path / "chromium"))
