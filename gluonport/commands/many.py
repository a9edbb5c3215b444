"""What the commands share that do many things at once: options, lines, table, JSON, status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gluonport.commands.console import Failure, print_json
from mappings.words import one_line

if TYPE_CHECKING:
    from convert.many.results_file import ShareResults
    from convert.many.shares import Share
    from convert.many.worker_processes import Errand, Work


def _parse_share(context: click.Context, option: click.Parameter, text: str | None) -> Share | None:
    from convert.many.shares import Share

    if text is None:
        return None
    try:
        return Share.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def many_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of commands that do many things; the command gets ``jobs`` and ``shard``."""

    @click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Of many, do N at once. Default: as many as there are cores.",
    )
    @click.option(
        "--shard",
        metavar="I/N",
        callback=_parse_share,
        help="Of many, do the share I of N (1/N to N/N). Default under torchrun: that of the rank.",
    )
    @wraps(command)
    def shared(*args: Any, **options: Any) -> None:
        command(*args, **options)

    return shared


def share_here(shard: Share | None) -> Share:
    """The share that was asked for, or that of this rank under torchrun, or everything."""
    from convert.many.shares import Share

    try:
        return shard or Share.of_torchrun() or Share()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def carry_out(
    results: ShareResults,
    errands: Iterable[Errand],
    refused: Mapping[str, str],
    work: Work,
    jobs: int | None,
) -> None:
    """Do the errands of the share into ``results``, with a line for each on a terminal."""
    from convert.many.machine import cores, free_memory
    from convert.many.results_file import FAILED
    from convert.many.worker_processes import do_all

    names = results.share.take(results.members)
    given = {errand.name: errand for errand in errands}
    results.write()
    for name in names:
        if name in refused:
            results.add({"name": name, "status": FAILED, "error": refused[name], "seconds": 0.0})
            _show(results, len(names), name)
    errands = [given[name] for name in names if name in given]
    for done in do_all(errands, work, jobs or cores(), free_memory()):
        value = done.value or {"status": FAILED}
        rounded = round(done.seconds, 3)
        results.add({"error": done.error, **value, "name": done.name, "seconds": rounded})
        _show(results, len(names), done.name)
    results.finished = True
    results.write()


def _show(results: ShareResults, total: int, name: str) -> None:
    if sys.stderr.isatty():
        entry, width = results.entries[name], len(str(total))
        count = f"[{len(results.entries):{width}}/{total}]"
        line = f"{count} {entry['status']:9} {one_line(name)}  {entry['seconds']:.1f} s"
        click.echo(line, err=True)


def together(results: ShareResults, shard: Share | None) -> list[ShareResults] | None:
    """The results of all ranks on rank 0 under torchrun, and None on the others; those of this
    share alone where it was asked for, and without torchrun.

    torchrun ends all ranks as soon as one of them fails, so each waits for the others here.
    """
    if shard is not None or results.share.total == 1 or "MASTER_ADDR" not in os.environ:
        return [results]
    from verify.accuracy.ranks import join

    ranks = join()
    everyones = ranks.everyones(results)
    ranks.leave()
    if ranks.rank == 0:
        return everyones
    results.entries |= {name: entry for other in everyones for name, entry in other.entries.items()}
    return None


def entries_of(shares: Iterable[ShareResults]) -> list[dict[str, Any]]:
    """The results of several shares, sorted by name."""
    found = {name: entry for share in shares for name, entry in share.entries.items()}
    return [found[name] for name in sorted(found)]


def conclude(
    shares: Sequence[ShareResults],
    columns: Mapping[str, str],
    as_json: bool,
    **more: Any,
) -> None:
    """Print the table or the JSON of results, and an ``error:`` line for each failure.

    ``columns`` are titles and the fields under them; ``more`` are further fields of the JSON.
    Raises Failure if anything failed.
    """
    from convert.many.results_file import counts
    from gluonport.commands.tables import print_table

    entries, first = entries_of(shares), shares[0]
    if as_json:
        values = first.as_json()
        if len(shares) > 1:
            passed = all(share.as_json()["passed"] for share in shares)
            values |= {"passed": passed, "share": "1/1", "counts": counts(entries)}
        print_json({**values, "results": entries, **more})
    else:
        if entries:
            rows = [[_cell(entry.get(field)) for field in columns.values()] for entry in entries]
            print_table(list(columns), rows, right="parameters seconds")
        whole = len(shares) > 1 or first.share.total == 1
        part = "" if whole else f", share {first.share} of {len(first.members)}"
        said = ", ".join(f"{count} {status}" for status, count in counts(entries).items())
        click.echo(f"{len(entries)} in all{part}: {said or 'nothing to do in this share'}")
    fail(entry for entry in entries if entry["error"])


def fail(entries: Iterable[Mapping[str, Any]]) -> None:
    """An ``error:`` line for each entry, and exit status 1 if there is any."""
    lines = []
    for entry in entries:
        name, error = str(entry["name"]), str(entry["error"])
        lines.append(error if name in error else f"{name}: {error}")
    for line in lines[:-1]:
        click.echo(f"error: {one_line(line)}", err=True)
    if lines:
        raise Failure(lines[-1])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1f}"
    return f"{value:,}" if type(value) is int else str(value)


def results_folder(results: str | None, default: Path | None) -> Path | None:
    """Where results are written; it is made if it does not exist."""
    folder = Path(results) if results else default
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder
