"""Tables for people: fitted to a terminal, whole lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from architectures.console import one_line

WIDTH = 240  # columns where no terminal sets a width


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]], right: str = "") -> None:
    """Print ``rows`` under ``titles``; those named in ``right`` are figures, aligned right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title in right.split() else "left")
    for row in rows:
        table.add_row(*(Text(one_line(str(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)
