"""Checks that the packages which gluonport imports are its own.

Their names are common words: a ``convert.py`` in the working directory, or another package called
``verify``, would be imported instead, and the error would appear far from its cause.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

COMMANDS = ("-m", "convert", "gluonport", "publish", "verify")
ROOMS = ("mappings", "architectures", "convert", "verify")
HOME = Path(__file__).resolve().parent.parent


class RoomError(ImportError):
    """Another module has the name of one of gluonport's own packages."""


def check_rooms(home: Path = HOME) -> None:
    """Check that each of the packages is imported from ``home``, the folder of this package.

    Raises RoomError, whose message names the file that would be imported instead.
    """
    for room in ROOMS:
        spec = find_spec(room)
        found = None if spec is None else spec.origin
        if found is None:
            raise RoomError(f"{home / room}: the package is missing: install gluonport again")
        if Path(found).resolve() != home / room / "__init__.py":
            raise RoomError(
                f"{found}: this file hides gluonport's own package {room!r}: run from another "
                "folder, rename the file, or install gluonport in an environment of its own "
                "(with 'uv tool install' or 'pipx install')"
            )


def check_rooms_at_start() -> None:
    """Check the packages before any of them is imported.

    A command ends with one line; a program that imports gluonport gets the RoomError.
    """
    try:
        check_rooms()
    except RoomError as error:
        if Path(sys.argv[0]).name in COMMANDS:
            raise SystemExit(f"error: {error}") from None
        raise
