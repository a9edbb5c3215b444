"""The best classes of an image: plain lines, or bars in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mappings.words import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from verify.prediction.classifier import Guess

BAR = 24  # columns


def show_guesses(image: Path, guesses: Sequence[Guess]) -> None:
    """Print an image's classes, best first; with bars if stdout is a terminal."""
    if sys.stdout.isatty():
        from rich.console import Console

        print_bars(Console(), image, guesses)
        return
    click.echo(one_line(str(image)))
    for guess in guesses:
        called = one_line(guess.name or "")
        click.echo(f"{guess.index:8}  {guess.probability:8.2%}  {called}".rstrip())


def print_bars(console: Console, image: Path, guesses: Sequence[Guess]) -> None:
    """Print the classes with a bar each, as wide as the console."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    console.print(Text(one_line(str(image)), "bold"), overflow="fold")
    rows = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1), expand=False)
    rows.add_column(justify="right", min_width=6, no_wrap=True)
    rows.add_column(width=BAR)
    rows.add_column(justify="right", no_wrap=True)
    rows.add_column(no_wrap=True, overflow="ellipsis")
    for rank, guess in enumerate(guesses):
        rows.add_row(
            Text(str(guess.index), "dim"),
            ProgressBar(
                1.0,
                guess.probability,
                BAR,
                complete_style="bold green" if rank == 0 else "green",
                finished_style="bold green",
                style="bright_black",
            ),
            Text(f"{guess.probability:.2%}", "bold" if rank == 0 else ""),
            Text(one_line(guess.name or f"class {guess.index}"), "bold" if rank == 0 else ""),
        )
    console.print(rows)
