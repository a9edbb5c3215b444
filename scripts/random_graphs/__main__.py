"""Draw random graphs, convert each, and hold it against MXNet.

    uv run python -m scripts.random_graphs [--graphs N] [--seed S] [--nodes N] [--keep FOLDER]

A graph passes if MXNet and the port agree node by node (``verify parity graph --reference live``),
its written network gives the same bits as the loaded one, and it goes back to the same parameters.
Graphs that MXNet itself refuses, and those whose float32 errors alone are apart, are counted and do
not fail. What does not agree stays in the folder. The seed of
a graph is all of it: ``--graphs 1 --seed S`` draws it again.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from scripts.random_graphs.drawn import sketch
from scripts.random_graphs.judged import judged


@click.command()
@click.option("--graphs", default=100, show_default=True, help="How many.")
@click.option("--seed", default=0, show_default=True, help="That of the first.")
@click.option("--nodes", default=12, show_default=True, help="Operators in each, at least.")
@click.option("--keep", type=click.Path(path_type=Path), help="Where graphs that fail are kept.")
def main(graphs: int, seed: int, nodes: int, keep: Path | None) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    keep = keep or Path(tempfile.mkdtemp(prefix="random-graphs-"))
    counts: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    started = time.perf_counter()
    for number in range(seed, seed + graphs):
        folder = keep / str(number)
        folder.mkdir(parents=True)
        drawn = sketch(number, nodes)
        verdict = judged(drawn, folder)
        counts[verdict.kind] += 1
        if verdict.kind == "agrees":
            seen += Counter(drawn.operators().keys())
            shutil.rmtree(folder)
            continue
        print(f"{number}: {verdict.kind}: {verdict.detail}", flush=True)
        if verdict.kind == "refused by MXNet":
            shutil.rmtree(folder)
    print(
        f"{graphs} graphs from seed {seed}, {time.perf_counter() - started:.0f} s: "
        + ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
        + f"; {len(seen)} operators in those that agree"
    )
    sys.exit(counts["differs"] + counts["fails"] > 0)


if __name__ == "__main__":
    main()
