"""``gluonport demo``: every command, from Gluon's file to a release, on the packaged sample."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tarfile
import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import click

from gluonport.commands.console import Failure, ReleaseCommand
from gluonport.extras import PUBLISHING

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


@click.command(cls=ReleaseCommand)
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="[DIR]")
def demo(folder: Path | None) -> None:
    """Run the main commands on the packaged sample.

    The sample is a small trained network with its images. The results stay in DIR, which must be
    new or empty. Without DIR they are deleted at the end.
    """
    for package, extra in PUBLISHING.items():  # found out now, not after half of the steps
        if extra == "publish" and find_spec(package) is None:
            raise ModuleNotFoundError(name=package)
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            _run(Path(temporary))
        click.echo("\nThe results were deleted. Name a folder to keep them: gluonport demo DIR")
        return
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Failure(f"{folder}: the folder is not empty: name a new folder")
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
