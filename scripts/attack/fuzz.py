"""Coverage-guided fuzzing of every reader, by the scripts ``scripts/fuzz_*.py``."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.attack.outcome import Outcome

SCRIPTS = Path(__file__).parents[1]
READERS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "params": (0.3, ()),
    "safetensors": (0.25, ()),
    "symbols": (0.2, ()),
    "npz": (0.12, ()),
    "pytorch": (0.06, ()),
    "datasets": (0.06, ()),
    "images": (0.01, ("tests/preprocessing/images",)),
}
"""The readers: the share of the inputs that each gets, which is less where one takes longer, and,
where a script makes no seeds of its own, where they are."""


def fuzz_outcomes(executions: int) -> Iterator[Outcome]:
    """An outcome for each reader, of ``executions`` inputs in all."""
    for reader, (share, _) in READERS.items():
        yield fuzzed(reader, round(share * executions))


def fuzzed(reader: str, executions: int) -> Outcome:
    with tempfile.TemporaryDirectory() as corpus:
        _, seeds = READERS[reader]  # libFuzzer writes what it finds into the first folder
        runs = [corpus, *seeds, f"-runs={executions}"] if seeds else [str(executions)]
        command = ["uv", "run", "--quiet", "--script", str(SCRIPTS / f"fuzz_{reader}.py"), *runs]
        done = subprocess.run(
            [*command, f"-artifact_prefix={corpus}/"], capture_output=True, text=True
        )
    return read(reader, done.returncode, done.stderr)


def read(reader: str, status: int, said: str) -> Outcome:
    """The outcome that libFuzzer's last lines tell."""
    lines = re.findall(r"^#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+)", said, re.MULTILINE)
    if not lines:
        last = (said.strip().splitlines() or ["nothing was said"])[-1]
        return Outcome(f"fuzzing: {reader}", 0, None, f"atheris cannot be run here: {last[:100]}")
    tried, _, edges, features = max(lines, key=lambda line: int(line[0]))
    found = f"{int(edges):,} edges and {int(features):,} features covered"
    if status:
        said = " ".join(said.split())[-300:]
        return Outcome(f"fuzzing: {reader}", int(tried), int(tried) - 1, found, (said,))
    return Outcome(f"fuzzing: {reader}", int(tried), int(tried), found)
