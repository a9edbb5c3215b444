"""Make the table of many releases: results.csv and results.md, in the manner of timm's results.

uv run scripts/results_table.py RELEASE... [--out FOLDER]
"""

from __future__ import annotations

from pathlib import Path

import click

from convert.formats.appearing import write_text
from gluonport.commands.console import Command
from verify.publish.table import as_csv, as_markdown, read_rows


@click.command(cls=Command)
@click.argument("releases", nargs=-1, required=True, type=click.Path())
@click.option("--out", default=".", show_default=True, help="The folder that the files go to.")
def main(releases: tuple[str, ...], out: str) -> None:
    """Write results.csv and results.md on the RELEASE folders, whose sums are checked."""
    rows = read_rows(map(Path, releases))
    write_text(Path(out, "results.csv"), as_csv(rows))
    write_text(Path(out, "results.md"), as_markdown(rows))
    click.echo(f"{len(rows)} releases in {Path(out, 'results.csv')} and {Path(out, 'results.md')}")


if __name__ == "__main__":
    main()
