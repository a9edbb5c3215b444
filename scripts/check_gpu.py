"""Check a machine's GPU: the answers that it gives, and how fast it gives them.

    python3 scripts/check_gpu.py [--out DIR] [--sections NAME...] [--models NAME...] [--images N]
                                 [--few N] [--seconds N] [--device D]

From a checkout, with Python packages that ``pip install 'gluonport[verify]' timm`` would bring;
gluonport itself need not be installed and nothing is downloaded. Each section runs in a process of
its own and within a time of its own. One that fails is reported, and the others go on:

    parity      the networks on the GPU against MXNet's packaged answers, by parity's criteria
    zoo         the same for every network that has a table; only where --sections names it
    precisions  float32, TF32 and bfloat16 against the CPU's float32, by the proof of the fast path
    commands    ``verify accuracy --device cuda`` against ``--device cpu``, image by image
    operators   every operator of MXNet's graphs, float64 and float32, against the CPU
    graph       a network made of an MXNet graph against the CPU
    decode      each regime's reader: on one core, and on all by threads and by processes
    speed       ``verify accuracy`` against its network alone; every way for the first network
    timm        timm's validate loop on the same images, for the first network
    compiled    the first network alone with --compile

It prints a table for people and writes ``check_gpu.json`` and ``check_gpu.md`` to DIR. Exit status
1: an answer is wrong, or a section about answers did not finish. Without a GPU the same runs on the
CPU with few images, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("gluon_resnext50_32x4d", "gluon_seresnext50_32x4d")
ANSWERS = {"parity": 60, "zoo": 400, "precisions": 90, "commands": 90, "operators": 60, "graph": 60}
SPEED = {"decode": 45, "speed": 90, "timm": 75, "compiled": 75}
LIMITS = {"machine": 60, **ANSWERS, **SPEED}
"""The seconds that each section may take; ``machine`` says what runs here and makes the images."""
DEFAULT = [name for name in LIMITS if name != "zoo"]
SLOWER = 8  # times as long on a machine without a GPU


def environment(folder: Path) -> dict[str, str]:
    """The environment of a section: it finds this checkout, installed or not."""
    paths = [str(ROOT), str(ROOT / "scripts")]
    try:
        metadata.version("gluonport")
    except metadata.PackageNotFoundError:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        known = folder / "installed" / f"gluonport-{version}.dist-info"
        known.mkdir(parents=True)
        (known / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: gluonport\nVersion: {version}\n"
        )
        paths.append(str(known.parent))
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def section(name: str, task: dict[str, Any], env: dict[str, str], limit: float) -> dict[str, Any]:
    """The rows and failures of one section, run as a process."""
    module = "gpu_answers" if name in ("machine", *ANSWERS) else "gpu_speed"
    # Not as a file: the processes that read images would each import it, and torch with it.
    program = f"import {module}; {module}.main()"
    command = [sys.executable, "-c", program, name, json.dumps(task)]
    begun = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        lines = process.communicate(timeout=limit)[0].splitlines()
        if process.returncode or not lines:
            raise ValueError(f"exit status {process.returncode}")
        found: dict[str, Any] = json.loads(lines[-1])
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # what it started too: that would slow the next
        lines = process.communicate()[0].splitlines()
        found = {"rows": _rows(lines), "failures": [f"{name}: stopped after {limit:.0f} s"]}
    except ValueError as error:
        found = {"rows": _rows(lines), "failures": [f"{name}: {error}"]}
    found["seconds"] = time.monotonic() - begun
    for failure in found["failures"]:
        print(f"{name}: {failure}", file=sys.stderr, flush=True)
    print(f"{name}: {found['seconds']:.1f} s", file=sys.stderr, flush=True)
    return found


def _rows(lines: list[str]) -> list[dict[str, Any]]:
    """The rows that a section printed before it was stopped, each a line of JSON."""
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def markdown(results: dict[str, Any], options: argparse.Namespace) -> str:
    """The machine, and a table for each kind of row."""
    machine = results.get("machine", {}).get("about", {})
    lines = ["; ".join(f"{name} {value}" for name, value in machine.items())]
    if not machine.get("GPU"):
        lines.append("No GPU is used: these are figures of the CPU, on few images.")
    tables: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for name in LIMITS:
        for row in results.get(name, {}).get("rows", []):
            tables.setdefault(tuple(row), []).append(row)
    for titles, rows in tables.items():
        lines += ["", "| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
        lines += ["| " + " | ".join(str(row[title]) for title in titles) + " |" for row in rows]
    failures = [line for name in LIMITS for line in results.get(name, {}).get("failures", [])]
    lines += ["", *(f"FAILED: {failure}" for failure in failures)]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, help="write check_gpu.json and check_gpu.md there")
    parser.add_argument("--sections", nargs="+", choices=LIMITS, default=DEFAULT)
    parser.add_argument("--models", nargs="+", default=list(MODELS), metavar="NAME")
    parser.add_argument("--few", type=int, help="images whose answers are compared (500)")
    parser.add_argument("--images", type=int, help="images of the speed sections (8192)")
    parser.add_argument("--seconds", type=int, default=340, help="begin no section after these")
    parser.add_argument("--device", choices=["cuda", "cpu"], help="default: a GPU if there is one")
    options = parser.parse_args()
    begun = time.monotonic()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        env = environment(folder)
        task = {"folder": temporary, "models": options.models, "device": options.device}
        task |= {"few": options.few, "images": options.images, "sections": options.sections}
        for name in ("machine", *(name for name in options.sections if name != "machine")):
            left = options.seconds - (time.monotonic() - begun)
            if left <= 0:
                results[name] = {"rows": [], "failures": [f"{name}: left out, no time"]}
                continue
            limit = LIMITS[name] * (1 if task["device"] == "cuda" else SLOWER)
            results[name] = section(name, task, env, min(limit, left + 15))
            if name == "machine":
                if results[name]["failures"]:
                    break
                task |= results[name].pop("task")
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                (options.out / "check_gpu.json").write_text(json.dumps(results, indent=1) + "\n")
                (options.out / "check_gpu.md").write_text(markdown(results, options))
    print(markdown(results, options), end="")
    print(f"{time.monotonic() - begun:.0f} s in all", file=sys.stderr)
    if any(results.get(name, {}).get("failures") for name in ("machine", *ANSWERS)):
        sys.exit(1)


if __name__ == "__main__":
    main()
