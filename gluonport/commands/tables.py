"""Tables for people: fitted to a terminal, in whole lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mappings.words import one_line

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 240  # columns where no terminal sets a width


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]], right: str = "") -> None:
    """Print ``rows`` under ``titles``; the columns named in ``right`` are aligned right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title in right.split() else "left")
    for row in rows:
        table.add_row(*(Text(one_line(str(cell))) for cell in row))
    show_table(table)


def show_table(table: Table) -> None:
    """Print a table: fitted to a terminal, in whole lines elsewhere."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)
