"""``gluonport merge``: the results of many shares together."""

from __future__ import annotations

from pathlib import Path

import click

from gluonport.commands.console import Command, Failure, print_json
from gluonport.commands.many import fail
from mappings.words import counted, first_few, one_line


@click.command(cls=Command)
@click.argument("places", nargs=-1, required=True, type=click.Path(), metavar="DIR...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def merge(places: tuple[str, ...], as_json: bool) -> None:
    """Merge the results of the shares of a run (--shard, torchrun).

    DIR is a folder that shares wrote their results into, or one file of results. It passes only if
    every member of the run has a result and none has failed. Two results of one member must agree.
    """
    from convert.many.merged_results import merge_results
    from convert.many.results_file import counts

    merged = merge_results([Path(place) for place in places])
    passed = all(one.passed for one in merged)
    if as_json:
        print_json({"passed": passed, **{one.activity: one.as_json() for one in merged}})
    else:
        for one in merged:
            said = [f"{count} {status}" for status, count in counts(one.entries.values()).items()]
            if one.missing:
                said.append(f"{len(one.missing)} missing")
            shares = counted(len(one.shares), "file")
            click.echo(
                f"{one.activity:9} {counted(len(one.members), 'member')} in {shares} of results: "
                f"{', '.join(said)}"
            )
            for name in one.missing:
                click.echo(f"{'missing':9} {one_line(name)}")
    missing = [one for one in merged if one.missing]
    failed = [entry for one in merged for entry in one.failed]
    for one in missing:
        unfinished = sorted({str(s.share) for s in one.shares if not s.finished})
        why = f"; unfinished shares: {', '.join(unfinished)}" if unfinished else ""
        line = (
            f"{one.activity}: {counted(len(one.missing), 'member')} without a result "
            f"({first_few(one.missing)}){why}: run the same command again for these shares"
        )
        if one is missing[-1] and not failed:
            raise Failure(line)
        click.echo(f"error: {one_line(line)}", err=True)
    fail(failed)
    if not passed:
        raise Failure("there is no result: the run has no members")
