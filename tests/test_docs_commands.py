"""Commands, flags, files and links in the documentation exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gluonport.commands.main import main

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "architectures" / "samples" / "README.md",
]
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
SCRIPTS = "".join(script.read_text() for script in (ROOT / "scripts").glob("*.py"))
OF_SCRIPTS = set(re.findall(r"\"(--[a-z-]+)\"", SCRIPTS))
COMMANDS = ("convert", "gluonport", "publish", "verify")


def command_lines(text: str) -> Iterator[list[str]]:
    """The arguments of our commands in the lines of a shell, without what starts them."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|\||;|\| ", line):
            words = shlex.split(part, comments=True)
            if words[:1] == ["torchrun"]:
                words = words[words.index("-m") + 1 :]
            if words[:2] == ["uv", "run"]:
                words = words[2:]
                while words and words[0].startswith("--"):
                    words.pop(0)
            if words and words[0] in COMMANDS:
                yield words


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first words name, and the words after them."""
    command: click.Command = main
    if words[0] == "gluonport":
        words = words[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"there is no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def flags(command: click.Command) -> set[str]:
    """The flags that a command's help shows."""
    shown = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    return {"--help", *(flag for p in shown for flag in (*p.opts, *p.secondary_opts))}


def every_command(command: click.Command = main) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from every_command(inner)


def shell_blocks() -> Iterator[tuple[Path, list[str]]]:
    for page in PAGES:
        for language, block in FENCED.findall(page.read_text()):
            if language == "sh":
                yield from ((page, words) for words in command_lines(block))


@pytest.mark.parametrize(
    ("page", "words"), list(shell_blocks()), ids=lambda value: getattr(value, "name", None)
)
def test_a_command_in_a_shell_block_is_right_usage(page: Path, words: list[str]) -> None:
    command, rest = find(words)
    assert {word for word in rest if word.startswith("--")} <= flags(command)
    try:
        command.make_context(words[0], list(rest))
    except click.UsageError as error:
        pytest.fail(f"{page.name}: {shlex.join(words)}: {error.message}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_flags_in_the_text_exist(page: Path) -> None:
    anywhere = {flag for command in every_command() for flag in flags(command)} | OF_SCRIPTS
    for span in INLINE.findall(FENCED.sub("", page.read_text())):
        words = span.split()
        if words[0].startswith("--") and page.name != "CHANGELOG.md":
            assert {word for word in words if word.startswith("--")} <= anywhere, span
        elif len(words) > 1 and words[0] in COMMANDS and words[1].isidentifier():
            command, rest = find(words)
            if page.name != "CHANGELOG.md":  # which also names what was replaced
                assert {word for word in rest if word.startswith("--")} <= flags(command), span


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        assert link.startswith(("https://", "http://")) or (page.parent / link).exists(), link
    for path in re.findall(r"(?<![\w/])(?:scripts|tests|docs)/[\w/]+\.(?:py|md)\b", text):
        assert (ROOT / path).exists(), path


def test_the_readme_shows_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    for command in every_command():
        if not isinstance(command, click.Group) and command.name != "main":
            assert re.search(rf"\b{command.name}\b", text), command.name
