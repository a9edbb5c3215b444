"""The source framework's answers: packaged ones (goldens), or live ones from a run of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from architectures import Model
from convert.formats import Array
from mappings.errors import NoReferenceError

GOLDENS = Path(str(files("verify.reference") / "goldens"))


@dataclass(frozen=True)
class Framework:
    """How a source framework is run.

    ``script`` is run with ``model``, a template of the name that it takes. ``interpreter`` is the
    environment variable that may name a Python that has the framework; if it is not set, uv makes
    the environment that the script declares. None: the framework runs in this environment.
    """

    title: str
    script: str
    model: str
    interpreter: str | None

    def command(self) -> list[str]:
        """The command that starts the script."""
        script = str(files("verify.reference") / self.script)
        if self.interpreter is None:
            return [sys.executable, script]
        python = os.environ.get(self.interpreter)
        return [python, script] if python else ["uv", "run", "--quiet", "--script", script]

    @property
    def remedy(self) -> str:
        """What to do if the framework cannot be run."""
        if self.interpreter is None:
            return f"install {self.title} (uv pip install timm), or use --reference golden"
        return (
            f"install uv (pip install uv), or name a Python that has {self.title} in "
            f"{self.interpreter}, or use --reference golden"
        )


FRAMEWORKS = {
    "gluoncv": Framework(
        "MXNet 1.9.1 and GluonCV", "gluon_reference.py", "{name}", "GLUONPORT_REFERENCE_PYTHON"
    ),
    "mxnet": Framework(
        "MXNet 1.9.1", "module_reference.py", "{name}", "GLUONPORT_REFERENCE_PYTHON"
    ),
    "timm": Framework("timm", "torch_reference.py", "timm/{name}", None),
    "mmpretrain": Framework(
        "mmpretrain", "torch_reference.py", "mmpretrain/{name}", "GLUONPORT_MMPRETRAIN_PYTHON"
    ),
}


@dataclass(frozen=True)
class Reference:
    """The source framework's answers for N images; see ``gluon_reference.py`` for each array.

    ``layers``: (L,) names in execution order; ``digests``: (L, N, K); ``scales``: (L, N);
    ``drift32``: (L,) its own float32 error in the digests, relative to their scale.
    """

    kind: Literal["golden", "live"]
    logits64: Array
    logits32: Array
    layers: tuple[str, ...]
    digests: Array
    scales: Array
    drift32: Array
    about: dict[str, Any]
    activations: dict[str, Array]


def golden(model: Model) -> Reference:
    """The packaged golden: the answers for the model's synthetic weights.

    Raises NoReferenceError if the model has none.
    """
    path = GOLDENS / f"{model.base or model.name}.npz"
    if not path.exists():
        raise NoReferenceError(
            f"{path}: this golden is missing: make it with scripts/make_goldens.py {model.name}"
        )
    return read_reference(path, "golden")


def live(
    model: Model, weights: str | os.PathLike[str], inputs: Array, activations: tuple[str, ...] = ()
) -> Reference:
    """The source framework's answers for ``weights``: a file that it can read, or ``synthetic``.

    ``activations`` are the layers whose whole input and output are returned too, float64.
    Raises NoReferenceError with the framework's own error message, or with what to install.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.npz")
        run_reference(model, weights, inputs, answer, activations)
        return read_reference(answer, "live")


def run_reference(
    model: Model,
    weights: str | os.PathLike[str],
    inputs: Array,
    answer: Path,
    activations: tuple[str, ...] = (),
) -> None:
    """Run the reference script, which writes ``answer``. Raises NoReferenceError if it fails."""
    framework = FRAMEWORKS[model.source.framework]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "inputs.npz")
        np.savez(given, inputs=inputs)
        name = framework.model.format(name=model.source.name)
        arguments = [name, os.fspath(weights), str(given), str(answer)]
        if activations:
            arguments += ["--full-activations", *activations]
        run_script(framework, arguments)


def run_script(framework: Framework, arguments: Sequence[str]) -> None:
    """Run a framework's script with these arguments.

    Raises NoReferenceError with the script's own error message, or with what to install.
    """
    command = framework.command()
    try:
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise NoReferenceError(f"{command[0]}: {error.strerror}: {framework.remedy}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith("error: ")), "")
        if said:
            raise NoReferenceError(f"the reference says: {said.removeprefix('error: ')}")
        last = lines[-1].strip() if lines else f"exit status {done.returncode}"
        raise NoReferenceError(f"{framework.title} cannot be run here ({last}): {framework.remedy}")


def read_reference(path: Path, kind: Literal["golden", "live"]) -> Reference:
    """The answers in a file of the reference script. Raises NoReferenceError for another file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays}
        return Reference(
            kind=kind,
            logits64=held["logits_float64"],
            logits32=held["logits_float32"],
            layers=tuple(map(str, held["layers"])),
            digests=held["digests_float64"],
            scales=held["scales_float64"],
            drift32=held["drift_float32"],
            about=json.loads(str(held["about"])),
            activations={
                name: held[name] for name in held if name.startswith(("input/", "output/"))
            },
        )
    except (OSError, ValueError, KeyError) as error:
        raise NoReferenceError(
            f"{path}: this is not an answer of the reference script ({error})"
        ) from error
