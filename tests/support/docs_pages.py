"""The pages of the documentation, their fenced blocks, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from gluonport.commands.main import main

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "architectures" / "samples" / "README.md",
]
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
COMMANDS = ("convert", "gluonport", "publish", "verify")


@dataclass(frozen=True)
class Step:
    """One thing that a page shows: a line of a shell, or a block of Python.

    ``words`` are a command's, of ours from its own name on; ``own`` says whether it is ours.
    ``said`` is what a ``console`` block prints after it, ``into`` the file that takes its output.
    """

    text: str
    words: tuple[str, ...] = ()
    own: bool = False
    said: str | None = None
    into: str | None = None


def lines_of(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a ``console`` block, each with the output under it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, said = part.replace("\\\n", " ").partition("\n")
        yield command, said


def commands_of(line: str, said: str | None = None) -> Iterator[Step]:
    """The commands of a line of a shell."""
    for part in re.split(r"&&|\|\||;|\| ", re.sub(r"\s#\s.*", "", line)):
        words = shlex.split(part, comments=True)
        if not words:
            continue
        if words[0] == "torchrun":
            words = words[words.index("-m") + 1 :]
        if words[:2] == ["uv", "run"]:
            inner = words[2:]
            while inner and inner[0].startswith("--"):
                inner.pop(0)
            words = inner if inner[:1] and inner[0] in COMMANDS else words
        into = words[-1] if ">" in words else None
        words = words[:-2] if into else words
        yield Step(part.strip(), tuple(words), words[0] in COMMANDS, said, into)


def steps(page: Path) -> Iterator[Step]:
    """What a page shows, in its order."""
    for language, block in FENCED.findall(page.read_text()):
        if language == "sh":
            for line in block.replace("\\\n", " ").splitlines():
                yield from commands_of(line)
        elif language == "console":
            for line, said in lines_of(block):
                yield from commands_of(line, said)
        elif language == "python":
            yield Step(block)


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first words name, and the words after them."""
    command: click.Command = main
    if words[0] == "gluonport":
        words = words[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"there is no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words
