"""What is said of the mistakes in ``messages.txt``: one line that says what, where and what to do.

A block of that file is a command, then its exit status and the first line on stderr, where ``...``
stands for words that a library or another machine chooses.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner, Result

from gluonport.commands import inspect as inspecting
from gluonport.commands.main import main
from tests.support import mistaken_files


class Mistake(NamedTuple):
    words: str
    status: int
    line: str


def table() -> Iterator[Mistake]:
    for block in Path(__file__).with_name("messages.txt").read_text().strip().split("\n\n"):
        command, said = block.split("\n")
        status, line = said.split("  ", 1)
        yield Mistake(command.removeprefix("$ gluonport "), int(status), line)


MISTAKES = list(table())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mistakes")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        mistaken_files.make(path)
    return path


def contents(folder: Path) -> set[tuple[Path, int]]:
    return {(path, path.lstat().st_size) for path in folder.rglob("*")}


def run(words: str) -> Result:
    given = [word.replace(r"\0", "\0") for word in shlex.split(words)]
    return CliRunner().invoke(main, given, prog_name="gluonport")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.words[:80])
def test_a_mistake_is_told_in_its_first_line_and_leaves_nothing(
    mistake: Mistake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    before = contents(folder)
    done = run(mistake.words)
    first, *others = done.stderr.splitlines()
    expected = ".*".join(map(re.escape, mistake.line.split("...")))
    assert re.fullmatch(expected, first), first
    assert (done.exit_code, len(others)) == (mistake.status, mistake.status - 1)
    assert contents(folder) == before


def test_the_table_covers_every_command_and_says_each_thing_once() -> None:
    assert len(MISTAKES) >= 80
    assert len({mistake.words for mistake in MISTAKES}) == len(MISTAKES)
    for name in main.commands:
        assert any(f"{mistake.words} ".startswith(f"{name} ") for mistake in MISTAKES), name
    verify = main.commands["verify"]
    assert isinstance(verify, click.Group)
    for name in verify.commands:
        assert any(f"{m.words} ".startswith(f"verify {name} ") for m in MISTAKES), name


def every_command(group: click.Group = main, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, *path, name)
        else:
            yield (*path, name)


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_verbose_adds_the_traceback_below_the_line(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every command: what it calls is replaced by a refusal."""
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    cause = click.ClickException("https://me:secret@host/\x1b[2J: refused")

    def refuse(**_: object) -> None:
        raise cause

    monkeypatch.setattr(command, "callback", refuse)
    required = [p for p in command.params if isinstance(p, click.Argument) and p.required]
    given = [*words, *("x" for _ in required)]
    plain = CliRunner().invoke(main, given)
    assert (plain.exit_code, plain.stderr.count("\n")) == (1, 1), plain.stderr
    verbose = CliRunner().invoke(main, [*given, "--verbose"])
    assert (verbose.exit_code, verbose.stdout) == (1, "")
    line, *lines = verbose.stderr.splitlines()
    assert f"{line}\n" == plain.stderr and line.startswith("error: ")
    assert lines[0] == "Traceback (most recent call last):" and "in refuse" in verbose.stderr
    assert not any("secret" in each or "\x1b" in each for each in lines)


def test_a_fault_of_our_own_is_one_line_that_says_how_to_report_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    def here(*_: object) -> None:
        raise KeyError("path")

    monkeypatch.setattr(inspecting, "here", here)
    done = run("inspect text.txt")
    assert done.exit_code == 1 and done.stderr == (
        "error: internal error, a fault of gluonport itself: KeyError: 'path' at "
        f"tests/test_messages.py:{here.__code__.co_firstlineno + 1}: please report it where you "
        "got gluonport, with what this command prints with --verbose\n"
    )
    shown = run("inspect text.txt --verbose").stderr
    assert shown.startswith(done.stderr) and shown.endswith("KeyError: 'path'\n")


@pytest.mark.parametrize(
    ("number", "said"),
    [(28, "No space left on device: free some space"), (13, "Permission denied: check who may")],
)
def test_an_error_of_the_system_says_what_to_do(
    number: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number), "/a/file")

    monkeypatch.setattr(inspecting, "here", fail)
    assert run("inspect file").stderr.startswith(f"error: /a/file: {said}")
