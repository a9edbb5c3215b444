"""check_gpu.py on a machine without a GPU: it runs, says so, and fails where an answer is wrong."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from architectures import find_model
from verify.parity.compare import load

SCRIPT = Path("scripts", "check_gpu.py").resolve()


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--device", "cpu", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.exhaustive
def test_without_a_gpu_everything_runs_on_the_cpu_and_says_so(tmp_path: Path) -> None:
    sections = ["parity", "precisions", "operators", "graph", "decode", "speed"]
    small = ["--models", "gluon_resnet18_v1b", "--few", "2", "--images", "16", "--seconds", "3000"]
    done = check("--out", str(tmp_path), *small, "--sections", *sections)
    assert done.returncode == 0, done.stderr
    assert "No GPU is used" in done.stdout and "FAILED" not in done.stdout
    found = json.loads((tmp_path / "check_gpu.json").read_text())
    assert all(found[name]["rows"] and not found[name]["failures"] for name in sections)
    assert (tmp_path / "check_gpu.md").read_text() == done.stdout


def test_a_section_that_fails_is_reported_and_the_others_go_on() -> None:
    done = check("--models", "gluon_nothing", "--sections", "parity", "--few", "1")
    assert done.returncode == 1
    assert "FAILED: parity: " in done.stdout and "gluon_nothing" in done.stdout


def test_the_zoo_is_compared_with_its_goldens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network on a GPU; here two small ones, of which the second has a wrong scale."""
    names = ["gluon_seresnext8_digits", "gluon_cifar_resnet20_v1"]

    def made(model: Any, *arguments: Any) -> nn.Module:
        network: nn.Module = load(model, *arguments)
        if model.name == names[1]:
            next(network.parameters()).data.mul_(1 + 1e-6)
        return network

    monkeypatch.syspath_prepend(SCRIPT.parent)
    gpu_answers = importlib.import_module("gpu_answers")
    monkeypatch.setattr(gpu_answers, "MODELS", [find_model(name) for name in names])
    monkeypatch.setattr(gpu_answers, "load", made)
    rows = gpu_answers.Rows()
    gpu_answers.zoo({"device": "cpu"}, rows)
    assert [(row["network"], row["passed"]) for row in rows.rows] == [
        (names[0], "yes"),
        (names[1], "NO"),
    ]
    assert len(rows.failures) == 1 and "zoo: gluon_cifar_resnet20_v1: structure" in rows.failures[0]
