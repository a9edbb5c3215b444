"""The Gluon model zoo: published checkpoints by name and hash, in the cache that GluonCV uses.

Folders and names are those of GluonCV 0.10.5 (gluoncv/model_zoo/model_store.py, get_model_file). So
is the lock file, on which GluonCV too holds a flock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from convert.formats import regular
from convert.sources.download import LIMIT, download, shown, warn
from convert.sources.lock import locked
from convert.sources.unzip import extract
from mappings.errors import DownloadError, FormatError

REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"


def fetch_gluon(
    name: str,
    sha1: str,
    *,
    most: int = LIMIT,
    sleep: Callable[[float], object] = time.sleep,
) -> Path:
    """The published checkpoint ``name`` whose SHA-1 is ``sha1``, as a local file: 40 hex digits, or
    the first 8 where GluonCV prints no more.

    It is looked for in ``$MXNET_HOME/models`` (``~/.mxnet/models``). If it is missing there or has
    another hash, it is downloaded from ``$MXNET_GLUON_REPO`` (``REPOSITORY``). The file and the zip
    around it have at most ``most`` bytes each. Raises DownloadError.
    """
    stem = f"{name}-{sha1[:8]}"
    home = os.path.expanduser(os.environ.get("MXNET_HOME", "~/.mxnet"))
    repository = (os.environ.get("MXNET_GLUON_REPO") or REPOSITORY).removesuffix("/")
    url = f"{repository}/gluon/models/{stem}.zip"
    params = Path(home, "models", f"{stem}.params")
    archive = params.with_name(f"{stem}.zip")
    try:
        if _is(params, sha1):  # before any lock: a shared cache may be read-only
            return params
        params.parent.mkdir(parents=True, exist_ok=True)
        with locked(params.with_name(f"{stem}.lock")):
            if _is(params, sha1):  # another process had the lock, and downloaded it
                return params
            if params.exists():
                warn(f"{params}: its sha1 is not {sha1}; downloading it again")
            download(url, archive, most=most, sleep=sleep)
            try:
                extract(archive, params, sha1, most)
            except FormatError as error:
                what = f"{shown(url)}: not the published zip: {error.what}"
                raise DownloadError(what) from error
            finally:
                archive.unlink(missing_ok=True)
    except (DownloadError, OSError) as error:
        what = str(error) if isinstance(error, DownloadError) else f"{shown(url)}: {error}"
        raise DownloadError(
            f"{what}; expected the file {params.name} with sha1 {sha1}: put it at {params}, "
            "name a mirror in MXNET_GLUON_REPO, or give a file with --from FILE"
        ) from error
    return params


def _is(file: Path, sha1: str) -> bool:
    """Whether the file is there and has a SHA-1 that begins so."""
    return file.exists() and regular.sha1(file).startswith(sha1)
