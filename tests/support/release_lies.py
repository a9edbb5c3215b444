"""Folders that claim to be releases or ledgers, with a piece of what is to be said about them."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from click.testing import CliRunner

import gluonport
from gluonport.commands.verify import main as verify
from mappings.errors import GluonportError
from verify.publish.read_statement import Stated
from verify.publish.sums import MAX_SUMS, check_sums

NAME = "gluon_seresnext8_digits"


@dataclass(frozen=True)
class Lie:
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    said: str


def release(sums: bytes | None, more: str, folder: Path) -> Path:
    """A folder of one file, with this list of sums; ``more`` is a second file, or a link."""
    (path := folder / "release").mkdir()
    (path / "README.md").write_text("a port")
    if sums is not None:
        (path / "SHA256SUMS").write_bytes(sums)
    if more == "pipe":
        os.mkfifo(path / "pipe")
    elif more == "link":
        os.symlink("/etc", path / "link")
    elif more == "folder":
        os.mkdir(path / "folder")
    elif more:
        (path / more).touch()
    return path


DIGEST = hashlib.sha256(b"a port").hexdigest().encode()
GOOD = DIGEST + b"  README.md\n"
LIST = "this is not a list of sha256 sums"
RELEASES = {
    name: Lie(partial(release, sums, more), check_sums, said)
    for name, sums, more, said in (
        ("no list", None, "", "SHA256SUMS is missing"),
        ("an empty list", b"", "", "README.md: the file is not in SHA256SUMS"),
        ("another digest", b"0" * 64 + b"  README.md\n", "", "README.md: the file was changed"),
        ("a digest that is none", b"x" * 64 + b"  README.md\n", "", "the file was changed"),
        ("a short digest", b"0" * 63 + b"  README.md\n", "", LIST),
        ("one space", DIGEST + b" README.md\n", "", LIST),
        ("no name", GOOD + DIGEST + b"  \n", "", LIST),
        ("a name twice", GOOD * 2, "", LIST),
        ("not UTF-8", GOOD + b"\xff", "", LIST),
        ("a name that climbs", GOOD + DIGEST + b"  ../README.md\n", "", "the file is missing"),
        ("an absolute name", GOOD + DIGEST + b"  /etc/passwd\n", "", "the file is missing"),
        ("a name of controls", GOOD + DIGEST + b"  \x1b[2J\n", "", "the file is missing"),
        ("carriage returns", GOOD.replace(b"\n", b"\r\n"), "", "the list was changed"),
        ("no end of line", GOOD[:-1], "", "the list was changed"),
        ("too long", b"#" * (MAX_SUMS + 1), "", f"expected at most {MAX_SUMS}"),
        ("a file that is not listed", GOOD, "more.txt", "more.txt: the file is not in SHA256SUMS"),
        ("a pipe", GOOD, "pipe", "this is not a regular file"),
        ("a link", GOOD, "link", "this is not a regular file"),
        ("an empty folder", GOOD, "folder", "the folder is empty"),
    )
}


def stated(statement: bytes, folder: Path) -> Path:
    (path := folder / "release").mkdir()
    (path / "provenance.json").write_bytes(statement)
    return path


NOT_ONE = "this is not the statement of a release"
RELEASES |= {
    f"statement: {name}": Lie(partial(stated, content), Stated.read, said)
    for name, content, said in (
        ("empty", b"", "not valid JSON"),
        ("no JSON", b"{", "not valid JSON"),
        ("a list", b"[]", "expected an object"),
        ("nothing", b"{}", NOT_ONE),
        ("no subject", b'{"subject": []}', NOT_ONE),
        ("a subject that is a number", b'{"subject": 1}', NOT_ONE),
        ("subject of subjects", b'{"subject": [[]]}', NOT_ONE),
        ("nested", b'{"subject": ' + b"[" * 100_000, "nested too deeply"),
        ("a name twice", b'{"subject": 1, "subject": 2}', "a name occurs twice"),
    )
}


def ledger(run: bytes | None, more: str, folder: Path) -> Path:
    (path := folder / "ledger").mkdir()
    if run is not None:
        (path / "run.json").write_bytes(run)
    if more == "pipe":
        os.mkfifo(path / "run.json")
    elif more == "loop":
        os.symlink("run.json", path / "run.json")
    elif more:
        (path / more).write_text("no chunk")
    return path


@cache
def checkpoint() -> Path:
    """The sample, converted once for all ledgers; the folder goes with the process."""
    folder = tempfile.TemporaryDirectory()
    _KEPT.append(folder)
    path = Path(folder.name, "digits.safetensors")
    gluonport.convert(NAME, path)
    return path


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def measured(path: Path) -> None:
    """Measure two images with this ledger. Raises what the command says."""
    words = ["accuracy", NAME, str(checkpoint()), "--limit", "2", "--ledger", str(path)]
    done = CliRunner().invoke(verify, words)
    if done.exit_code:
        assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.output
        raise GluonportError(done.stderr.removeprefix("error: ").rstrip("\n"))


OTHER = "the ledger of another run"
LEDGERS = {
    name: Lie(partial(ledger, run, more), measured, said)
    for name, run, more, said in (
        ("an empty run.json", b"", "", "not valid JSON"),
        ("no JSON", b"{", "", "not valid JSON"),
        ("a list", b"[]", "", "expected an object"),
        ("an empty object", b"{}", "", OTHER),
        ("numbers", json.dumps({"model": 1, "images": "x"}).encode(), "", OTHER),
        ("nested", b'{"model": ' + b"[" * 100_000, "", "nested too deeply"),
        ("a number of a thousand digits", b'{"a": ' + b"9" * 1000 + b"}", "", "1000 digits"),
        ("not UTF-8", b'{"\xff": 1}', "", "not UTF-8"),
        ("too long", b" " * ((1 << 20) + 1), "", "expected at most 1048576"),
        ("a pipe", None, "pipe", "run.json: this is a named pipe"),
        ("a loop of links", None, "loop", "run.json"),
        ("chunks without a run", None, "000000.csv", "holds chunks but no run.json"),
    )
}
