"""``gluonport releases``: what release folders hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from gluonport.commands.console import ReleaseCommand, print_json
from gluonport.commands.tables import print_table


@click.command(cls=ReleaseCommand)
@click.argument("folders", nargs=-1, required=True, metavar="DIR...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def releases(folders: tuple[str, ...], as_json: bool) -> None:
    """List the releases in the folders DIR, the most accurate first."""
    print_releases(folders, as_json)


def print_releases(folders: Iterable[str], as_json: bool) -> None:
    """Print the table of these release folders. Raises PublishError for any other folder."""
    from verify.publish.table import RIGHT, TITLES, read_rows

    rows = read_rows(map(Path, folders))
    if as_json:
        print_json({"published": [asdict(row) for row in rows]})
    else:
        print_table(TITLES, [row.cells for row in rows], RIGHT)
