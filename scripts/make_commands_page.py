"""Write the page of all commands, docs/commands.md, from their own help.

uv run python scripts/make_commands_page.py [docs/commands.md]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.formatting import HelpFormatter

from gluonport.commands.main import main

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
WIDTH = 88
OWN = ("convert", "publish", "verify")
BEGIN = """\
# Commands

`scripts/make_commands_page.py` makes this page from each command's own `--help`. `convert`,
`verify` and `publish` are commands of their own, and subcommands of `gluonport` too. ImageMagick
has a `convert`; `gluonport convert` is never that one.

Exit status 0 is done, 1 is refused or failed its check with one line that begins with `error:`,
and 2 is wrong usage. `--json` prints one object on stdout and nothing else. Progress goes to
stderr, and only to a terminal. Shell completion is click's:
`eval "$(_CONVERT_COMPLETE=bash_source convert)"`.
"""


def leaves(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it, by name."""
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from leaves(inner, (name,) if name in OWN else (*words, name))
    elif not command.hidden:
        yield words, command


def help_text(words: tuple[str, ...], command: click.Command) -> str:
    """What ``--help`` prints in a terminal of WIDTH columns."""
    context = click.Context(command, info_name=" ".join(words), **main.context_settings)
    formatter = HelpFormatter(width=WIDTH, max_width=WIDTH)
    command.format_help(context, formatter)
    return formatter.getvalue()


def page() -> str:
    """The page's text."""
    parts = [BEGIN]
    for words, command in leaves(main, ("gluonport",)):
        parts.append(f"## {' '.join(words)}\n\n```text\n{help_text(words, command).strip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE).write_text(page())
