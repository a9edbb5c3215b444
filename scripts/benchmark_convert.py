"""How long a conversion takes and what memory it needs, beside a copy and beside the usual way.

    uv run scripts/benchmark_convert.py [--models NAME...] [--runs N] [--skip-4gib]
                                        [--folder DIR] [--json FILE] [--markdown]

Time is the wall time of whole processes, the contenders taking turns on one file that MXNet wrote:

    gluonport   the ``convert`` command: checked, reread and compared, hashed, synced
    copy        ``dd bs=1M conv=fsync``: the same bytes on the same disk, synced
    usual way   benchmark_usual_way.py: MXNet and PyTorch in one process, nothing compared or synced

Before each run its output is removed and the disk is idle (sync); the source is in the page cache,
and all interpreters keep their bytecode. Each timed run follows an untimed one of the same
command, so that each contender finds what it left itself: on a virtual machine a copy takes up to
four times as long right after another process has given back much memory.

Memory is the peak of RssAnon in /proc/PID/status, read in a loop every 0.2 ms or so: the
memory that the process alone holds. A mapped file is not in it, whose pages the system takes back
when it needs them (they are why VmHWM is no measure). "Above the interpreter" takes off the same
peak of a process that does the same imports and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np

from architectures import Model, find_model
from convert.formats import open_checkpoint

USUAL_WAY = Path(__file__).with_name("benchmark_usual_way.py")
STAGES = Path(__file__).with_name("benchmark_stages.py")
CONVERT = Path(sysconfig.get_path("scripts")) / "convert"
SMALLEST, LARGEST = "gluon_resnext50_32x4d", "gluon_seresnext101_64x4d"
CLASSES_4GIB = 1 << 19  # a classifier of exactly 4 GiB on 2048 features
IMPORTS = "import gluonport.commands.convert, convert.transfer, convert.proven"
MIB = 1 << 20
REHEARSALS = 1  # untimed runs before each timed one

Row = Sequence[object]


def environment(folder: Path) -> dict[str, Any]:
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    df = ["df", "--output=source,fstype", str(folder)]
    disk = subprocess.run(df, capture_output=True, text=True, check=True)
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "disk": " ".join(disk.stdout.splitlines()[1].split()),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version(name) for name in ("gluonport", "numpy", "safetensors")},
    }


def bytecode(folder: Path) -> dict[str, str]:
    """The environment of all that is timed: bytecode is kept, as interpreters do by default."""
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONWARNINGS": "ignore"}


def usual_python() -> str:
    for verb in (["sync"], ["python", "find"]):
        done = subprocess.run(
            ["uv", *verb, "--script", str(USUAL_WAY)], capture_output=True, text=True, check=True
        )
    return done.stdout.strip()


class Bench:
    """One model: its checkpoint as MXNet wrote it, and the commands that compete for it."""

    def __init__(self, model: Model, folder: Path, usual: str) -> None:
        self.model, self.folder = model, folder
        self.source = folder / f"{model.name}.params"
        self.env = bytecode(folder)
        self.outputs = [folder / f"out.{end}" for end in ("safetensors", "copy", "pth")]
        network, source = model.source.name, str(self.source)
        copied, pickled = map(str, self.outputs[1:])
        self.commands = {
            "gluonport": self.convert(self.source, "float32"),
            "copy": ["dd", f"if={source}", f"of={copied}", "bs=1M", "conv=fsync"],
            "usual way": [usual, str(USUAL_WAY), "convert", network, source, pickled],
        }
        self.run([usual, str(USUAL_WAY), "write", network, source])

    def convert(self, source: Path, dtype: str) -> list[str]:
        out = str(self.outputs[0])
        return [
            str(CONVERT), self.model.name, out, "--from", str(source), "--dtype", dtype, "--force"
        ]  # fmt: skip

    def run(self, command: Sequence[str]) -> tuple[float, str, float]:
        """Run to its end: seconds of wall time, standard output, and when it began."""
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, env=self.env)
        seconds = time.monotonic() - start
        if done.returncode:
            sys.exit(f"error: {' '.join(command)}: {done.stderr.strip()}")
        return seconds, done.stdout, start

    def clean(self) -> None:
        for path in self.outputs:
            path.unlink(missing_ok=True)
        os.sync()

    def race(self, runs: int) -> dict[str, list[float]]:
        """Seconds of each run of each contender, taking turns; also of the usual way's imports."""
        seconds: dict[str, list[float]] = {name: [] for name in [*self.commands, "usual imports"]}
        for _ in range(runs):
            for name, command in self.commands.items():
                for _ in range(REHEARSALS + 1):
                    self.clean()
                    wall, said, start = self.run(command)
                seconds[name].append(wall)
                if name == "usual way":
                    seconds["usual imports"].append(float(said.split()[-1]) - start)
        self.agree()
        return seconds

    def agree(self) -> None:
        """The contenders did the same work: our tensors are those of the usual way."""
        import torch
        from safetensors.torch import load_file

        self.run(self.commands["gluonport"])
        ours = load_file(self.outputs[0])
        theirs = torch.load(self.outputs[2], weights_only=True, mmap=True)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)

    def stages(self) -> list[Row]:
        """Seconds of each stage of one run, in the main thread and in the others."""
        self.clean()
        paths = [str(self.source), str(self.outputs[0])]
        command = [sys.executable, str(STAGES), self.model.name, *paths]
        whole, said, start = self.run(command)
        told = json.loads(said)
        return [
            ("interpreter and imports", told["imported"] - start, 0.0),
            *told["stages"],
            ("exit of the interpreter", start + whole - told["done"], 0.0),
            ("whole process", whole, 0.0),
        ]

    def memory(self, source: Path, dtype: str) -> dict[str, Any]:
        self.clean()
        bare = max(self.peak([sys.executable, "-c", IMPORTS]) for _ in range(3))
        peak = self.peak(self.convert(source, dtype))
        return {
            "bytes": source.stat().st_size,
            "dtype": dtype,
            "peak_mib": peak / MIB,
            "above_interpreter_mib": (peak - bare) / MIB,
        }

    def peak(self, command: Sequence[str]) -> int:
        """Bytes of anonymous memory at most."""
        child = subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL)
        peak = 0
        with open(f"/proc/{child.pid}/status", "rb") as status:
            while child.poll() is None:
                told = os.pread(status.fileno(), 4096, 0)
                _, found, rest = told.partition(b"RssAnon:")
                peak = max(peak, int(rest.split(None, 1)[0]) * 1024 if found else 0)
                time.sleep(0.0001)
        if child.returncode:
            sys.exit(f"error: {' '.join(command)} ended with {child.returncode}")
        return peak


def write_4gib(source: Path, target: Path) -> None:
    """``source`` with a classifier of 4 GiB: a V2 list file, written in pieces."""
    piece = np.random.default_rng(0).random(MIB, np.float32).tobytes()
    heads = {"output.weight": (CLASSES_4GIB, 2048), "output.bias": (CLASSES_4GIB,)}
    tensors = open_checkpoint(source).tensors
    with open(target, "wb") as file:
        file.write(pack("<QQQ", 0x112, 0, len(tensors)))
        for tensor in tensors:
            shape = heads.get(tensor.name, tensor.shape)
            file.write(pack("<Iii", 0xF993FAC9, 0, len(shape)))
            file.write(pack(f"<{len(shape)}qiii", *shape, 1, 0, 0))
            if shape == tensor.shape:
                file.write(tensor.array().tobytes())
                continue
            left = 4 * int(np.prod(shape))
            while left:
                left -= file.write(piece[:left])
        file.write(pack("<Q", len(tensors)))
        for tensor in tensors:
            file.write(pack("<Q", len(tensor.name)) + tensor.name.encode())


def table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Aligned, and Markdown."""
    text = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in r] for r in rows]
    widths = [max(map(len, column)) for column in zip(head, *text, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        return f"| {first[0]:<{first[1]}} | {' | '.join(f'{c:>{w}}' for c, w in rest)} |"

    rule = line([f"{'-' * (width - 1)}:" for width in widths]).replace(":", "-", 1)
    return "\n".join([line(head), rule, *map(line, text)])


def report(results: dict[str, Any], stages: dict[str, list[Row]], markdown: bool) -> None:
    rows: list[Row] = []
    for name, found in results["models"].items():
        base = found["median_s"]["gluonport"]
        for contender in ("gluonport", "copy", "usual way"):
            median, runs = found["median_s"][contender], found["seconds"][contender]
            span = f"{min(runs):.2f} - {max(runs):.2f}"
            size = f"{found['source_bytes'] / 1e6:.0f} MB"
            ratio = f"{median / base:.1f} x"
            rows.append((f"{name}, {size}", contender, median, span, ratio))
    print(table(("model", "contender", "median, s", "range, s", "of gluonport"), rows))
    memory: list[Row] = [
        (f"{m['bytes'] / MIB:.0f} MiB", m["dtype"], m["peak_mib"], m["above_interpreter_mib"])
        for m in results["memory"]
    ]
    head = ("source", "--dtype", "peak anonymous memory, MiB", "above the interpreter, MiB")
    print(f"\n{table(head, memory)}\n")
    print(", ".join(f"{key} {value}" for key, value in results["environment"].items()))
    if markdown:
        return
    for name, found in results["models"].items():
        imports = found["median_s"]["usual imports"]
        print(f"\n{name}: {imports:.2f} s of the usual way are imports. One run of ours, by stage;")
        print("threads overlap, so the columns do not add up\n")
        print(table(("stage", "main thread, s", "other threads, s"), stages[name]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", nargs="+", default=[SMALLEST, LARGEST], metavar="NAME")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each contender")
    parser.add_argument("--skip-4gib", action="store_true", help="leave out the 4 GiB checkpoint")
    parser.add_argument("--folder", type=Path, help="where to work: the disk that is measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="leave every number here")
    parser.add_argument("--markdown", action="store_true", help="only the tables of the README")
    arguments = parser.parse_args()
    results: dict[str, Any] = {"models": {}, "memory": []}
    stages: dict[str, list[Row]] = {}
    usual = usual_python()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        results["environment"] = environment(folder)
        results["environment"]["load"] = os.getloadavg()[0]
        for model in map(find_model, arguments.models):
            bench = Bench(model, folder, usual)
            seconds = bench.race(arguments.runs)
            results["models"][model.name] = {
                "source_bytes": bench.source.stat().st_size,
                "seconds": seconds,
                "median_s": {each: statistics.median(runs) for each, runs in seconds.items()},
            }
            stages[model.name] = bench.stages()
            results["memory"].append(bench.memory(bench.source, "float32"))
            if model.name == SMALLEST and not arguments.skip_4gib:
                if shutil.disk_usage(folder).free < 10 << 30:
                    sys.exit(f"error: {folder} has less than 10 GiB free: --skip-4gib or --folder")
                write_4gib(bench.source, large := folder / "4gib.params")
                results["memory"] += [bench.memory(large, d) for d in ("float32", "float16")]
                large.unlink()
            bench.clean()
            bench.source.unlink()
    report(results, stages, arguments.markdown)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
