"""Whether a report can be written, found out before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

from mappings.errors import WriteError

PAGE = "index.html"


def check_report_folder(folder: Path, kind: str) -> None:
    """Demand that a report of ``kind`` (``accuracy``, ``parity``) can be written into ``folder``.

    Raises WriteError, also for a folder that holds another page, such as a report of another kind.
    """
    if os.path.lexists(folder / PAGE) and not os.path.lexists(folder / f"{kind}.json"):
        raise WriteError(f"{folder}: holds an {PAGE} that is no {kind} report: name another folder")
    there = next(p for p in (folder, *folder.absolute().parents) if os.path.lexists(p))
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise WriteError(f"{folder}: cannot be written: {there} is not a writable folder")
