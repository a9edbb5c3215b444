"""The hash that a file must have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convert.formats import regular
from convert.formats.impostors import document
from mappings.errors import DownloadError

DIGITS = {"sha256": 64, "sha1": 40}
HEAD = 512  # bytes that tell a web page from a checkpoint


@dataclass(frozen=True)
class Expected:
    """A hash in lower-case hex."""

    algorithm: Literal["sha256", "sha1"]
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm} {self.digest}"

    def found(self, path: Path) -> str:
        """The same kind of hash of a regular file. Raises FormatError."""
        return regular.sha256(path) if self.algorithm == "sha256" else regular.sha1(path)

    def is_of(self, path: Path) -> bool:
        """Whether the file is there and has this hash."""
        return path.exists() and self.found(path) == self.digest

    def check(self, path: Path, called: str) -> None:
        """Raise DownloadError if a file, which messages call ``called``, has another hash."""
        found = self.found(path)
        if found != self.digest:
            with regular.open_regular(path) as file:
                what = document(file.read(HEAD))
            raise DownloadError(
                f"{called}: the file has {self.algorithm} {found}, expected {self.digest}: it is "
                f"{what or 'another file than you asked for, or it is damaged'}; nothing of it was "
                f"used"
            )


def expected(sha256: str | None, sha1: str | None) -> Expected | None:
    """The hash that the user gave, None if there is none. Raises DownloadError for both at once and
    for what is no hash."""
    if sha256 is not None and sha1 is not None:
        raise DownloadError("--sha256 and --sha1 are both given: the sha256 alone is enough")
    if sha256 is not None:
        return Expected("sha256", _digest("sha256", sha256))
    return None if sha1 is None else Expected("sha1", _digest("sha1", sha1))


def split_hash(source: str) -> tuple[str, Expected | None]:
    """``https://host/file#sha256=HEX`` without its fragment, and the hash that stands there."""
    plain, _, fragment = source.partition("#")
    algorithm, _, digits = fragment.partition("=")
    match algorithm:
        case "sha256":
            return plain, expected(digits, None)
        case "sha1":
            return plain, expected(None, digits)
    return plain, None


def _digest(algorithm: str, text: str) -> str:
    digits = text.strip().lower()
    if not re.fullmatch(f"[0-9a-f]{{{DIGITS[algorithm]}}}", digits):
        raise DownloadError(
            f"{text[:80]!r} is no {algorithm}: expected {DIGITS[algorithm]} hex digits"
        )
    return digits
