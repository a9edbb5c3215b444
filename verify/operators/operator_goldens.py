"""What MXNet computed for every case of every operator: packaged, or made again by MXNet."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from convert.formats import Array
from mappings.errors import NoReferenceError
from verify.operators.operator_case import OperatorCase, read_case
from verify.reference.answers import FRAMEWORKS

PATIENCE = 300  # seconds, for the cases of one group
OPERATOR_GOLDENS = Path(str(files("verify.reference") / "operators"))


@dataclass(frozen=True)
class OperatorAnswer:
    """One case and MXNet's visible outputs, by precision."""

    case: OperatorCase
    outputs: dict[str, tuple[Array, ...]]


def packaged_groups() -> list[str]:
    """The groups of operators that have goldens."""
    return sorted(path.stem for path in OPERATOR_GOLDENS.glob("*.npz"))


def operator_answers(group: str) -> list[OperatorAnswer]:
    """The packaged golden of one group. Raises NoReferenceError if there is none."""
    path = OPERATOR_GOLDENS / f"{group}.npz"
    if not path.exists():
        raise NoReferenceError(
            f"{path}: this golden is missing: make it with scripts/make_operator_goldens.py {group}"
        )
    return read_operator_answers(path)


def read_operator_answers(path: Path) -> list[OperatorAnswer]:
    """The answers in a file of the reference script. Raises NoReferenceError for another file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays}
        cases = json.loads(held["cases"].tobytes())
        return list(_answers(cases, held))
    except (OSError, ValueError, KeyError) as error:
        raise NoReferenceError(
            f"{path}: this is not an answer of the reference script ({error})"
        ) from error


def _answers(cases: list[dict[str, Any]], held: dict[str, Array]) -> Iterator[OperatorAnswer]:
    used = dict.fromkeys(held, 0)
    for described in cases:
        outputs: dict[str, tuple[Array, ...]] = {}
        for precision, results in described["results"].items():
            arrays = []
            for dtype, shape in results:
                start, size = used[dtype], int(np.prod(shape))
                arrays.append(held[dtype][start : start + size].reshape(shape))
                used[dtype] += size
            outputs[precision] = tuple(arrays)
        yield OperatorAnswer(read_case(described), outputs)


def run_operator_reference(cases: Sequence[OperatorCase], answer: Path) -> None:
    """Let MXNet run the cases and write ``answer``.

    Raises NoReferenceError with MXNet's message for every case that it refuses, or with what to
    install.
    """
    framework = FRAMEWORKS["gluoncv"]
    script = str(files("verify.reference") / "operator_reference.py")
    command = [*framework.command()[:-1], script]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "cases.json")
        given.write_text(json.dumps([case.described() for case in cases]))
        try:
            done = subprocess.run(
                [*command, str(given), os.fspath(answer)],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired as error:
            raise NoReferenceError(
                f"MXNet gave no answer in {PATIENCE} s: run {script} with --verbose, which names "
                f"the case that hangs"
            ) from error
        except OSError as error:
            raise NoReferenceError(f"{command[0]}: {error.strerror}: {framework.remedy}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        last = "\n".join(said or lines[-3:]) or f"exit status {done.returncode}"
        raise NoReferenceError(f"the reference says: {last}")
