"""What the commands share about sources that lie elsewhere: the options and the question."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mappings.words import one_line

if TYPE_CHECKING:
    from convert.sources.fetched import Accept, Unproven
    from convert.sources.locate import Located

WEIGHTS, STATEMENT = "model.safetensors", "provenance.json"
ELSEWHERE = "hf-hub:OWNER/NAME[@REVISION][:FILE], or https://HOST/FILE"


def hashes(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for the hash of the source; the command gets ``sha256`` and ``sha1``."""
    for algorithm in ("sha1", "sha256"):
        command = click.option(
            f"--{algorithm}",
            metavar="HEX",
            help=f"The {algorithm} that the source must have; a file from https:// needs a hash.",
        )(command)
    return command


def here(source: str, sha256: str | None = None, sha1: str | None = None) -> Located:
    """A source as a file of this machine, fetched if it lies elsewhere."""
    from convert.sources.locate import locate

    return locate(source, sha256, sha1, acceptance())


def release_or_file(located: Located) -> Path:
    """The folder of a release that was fetched, or the file as it is."""
    path = Path(located.path)
    fetched = located.fetched
    whole = fetched is not None and fetched.file == WEIGHTS and (path.parent / STATEMENT).exists()
    return path.parent if whole else path


def acceptance() -> Accept | None:
    """How a download without a hash is asked about; None where nobody can answer."""
    return _accept if sys.stdin.isatty() and sys.stderr.isatty() else None


def _accept(found: Unproven) -> bool:
    for title, text in (
        ("fetched", one_line(found.url)),
        ("size", f"{found.size:,} bytes"),
        ("sha256", found.sha256),
    ):
        click.echo(f"{title:12}{text}", err=True)
    return click.confirm("No hash was given. Is this the file that its publisher states?", err=True)
