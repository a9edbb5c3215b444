"""Any file on the web, whose hash the user gives or accepts.

A file is kept under its hash, in ``$XDG_CACHE_HOME/gluonport/files`` (``~/.cache``).
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from convert.formats import regular
from convert.sources.download import LIMIT, download, shown
from convert.sources.expected import Expected
from convert.sources.fetched import Accept, Fetched, Unproven
from convert.sources.lock import locked
from mappings.errors import DownloadError

SCHEMES = ("https://", "http://")


def fetch_web(
    url: str,
    expected: Expected | None,
    accept: Accept | None = None,
    *,
    most: int = LIMIT,
    sleep: Callable[[float], object] = time.sleep,
) -> Fetched:
    """The file at ``url`` as a local one whose hash is ``expected``.

    Without a hash the file is downloaded only if ``accept`` can ask about it, and is gone again if
    it is not accepted. Raises DownloadError, also for a file of more than ``most`` bytes.
    """
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname)
    except ValueError:
        named = False
    if not named:
        raise DownloadError(
            f"{shown(url)}: this is no address of a file: expected https://HOST/..."
        )
    files, name = _files(), _name(parts.path)
    try:
        if expected is None:
            if accept is None:
                raise DownloadError(
                    f"{shown(url)}: nothing says which file this must be, and it was not fetched: "
                    f"give the hash that its publisher states, with --sha256 HEX or --sha1 HEX, or "
                    f"run the command in a terminal, which shows the hash and asks"
                )
            unproven = files / "unproven" / hashlib.sha256(url.encode()).hexdigest() / name
            expected = _accepted(url, unproven, files, accept, most, sleep)
        path = _place(files, expected, name)
        if not expected.is_of(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with locked(path.with_name(f"{name}.lock")):
                if not expected.is_of(path):
                    _fetch_proven(url, path, expected, most, sleep)
    except OSError as error:
        if error.errno is None:  # of requests, on a file of certificates
            raise DownloadError(f"{shown(url)}: {error}") from error
        raise DownloadError(
            f"{shown(url)}: it cannot be kept in {files} ({error.strerror}): make room or allow "
            f"writing there, or name another folder for caches in XDG_CACHE_HOME"
        ) from error
    return Fetched(path, public(url), f"{public(url)}#{expected.algorithm}={expected.digest}")


def public(url: str) -> str:
    """A url without its possible secrets: the user's name and password, the query, the fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _fetch_proven(
    url: str, path: Path, expected: Expected, most: int, sleep: Callable[[float], object]
) -> None:
    fetched = path.with_name(f"{path.name}.unproven")
    download(url, fetched, most=most, sleep=sleep)
    try:
        expected.check(fetched, shown(url))
        fetched.replace(path)
    finally:
        fetched.unlink(missing_ok=True)


def _accepted(
    url: str,
    path: Path,
    files: Path,
    accept: Accept,
    most: int,
    sleep: Callable[[float], object],
) -> Expected:
    """Download a file without a hash and ask about it; the sha256 of the file that was accepted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(f"{path.name}.lock")):
        final = download(url, path, most=most, sleep=sleep)
        try:
            found = Expected("sha256", regular.sha256(path))
            size = path.stat().st_size
            if not accept(Unproven(shown(final), found.digest, size)):
                raise DownloadError(
                    f"{shown(url)}: the file was not accepted; nothing of it is kept"
                )
            target = _place(files, found, path.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        finally:
            path.unlink(missing_ok=True)
    return found


def _files() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(cache), "gluonport", "files")


def _place(files: Path, expected: Expected, name: str) -> Path:
    return files / f"{expected.algorithm}-{expected.digest}" / name


def _name(path: str) -> str:
    """The last part of a url's path as the name of a file: readers go by endings, too."""
    name = re.sub(r"[^\w.+-]", "_", unquote(path).rpartition("/")[2], flags=re.ASCII)[-100:]
    return name.lstrip(".") or "file"
