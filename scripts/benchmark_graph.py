"""How long the graph route takes, beside the table's on the same file, and for the largest graph.

    uv run scripts/benchmark_graph.py [--network NAME] [--largest NAME] [--runs N] [--folder DIR]

MXNet exports both networks with drawn parameters (scripts/export_zoo.py). Then, in turns on one
file, as whole processes:

    table    ``convert auto``, which the names of the file let through
    graph    ``convert graph``: the same tensors, and the source of the network beside them
    copy     ``dd bs=1M conv=fsync``: the same bytes on the same disk, synced

and, in one process, the steps of the largest graph: reading its symbol, building the network's
plan, writing its source, and making the PyTorch network.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from architectures.graph.assemble import assemble
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.python_source import write_source
from architectures.graph.stored import StoredTensor
from convert.formats import open_checkpoint
from convert.formats.graph_checkpoint import variable_name
from convert.formats.symbol import open_symbol

EXPORT = Path(__file__).with_name("export_zoo.py")
CONVERT = Path(sysconfig.get_path("scripts")) / "convert"


def export(folder: Path, *names: str) -> None:
    missing = [name for name in names if not (folder / f"{name}-0000.params").exists()]
    if missing:
        command = ["uv", "run", "--quiet", "--script", EXPORT, folder, *missing, "--params"]
        subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)


def seconds(command: list[str], outputs: list[Path]) -> float:
    for path in outputs:
        path.unlink(missing_ok=True)
    subprocess.run(["sync"], check=True)
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def routes(folder: Path, name: str, runs: int) -> None:
    params, out = folder / f"{name}-0000.params", folder / "out.safetensors"
    outputs = [out, out.with_suffix(".py"), folder / "out.provenance.json", folder / "copy"]
    contenders = {
        "table": [str(CONVERT), "auto", str(out), "--from", str(params)],
        "graph": [str(CONVERT), "graph", str(out), "--from", str(folder / name)],
        "copy": ["dd", f"if={params}", f"of={folder / 'copy'}", "bs=1M", "conv=fsync"],
    }
    found: dict[str, list[float]] = {contender: [] for contender in contenders}
    for _ in range(runs + 1):
        for contender, command in contenders.items():
            found[contender].append(seconds(command, outputs))
    print(f"{name}, {params.stat().st_size / 1e6:.0f} MB, medians of {runs} runs")
    table = statistics.median(found["table"][1:])
    for contender, times in found.items():
        median = statistics.median(times[1:])
        spread = f"{min(times[1:]):.2f} - {max(times[1:]):.2f}"
        print(f"  {contender:8} {median:6.2f} s  ({spread})  {median / table:5.2f} x table")


def steps(folder: Path, name: str) -> None:
    tensors = open_checkpoint(folder / f"{name}-0000.params").tensors
    stored = {variable_name(t.name): StoredTensor(t.shape, str(t.dtype)) for t in tensors}
    total = 0.0

    def timed(title: str, step: Callable[[], Any], counts: bool = True) -> Any:
        nonlocal total
        start = time.perf_counter()
        result = step()
        took = time.perf_counter() - start
        total += took if counts else 0
        print(f"  {title:24} {took:6.2f} s")
        return result

    print(name)
    graph = timed("reading the symbol", lambda: open_symbol(folder / f"{name}-symbol.json"))
    plan = timed("planning the network", lambda: assemble(graph, stored))
    source = timed("writing its source", lambda: write_source(plan, "out.safetensors"))
    print(f"  {'together':24} {total:6.2f} s, {len(graph.nodes)} nodes, {len(source)} characters")
    timed("making it in PyTorch", lambda: GraphNetwork(plan), counts=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="resnet152_v1", help="one that a table covers")
    parser.add_argument("--largest", default="residualattentionnet452")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the exported files here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        export(folder, arguments.network, arguments.largest)
        steps(folder, arguments.largest)
        routes(folder, arguments.network, arguments.runs)


if __name__ == "__main__":
    main()
