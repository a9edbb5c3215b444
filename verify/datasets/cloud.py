"""Object storage, ``s3://`` and ``gs://``, through fsspec: lists, parts of objects, and errors.

Credentials and addresses are those that the libraries s3fs and gcsfs find by themselves. Nothing
that was listed is remembered, since other machines write too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from os import PathLike, fspath
from typing import Any

from mappings.errors import FormatError, GluonportError

SCHEMES = ("s3://", "gs://")
GLOB = frozenset("*?[")
UNKNOWN_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "DefaultCredentialsError",
    "RefreshError",
)
"""What botocore and google-auth raise if there are no credentials, or none that work."""
UNREACHABLE = ("EndpointConnectionError", "ConnectTimeoutError", "ClientConnectorError")


def is_cloud(path: str | PathLike[str]) -> bool:
    """Whether a path is the address of something in an object storage."""
    return fspath(path).startswith(SCHEMES)


@lru_cache
def file_system(scheme: str) -> Any:
    """The fsspec file system of a scheme. Raises ModuleNotFoundError without its library."""
    if scheme == "s3://":
        from s3fs import S3FileSystem

        return S3FileSystem(use_listings_cache=False)
    from gcsfs import GCSFileSystem

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # what it logs is said by its errors too
    return GCSFileSystem(use_listings_cache=False)


def system_of(url: str) -> Any:
    """The file system of an address."""
    return file_system(url[: len(SCHEMES[0])])


@contextmanager
def asking(url: str) -> Iterator[None]:
    """Turn what a library raises into a FormatError of one line; FileNotFoundError stays."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, ModuleNotFoundError, GluonportError):
        raise
    except Exception as error:
        raise trouble(url, error) from error


def trouble(url: str, error: Exception) -> FormatError:
    """The error of one line for what a library raised about an address."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    why = " ".join(str(error).split())[:300] or kinds[0]
    if isinstance(error, FileNotFoundError):
        return FormatError(
            url, "there is no such object any more: it was removed since it was listed"
        )
    anonymous = getattr(error, "code", None) == 401  # Google's answer to one without credentials
    if anonymous or any(kind in UNKNOWN_CREDENTIALS for kind in kinds):
        how = (
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            if url.startswith("s3://")
            else "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
        )
        return FormatError(url, f"no credentials that work were found ({why}): {how}")
    if isinstance(error, PermissionError) or why.startswith("Forbidden"):
        return FormatError(url, f"access was denied ({why}): check the credentials and the policy")
    if any(kind in UNREACHABLE for kind in kinds):
        return FormatError(url, f"the storage cannot be reached ({why}): check the network")
    return FormatError(url, f"the storage answered with an error ({why}); try again")


def list_objects(url: str) -> dict[str, int]:
    """The objects below an address, or the one that is there: their addresses and sizes.

    Raises FormatError, which tells a missing bucket from one that has nothing there.
    """
    system, scheme = system_of(url), url[: len(SCHEMES[0])]
    with asking(url):
        try:
            found = system.find(url, detail=True)
        except FileNotFoundError:
            found = {}
    objects = {
        f"{scheme}{name}": int(info["size"])
        for name, info in found.items()
        if info["type"] == "file" and not name.endswith("/")
    }
    if not objects:
        demand_bucket(url)
    return objects


def names_in(url: str) -> set[str]:
    """The names of the objects in a folder, which may have none."""
    with asking(url):
        try:
            found = system_of(url).ls(url, detail=True, refresh=True)
        except FileNotFoundError:
            return set()
    return {info["name"].rpartition("/")[2] for info in found if info["type"] == "file"}


def glob_objects(pattern: str) -> list[str]:
    """The addresses that a pattern with ``*``, ``?`` or ``[...]`` means, sorted."""
    with asking(pattern):
        try:
            found = system_of(pattern).glob(pattern)
        except FileNotFoundError:
            found = []
    if not found:
        demand_bucket(pattern)
    return sorted(f"{pattern[: len(SCHEMES[0])]}{name}" for name in found)


def demand_bucket(url: str) -> None:
    """Raise FormatError unless the bucket of an address exists."""
    scheme, name = url[: len(SCHEMES[0])], url[len(SCHEMES[0]) :]
    bucket = name.partition("/")[0]
    with asking(url):
        if not bucket or not system_of(url).exists(bucket):
            raise FormatError(
                url, f"there is no bucket {scheme}{bucket}: check its name, or create it"
            )


def info_of(url: str) -> tuple[int, str]:
    """The size of an object, and a text that changes with its content.

    Raises FileNotFoundError if there is none.
    """
    with asking(url):
        info = system_of(url).info(url)
        if info["type"] != "file":
            raise FileNotFoundError(url)
    version = info.get("ETag") or info.get("etag") or info.get("LastModified") or info.get("mtime")
    return int(info["size"]), f"{version}"


def read_part(url: str, offset: int, size: int) -> bytes:
    """A part of an object; fewer bytes if it ends before. Raises FileNotFoundError without it."""
    if size <= 0:
        return b""
    with asking(url):
        try:
            data: bytes = system_of(url).cat_file(url, start=offset, end=offset + size)
        except Exception:
            if info_of(url)[0] > offset:  # an object that ends before has no such range
                raise
            return b""
    return data


def read_whole(url: str, most: int) -> bytes:
    """An object of at most ``most`` bytes.

    Raises FormatError for a larger one, and FileNotFoundError if there is none.
    """
    data = read_part(url, 0, most + 1)
    if len(data) > most:
        what = f"the object has more than {most} bytes: check that this is the right one"
        raise FormatError(url, what)
    return data


class Window:
    """Reads an object in large parts, for one who asks for small ones from its beginning on."""

    def __init__(self, url: str, part: int = 8 << 20) -> None:
        self.url, self.part = url, part
        self.size, self.version = info_of(url)
        self._begin, self._data = 0, b""

    def read(self, offset: int, size: int) -> bytes:
        """The bytes there, fewer at the object's end."""
        size = max(0, min(size, self.size - offset))
        if not self._begin <= offset <= offset + size <= self._begin + len(self._data):
            self._begin = offset
            self._data = read_part(self.url, offset, min(max(size, self.part), self.size - offset))
        return self._data[offset - self._begin : offset - self._begin + size]
