"""check_gpu.py on a machine without a GPU: it runs, says so, and fails where an answer is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
