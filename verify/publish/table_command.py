"""``gluonport models --published``: what release folders hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from architectures.console import print_json


def print_published(folders: Iterable[str], as_json: bool) -> None:
    """Print the table of these release folders. Raises PublishError for one that is none."""
    from verify.publish.table import RIGHT, TITLES, read_rows
    from verify.tables import print_table

    rows = read_rows(map(Path, folders))
    if as_json:
        print_json({"published": [asdict(row) for row in rows]})
    else:
        print_table(TITLES, [row.cells for row in rows], RIGHT)
