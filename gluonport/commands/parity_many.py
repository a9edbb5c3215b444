"""``verify parity`` of many files or networks at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convert.formats.records import PARITY, record_path
from gluonport.commands.many import (
    carry_out,
    conclude,
    entries_of,
    results_folder,
    share_here,
    together,
)

if TYPE_CHECKING:
    from convert.many.shares import Share
    from convert.many.worker_processes import Errand
    from verify.parity.one_proof import OneProof
    from verify.parity.result import Parity


@dataclass(frozen=True)
class Words:
    """What is to be checked: ``words`` are files or names of networks."""

    words: tuple[str, ...]
    are_files: bool
    reference: str
    again: bool


def prove_many(
    words: Words,
    jobs: int | None,
    shard: Share | None,
    results_dir: str | None,
    report: str | None,
    as_json: bool,
) -> None:
    """Check many files or networks at once, or a share of them."""
    from convert.many.results_file import ShareResults, results_path
    from verify.parity.one_proof import OneProof, prove_one
    from verify.parity.result import Parity

    if find_spec("torch") is None:
        raise ModuleNotFoundError("there is no torch", name="torch")
    share = share_here(shard)
    parents = {Path(word).parent for word in words.words} if words.are_files else set()
    beside = parents.pop() if len(parents) == 1 else None
    several = len(words.words) > 1 or shard is not None
    default = beside if several and beside and beside.is_dir() else None
    folder = results_folder(results_dir, default)
    kind = "files" if words.are_files else "networks"
    results = ShareResults(
        "parity",
        {"reference": words.reference, "of": kind},
        share,
        sorted(words.words),
        path=folder and results_path(folder, "parity", share),
    )
    carry_out(
        results,
        [
            _errand(OneProof(word, words.are_files, words.reference, words.again))
            for word in words.words
        ],
        {},
        prove_one,
        jobs,
    )
    everyones = together(results, shard)
    if everyones is None:  # rank 0 tells
        click.get_current_context().exit(int(not results.all_good))
    entries = entries_of(everyones)
    models = [found for entry in entries if (found := entry.pop("parity", None)) is not None]
    verdicts = [Parity.from_json(values) for values in models]
    if report is not None and verdicts:
        from verify.report.page import write_report

        click.echo(f"report: {write_report(verdicts, Path(report))}", err=True)
    columns = {"name": "name", "result": "status", "model": "model", "seconds": "seconds"}
    conclude(everyones, columns, as_json, tasks=tasks_of(verdicts), models=models)


def _errand(given: OneProof) -> Errand:
    from convert.many.worker_processes import Errand
    from verify.parity.one_proof import memory_of

    path = Path(given.name)
    records = (record_path(path, PARITY),) if given.is_file else ()
    return Errand(given.name, given, memory_of(given), records)


def tasks_of(results: Sequence[Parity]) -> dict[str, dict[str, int]]:
    """How many networks of each task there are, and how many passed."""
    from verify.parity.result import by_task

    return {
        task: {"passed": passed, "networks": count}
        for task, (passed, count) in by_task(results).items()
    }
