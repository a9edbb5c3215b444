"""What the source framework computes: packaged goldens, or MXNet itself, run beside us."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from architectures import Model
from convert.formats import Array
from mappings.errors import GluonportError

GOLDENS = Path(str(files("verify") / "goldens"))
SCRIPT = Path(str(files("verify") / "gluon_reference.py"))
INTERPRETER = "GLUONPORT_REFERENCE_PYTHON"


class NoReferenceError(GluonportError):
    """The source framework's answer cannot be had."""


@dataclass(frozen=True)
class Reference:
    """The source framework's answers for N images; see ``gluon_reference.py`` for each array.

    ``layers``: (L,) names in execution order; ``digests``: (L, N, K); ``scales``: (L, N);
    ``drift32``: (L,) its own float32 error in the digests, against their scale.
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

    Raises NoReferenceError when the model has none.
    """
    path = GOLDENS / f"{model.name}.npz"
    if not path.exists():
        raise NoReferenceError(
            f"{path}: no golden: make it with scripts/make_goldens.py {model.name}"
        )
    return read_reference(path, "golden")


def live(
    model: Model, weights: str | os.PathLike[str], inputs: Array, activations: tuple[str, ...] = ()
) -> Reference:
    """MXNet's answers for ``weights``, a file in any Gluon naming or ``synthetic``.

    ``activations`` name layers whose input and output are wanted in full, float64. Runs the
    reference script under ``uv run --script``, or the interpreter in GLUONPORT_REFERENCE_PYTHON.
    Raises NoReferenceError with MXNet's own complaint, or with the way to get MXNet.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "inputs.npz"), Path(folder, "answer.npz")
        np.savez(given, inputs=inputs)
        arguments = [model.source.name, os.fspath(weights), str(given), str(answer)]
        if activations:
            arguments += ["--full-activations", *activations]
        run_script(SCRIPT, arguments)
        return read_reference(answer, "live")


def run_script(script: Path, arguments: list[str]) -> None:
    """Run a reference script in its own environment. Raises NoReferenceError when it fails."""
    interpreter = os.environ.get(INTERPRETER)
    start = [interpreter] if interpreter else ["uv", "run", "--quiet", "--script"]
    remedy = (
        f"install uv (pip install uv), or name a Python that has MXNet 1.9.1 and GluonCV in "
        f"{INTERPRETER}; --reference golden needs neither"
    )
    try:
        done = subprocess.run(
            [*start, str(script), *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise NoReferenceError(f"{start[0]}: {error.strerror}: {remedy}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith("error: ")), "")
        if said:
            raise NoReferenceError(f"the reference says: {said.removeprefix('error: ')}")
        last = lines[-1].strip() if lines else f"exit status {done.returncode}"
        raise NoReferenceError(f"MXNet cannot be run here ({last}): {remedy}")


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
        raise NoReferenceError(f"{path}: no answer of the reference script ({error})") from error
