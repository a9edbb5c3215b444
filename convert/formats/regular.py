"""Opens, reads and hashes regular files, and refuses all others.

Opening a pipe waits for its writer, and reading a device such as ``/dev/zero`` never ends, so every
file that a user names is opened here.
"""

from __future__ import annotations

import hashlib
import os
import stat
from io import BufferedReader, FileIO
from os import PathLike
from pathlib import Path
from typing import Literal

from mappings.errors import FormatError

KINDS = (
    (stat.S_ISDIR, "this is a directory; name the file inside it"),
    (stat.S_ISFIFO, "this is a named pipe, no regular file; copy its content into a file"),
    (stat.S_ISSOCK, "this is a socket, no regular file; copy its content into a file"),
    (stat.S_ISCHR, "this is a device, no regular file; copy its content into a file"),
    (stat.S_ISBLK, "this is a device, no regular file; copy its content into a file"),
)


def open_regular(path: str | PathLike[str]) -> FileIO:
    """Open a regular file for reading, in binary and without buffering.

    Raises FormatError where the file is missing, is not a regular file, or cannot be opened.
    """
    path = Path(path)
    try:
        # O_NONBLOCK: opening a pipe returns at once; it changes nothing for a regular file.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise FormatError(path, "there is no such file; check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        what = f"the file cannot be read ({getattr(error, 'strerror', None) or error})"
        raise FormatError(path, f"{what}; check the path and its permissions") from error
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            what = next((what for test, what in KINDS if test(mode)), "this is not a regular file")
            raise FormatError(path, what)
        return FileIO(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: str | PathLike[str], most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes. Raises FormatError."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            what = f"the file has {size} bytes; expected at most {most}"
            raise FormatError(path, f"{what}: check that this is the right file")
        try:
            data = file.read(most + 1) or b""
            while len(data) <= most and (more := file.read(most + 1 - len(data))):
                data += more
        except OSError as error:
            raise FormatError(path, f"the file cannot be read ({error.strerror})") from error
    if len(data) > most:
        raise FormatError(path, f"the file grew beyond {most} bytes while it was read")
    return data


def read_text(path: str | PathLike[str], most: int) -> str:
    """The text of a regular UTF-8 file of at most ``most`` bytes, without a byte order mark.

    Raises FormatError.
    """
    return utf8(read_bytes(path, most), path)


def utf8(data: bytes, path: str | PathLike[str]) -> str:
    """The text of a file's bytes, without a byte order mark. Raises FormatError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"the text is not UTF-8 ({error.reason}); save the file as UTF-8"
        raise FormatError(path, what, offset=error.start) from error


def digest(file: FileIO | BufferedReader, algorithm: Literal["sha256", "sha1"] = "sha256") -> str:
    """The hash of an open file, from its beginning to its end, in hex."""
    file.seek(0)
    return hashlib.file_digest(file, algorithm).hexdigest()


def sha256(path: str | PathLike[str]) -> str:
    """The sha256 of a regular file, in hex. Raises FormatError."""
    with open_regular(path) as file:
        return digest(file)


def sha1(path: str | PathLike[str]) -> str:
    """The SHA-1 of a regular file, in hex. Raises FormatError."""
    with open_regular(path) as file:
        return digest(file, "sha1")
