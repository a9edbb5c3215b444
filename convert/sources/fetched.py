"""What was fetched, and from where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Fetched:
    """A fetched file: where it is on this machine now, and where it came from.

    ``source`` is what ``--from`` takes to get the same bytes again, None for a published checkpoint
    of the catalogue. ``url`` has no user name, password or query. ``repository``, ``revision`` (the
    commit) and ``file`` are those on a model hub.
    """

    path: Path
    url: str | None
    source: str | None = None
    repository: str | None = None
    revision: str | None = None
    file: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of a provenance that say where the source came from."""
        hub = {"repository": self.repository, "revision": self.revision, "file": self.file}
        return {"source_url": self.url, "source_hub": hub if self.repository else None}


@dataclass(frozen=True)
class Unproven:
    """A download of which no hash was given: ``url`` is where it came from, after redirects, and
    ``size`` its bytes."""

    url: str
    sha256: str
    size: int


Accept = Callable[[Unproven], bool]
"""Asks a person whether a download without a hash is the right one."""
