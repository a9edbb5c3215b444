"""``SHA256SUMS``: every file of a release, as ``sha256sum --check`` reads it."""

from __future__ import annotations

import os
from pathlib import Path

from convert.formats.regular import read_bytes, sha256
from mappings.errors import PublishError

SUMS = "SHA256SUMS"
MAX_SUMS = 1 << 20  # bytes: a release has about ten files, a line of 100 bytes each
BOOKKEEPING = ((".git",), (".cache", "huggingface"))
"""Folders of git and of the hub's downloader, which are not part of a release."""


def sums_text(folder: Path) -> str:
    """A line for each file below ``folder``, sorted by path, without the list itself."""
    return "".join(f"{sha256(folder / path)}  {path}\n" for path in files_of(folder))


def files_of(folder: Path) -> list[str]:
    """The paths of a release's files, relative to it and sorted, without the list of sums.

    Raises PublishError for an empty folder, and for anything that is neither a file nor a folder.
    """
    found = []
    for parent, folders, names in os.walk(folder):
        below = Path(parent).relative_to(folder)
        folders[:] = [name for name in folders if (*below.parts, name) not in BOOKKEEPING]
        if not folders and not names and below.parts and below.parts != (".cache",):
            raise PublishError(
                f"{parent}: the folder is empty, which is not allowed in a release: remove it"
            )
        for name in (*names, *(n for n in folders if Path(parent, n).is_symlink())):
            path = Path(parent, name)
            if not path.is_file():
                raise PublishError(f"{path}: this is not a regular file: remove it")
            found.append((below / name).as_posix())
    return sorted(path for path in found if path != SUMS)


def check_sums(folder: Path) -> dict[str, str]:
    """The sha256 of each file of a release, after a check that they are the files of its list.

    Raises PublishError, which names the first file that was changed, was added or is missing.
    """
    again = "fetch the release again"
    if not folder.is_dir():
        raise PublishError(f"{folder}: this is not a folder: name the folder of a release")
    if not (folder / SUMS).is_file():
        raise PublishError(
            f"{folder}: {SUMS} is missing, so this is not a complete release: {again}"
        )
    raw = read_bytes(folder / SUMS, MAX_SUMS)
    listed = _parse(raw)
    if listed is None:
        raise PublishError(f"{folder / SUMS}: this is not a list of sha256 sums: {again}")
    present = files_of(folder)
    for path in listed:
        if path not in present:
            raise PublishError(f"{folder / path}: the file is missing: {again}")
    for path in present:
        if path not in listed:
            raise PublishError(f"{folder / path}: the file is not in {SUMS}: remove it, or {again}")
    for path, digest in listed.items():
        found = sha256(folder / path)
        if found != digest:
            what = f"the file was changed: its sha256 is {found}; expected {digest}"
            raise PublishError(f"{folder / path}: {what}: {again}")
    if "".join(f"{digest}  {path}\n" for path, digest in sorted(listed.items())).encode() != raw:
        raise PublishError(f"{folder / SUMS}: the list was changed: {again}")
    return listed


def _parse(raw: bytes) -> dict[str, str] | None:
    listed: dict[str, str] = {}
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None
    for line in lines:
        digest, gap, path = line.partition("  ")
        if not gap or not path or len(digest) != 64 or path in listed:
            return None
        listed[path] = digest
    return listed
