"""Run every attack and print what came of it, as Markdown.

    uv run python -m scripts.attack [--quick] [--only PART]... [--out FILE]

Without --quick: 200 kills, a soak of 500 conversions and 200 parity runs, and 10 million inputs for
the readers that are fuzzed.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import click

from scripts.attack.outcome import Outcome, markdown


@dataclass(frozen=True)
class Amounts:
    """How often each is done."""

    kills: int = 200
    conversions: int = 500
    parities: int = 200
    executions: int = 10_000_000


QUICK = Amounts(10, 20, 8, 0)


def parts(amounts: Amounts) -> dict[str, Callable[[], Iterator[Outcome]]]:
    """The attacks by name, imported only where they are run."""

    def hostile() -> Iterator[Outcome]:
        from scripts.attack.hostile import hostile_outcomes

        return hostile_outcomes()

    def mxnet() -> Iterator[Outcome]:
        from scripts.attack.against_mxnet import mxnet_outcomes

        return mxnet_outcomes()

    def kills() -> Iterator[Outcome]:
        from scripts.attack.kills import kill_outcomes

        return kill_outcomes(amounts.kills)

    def disks() -> Iterator[Outcome]:
        from scripts.attack.disks import disk_outcomes

        return disk_outcomes()

    def traps() -> Iterator[Outcome]:
        from scripts.attack.traps import trap_outcomes

        return trap_outcomes()

    def soak() -> Iterator[Outcome]:
        from scripts.attack.soak import soak_outcomes

        return soak_outcomes(amounts.conversions, amounts.parities)

    def fuzz() -> Iterator[Outcome]:
        from scripts.attack.fuzz import fuzz_outcomes

        return fuzz_outcomes(amounts.executions)

    # kills fork, and come before what starts threads
    every = {"kills": kills, "hostile": hostile, "disks": disks, "traps": traps, "soak": soak}
    return every | {"mxnet": mxnet, "fuzz": fuzz}


PARTS = tuple(parts(QUICK))
NUMBER: dict[str, Any] = {"type": click.IntRange(1)}


@click.command()
@click.option("--quick", is_flag=True, help="10 kills and a short soak; no fuzzing, no MXNet.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Run this part alone.")
@click.option("--kills", metavar="N", help="Kills in all.", **NUMBER)
@click.option("--conversions", metavar="N", help="Conversions of the soak.", **NUMBER)
@click.option("--parities", metavar="N", help="Parity runs of the soak.", **NUMBER)
@click.option("--executions", metavar="N", help="Inputs of the fuzzing in all.", **NUMBER)
@click.option("--out", type=click.Path(path_type=Path), help="Write the table into this page too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    quick: bool, only: tuple[str, ...], out: Path | None, as_json: bool, **given: int | None
) -> None:
    """Run every attack and print the table of what came of it."""
    chosen = only or (PARTS[:-2] if quick else PARTS)
    amounts = replace(QUICK if quick else Amounts(), **{k: n for k, n in given.items() if n})
    found = list[Outcome]()
    for name, attack in parts(amounts).items():
        if name in chosen:
            for outcome in attack():
                click.echo(f"{outcome.attack}: {outcome.held} of {outcome.tried}", err=True)
                found.append(outcome)
    table = markdown(found)
    if as_json:
        click.echo(json.dumps({"outcomes": [asdict(outcome) for outcome in found]}, indent=1))
    else:
        click.echo(f"{table}\n{where()}")
    if out:
        words = sys.argv[1:]
        if "--out" in words:
            del words[words.index("--out") : words.index("--out") + 2]
        write_page(out, table, words)
    sys.exit(0 if all(outcome.passed for outcome in found) else 1)


def where() -> str:
    """The date, the commit and the machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = (names or [model])[0]
    python = platform.python_version()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    date = datetime.now(UTC).date()
    return f"{date}, commit {commit}, Python {python}, {cores} cores ({model})."


BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def write_page(out: Path, table: str, words: list[str]) -> None:
    """Put the results between the marks of a page, or at its end."""
    said = " ".join(["uv run python -m scripts.attack", *words])
    results = f"{BEGIN}`{said}`: {where()}\n\n{table}{END}"
    page = out.read_text() if out.exists() else ""
    before, mark, rest = page.partition(BEGIN)
    out.write_text(before + results + (rest.partition(END)[2] if mark else ""))


if __name__ == "__main__":
    main()
