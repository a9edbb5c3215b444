"""MXNet's own readers on the same hostile files: what they refuse, read, or crash on."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.attack.hostile import refusal
from scripts.attack.outcome import Outcome
from tests.support.hostile_files import hostile_files

SCRIPT = Path(__file__).with_name("mxnet_reader.py")
KINDS = {".params": ".params", ".npz": ".npz", "symbol": "-symbol.json"}
"""The kinds of files that MXNet reads, and how their names end."""


def mxnet_outcomes() -> Iterator[Outcome]:
    """An outcome for each kind: the files that gluonport refuses, and what MXNet does with them."""
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place, "files"), Path(place, "answers.json")
        folder.mkdir()
        files, ours = dict[str, str](), Counter[str]()
        for number, hostile in enumerate(hostile_files()):
            if hostile.kind in KINDS:
                name = f"{number:04}{KINDS[hostile.kind]}"
                with tempfile.TemporaryDirectory() as making:
                    hostile.make(Path(making)).rename(folder / name)
                files[name] = hostile.kind
                ours[hostile.kind] += refusal(hostile) is None
        command = ["uv", "run", "--quiet", "--script", str(SCRIPT), str(folder), str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            yield Outcome("MXNet's readers", 0, None, f"MXNet cannot be run here: {last}")
            return
        answers = json.loads(out.read_text())
    for kind in KINDS:
        theirs = Counter(answers[name] for name, its in files.items() if its == kind)
        total = sum(theirs.values())
        said = ", ".join(f"{theirs[what]} {what}" for what in ("refused", "read", "crashed"))
        said += f", {theirs['endless']} without end" * bool(theirs["endless"])
        yield Outcome(f"as MXNet reads it: {kind}", total, ours[kind], f"MXNet 1.9.1: {said}")
