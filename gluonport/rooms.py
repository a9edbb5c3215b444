"""The rooms that gluonport is made of, checked to be its own.

Their names are common words: a ``convert.py`` in the working directory, or another package called
``verify``, would be imported in their place and fail far from the cause.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

COMMANDS = ("-m", "convert", "gluonport", "publish", "verify")
ROOMS = ("mappings", "architectures", "convert", "verify")
HOME = Path(__file__).resolve().parent.parent


class RoomError(ImportError):
    """Another module stands where one of gluonport's own packages is expected."""


def check_rooms(home: Path = HOME) -> None:
    """Check that every room is the folder of that name in ``home``, where this package lies.

    Raises RoomError, whose message names the file that is in the way.
    """
    for room in ROOMS:
        spec = find_spec(room)
        found = None if spec is None else spec.origin
        if found is None:
            raise RoomError(f"{home / room}: is missing: install gluonport again")
        if Path(found).resolve() != home / room / "__init__.py":
            raise RoomError(
                f"{found}: stands in the way of gluonport's own package {room!r}: run from another "
                "folder, rename it, or install gluonport in an environment of its own "
                "(uv tool install gluonport, or pipx install gluonport)"
            )


def check_rooms_at_start() -> None:
    """Check the rooms before any of them is imported: a command ends with one line, and a program
    that imports gluonport gets the RoomError."""
    try:
        check_rooms()
    except RoomError as error:
        if Path(sys.argv[0]).name in COMMANDS:
            raise SystemExit(f"error: {error}") from None
        raise
