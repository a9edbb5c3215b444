"""``gluonport demo``: the whole way, from Gluon's file to a release, on the packaged sample."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tarfile
import tempfile
from importlib.resources import files
from pathlib import Path

import click

from gluonport.commands.console import Command, Failure

NAME, FILE = "gluon_seresnext8_digits", "digits.safetensors"
SCANS = ("3/digit-1460.png", "7/digit-1458.png")
STEPS = (
    ("convert", NAME, FILE),
    ("inspect", FILE),
    ("verify", "parity", NAME, "--checkpoint", FILE),
    ("verify", "accuracy", NAME, FILE),
    ("predict", FILE, *(Path(scan).name for scan in SCANS), "--top", "2"),
    ("publish", NAME, FILE, "release"),
    ("verify", "release", "release"),
)


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="[DIR]")
def demo(folder: Path | None) -> None:
    """Go the whole way with the trained sample that ships with the package, command by command.

    What comes of it stays in DIR, which must be new or empty, or is thrown away.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            _run(Path(temporary))
        click.echo("\nNothing of it was kept; with a folder's name all of it is.")
        return
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Failure(f"{folder}: is not empty: name a new folder")
    _run(folder)


def _run(folder: Path) -> None:
    sample = files("architectures").joinpath("samples", f"{NAME}.tar")
    with sample.open("rb") as file, tarfile.open(fileobj=file) as scans:
        for scan in SCANS:
            member = scans.extractfile(scan)
            assert member is not None
            (folder / Path(scan).name).write_bytes(member.read())
    for step in STEPS:
        click.secho(f"\n$ gluonport {shlex.join(step)}", bold=True)
        command = [sys.executable, "-m", "gluonport", *step]
        if status := subprocess.run(command, cwd=folder).returncode:
            raise SystemExit(status)
