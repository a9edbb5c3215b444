"""Commands, flags, files and links in the documentation exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gluonport.commands.main import main
from tests.support.docs_pages import COMMANDS, FENCED, PAGES, ROOT, find, steps

INLINE = re.compile(r"`([^`]+)`")
SCRIPTS = "".join(script.read_text() for script in (ROOT / "scripts").rglob("*.py"))
OF_SCRIPTS = set(re.findall(r"\"(--[a-z-]+)\"", SCRIPTS))


def flags(command: click.Command) -> set[str]:
    """The flags that a command's help shows."""
    shown = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    return {"--help", *(flag for p in shown for flag in (*p.opts, *p.secondary_opts))}


def every_command(command: click.Command = main) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from every_command(inner)


SHOWN = [(page, step.words) for page in PAGES for step in steps(page) if step.own]


@pytest.mark.parametrize(("page", "words"), SHOWN, ids=lambda value: getattr(value, "name", None))
def test_a_command_in_a_shell_block_is_right_usage(page: Path, words: tuple[str, ...]) -> None:
    command, rest = find(list(words))
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


def test_the_page_of_commands_is_what_their_help_says(tmp_path: Path) -> None:
    # A process of its own: click keeps a command's help option, as it was first asked for.
    script = [sys.executable, str(ROOT / "scripts" / "make_commands_page.py"), "commands.md"]
    subprocess.run(script, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    made = (tmp_path / "commands.md").read_text()
    assert made == (ROOT / "docs" / "commands.md").read_text(), f"{script[1]} writes it again"
