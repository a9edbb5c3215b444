"""Where the files of data sets are, and how a part of one is read."""

from __future__ import annotations

import os

from mappings.errors import DatasetError, FormatError
from verify.datasets.cloud import info_of, is_cloud, trouble


def version_of(path: str) -> tuple[object, ...]:
    """What changes with any change of a file. Raises DatasetError if there is no such file."""
    if is_cloud(path):
        try:
            return info_of(path)
        except FileNotFoundError as error:
            raise DatasetError(str(trouble(path, error))) from error
        except FormatError as error:
            raise DatasetError(str(error)) from error
    try:
        found = os.stat(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
