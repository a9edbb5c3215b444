"""Other people's files, which lie beside the project and are read there: never copied into it."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("GLUONPORT_SHARED", Path(__file__).parents[3] / "shared"))
SYMBOLS = SHARED / "symbols"


def need_shared(*names: str) -> None:
    """Skip the test where the folder ``shared`` or a file in it is absent."""
    for name in names or ("symbols/MANIFEST.json",):
        if not (SHARED / name).is_file():
            pytest.skip(f"{SHARED / name} is absent: set GLUONPORT_SHARED")


def symbol_entries() -> list[dict[str, Any]]:
    """The entries of the manifest of real symbols, none where it is absent."""
    manifest = SYMBOLS / "MANIFEST.json"
    return json.loads(manifest.read_text()) if manifest.is_file() else []


def archived(archive: str) -> dict[str, bytes]:
    """The files of an archive in ``shared/symbols`` by name, without their last suffix."""
    with tarfile.open(SYMBOLS / archive) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        return {
            Path(member.name).stem: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in members
        }
