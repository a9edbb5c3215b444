"""The light install: small, without torch, and plain about what it does not have."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.exhaustive  # it installs an environment

ROOT = Path(__file__).parents[1]
NAME = "gluon_seresnext8_digits"
SAMPLE = ROOT / "architectures" / "samples" / f"{NAME}.params"
MOST = 120_000_000  # bytes of the whole environment


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the package, built as a wheel, and what the lock file has for it."""
    folder = tmp_path_factory.mktemp("light") / "environment"
    # Built again: uv's cache may hold the wheel of older sources.
    sync = "uv sync --quiet --frozen --no-dev --no-editable --reinstall-package gluonport".split()
    settings = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(folder)}
    settings.pop("VIRTUAL_ENV", None)
    done = subprocess.run(sync, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the commands run."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def converted(environment: Path, work: Path) -> str:
    """The sample, converted by the light install."""
    done = run(environment, work, "convert", NAME, "digits.safetensors")
    assert done.returncode == 0, done.stderr
    return "digits.safetensors"


def run(environment: Path, work: Path, *command: object) -> subprocess.CompletedProcess[str]:
    program, *arguments = map(str, command)
    found = [str(environment / "bin" / program), *arguments]
    return subprocess.run(found, cwd=work, env={"PATH": ""}, capture_output=True, text=True)


def test_it_takes_less_than_120_mb(environment: Path) -> None:
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < MOST
    assert not [path for path in files if path.name in ("libtorch.so", "cv2.abi3.so")]


def test_converting_and_looking_work(environment: Path, work: Path, converted: str) -> None:
    for command in (
        ("verify", "tensors", converted, SAMPLE),
        ("gluonport", "inspect", converted),
        ("gluonport", "models"),
        ("gluonport", "models", NAME),
        ("gluonport", "convert", NAME, "back.params", "--from", converted),
    ):
        done = run(environment, work, *command)
        assert done.returncode == 0 and done.stdout and not done.stderr, (command, done.stderr)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("verify", "parity", NAME), "verify"),
        (("verify", "parity", NAME, "--checkpoint", "digits.safetensors"), "verify"),
        (("verify", "accuracy", NAME, "digits.safetensors"), "verify"),
        (("verify", "metadata"), "verify"),
        (("convert", "auto", "hub.safetensors", "--from", "hf-hub:timm/resnet50"), "hub"),
        (("gluonport", "inspect", "hf-hub:timm/resnet50"), "hub"),
        (("gluonport", "predict", "digits.safetensors", "image.png"), "verify"),
        (("publish", NAME, "digits.safetensors", "release"), "publish"),
        (("verify", "release", "release"), "publish"),
        (("gluonport", "releases", "release"), "publish"),
        (("gluonport", "models", "--published", "release"), "publish"),
        (("gluonport", "demo"), "publish"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_a_command_that_needs_more_names_the_extra_in_one_line(
    command: tuple[str, ...], extra: str, environment: Path, work: Path, converted: str
) -> None:
    before = sorted(work.iterdir())
    done = run(environment, work, *command)
    assert done.returncode == 1 and done.stdout == "", done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("error: this command needs the package ")
    assert line.endswith(f": pip install 'gluonport[{extra}]'")
    assert sorted(work.iterdir()) == before
