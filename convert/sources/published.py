"""Published checkpoints: in this package, in the Gluon model zoo, or at a URL of their own."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from architectures.catalogue.record import Model
from architectures.catalogue.source import Source
from convert.formats import regular
from convert.sources.download import LIMIT, download, shown, warn
from convert.sources.lock import locked
from convert.sources.zoo import fetch_gluon
from mappings.errors import DownloadError

MARGIN = 2
"""The published file of a model may have this many times the bytes of its float32 weights. It holds
them and little else, so a larger file is another one and need not be unpacked to know that."""
EACH_TENSOR = 1 << 10  # bytes for a tensor's name and header


def largest(model: Model) -> int:
    """The largest size in bytes that the published checkpoint of a model can have."""
    sizes = map(math.prod, model.sized().values())
    return MARGIN * sum(4 * size + EACH_TENSOR for size in sizes)


def fetch_published(
    source: Source, *, most: int = LIMIT, sleep: Callable[[float], object] = time.sleep
) -> Path:
    """The published checkpoint of a model as a local file whose hash was checked.

    The hash is the whole SHA-1 of files of the Gluon model zoo. Of other files only the first 8
    digits of the sha256 are known, from their names. A download of more than ``most`` bytes is
    refused (see ``largest``). Raises DownloadError, which says how to provide the file by hand.
    """
    if source.packaged:
        return _packaged(source.packaged, source.sha1)
    if source.sha1:
        return fetch_gluon(source.stored or source.name, source.sha1, most=most, sleep=sleep)
    if source.unproven:
        raise DownloadError(
            f"{source.name} was published at {source.unproven} without a hash, so nothing can be "
            f"shown of a file from there: give yours with --from FILE"
        )
    if source.url is None:
        raise DownloadError(f"{source.name} was never published: give a file with --from FILE")
    return fetch_url(source.url, most=most, sleep=sleep)


def fetch_url(
    url: str, *, most: int = LIMIT, sleep: Callable[[float], object] = time.sleep
) -> Path:
    """A file whose name ends in the first 8 or more digits of its sha256, as in PyTorch's hub.

    Only these digits are checked. The file is looked for and kept in the folder of ``torch.hub``,
    ``$TORCH_HOME/hub/checkpoints``. Raises DownloadError.
    """
    name = url.rpartition("/")[2]
    prefix = Path(name).stem.rpartition("-")[2]
    digits = f"the first {len(prefix)} digits of its sha256"
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{cache}/torch")
    path = Path(os.path.expanduser(home), "hub", "checkpoints", name)
    try:
        if _is(path, prefix):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f"{name}.lock")):
            if _is(path, prefix):
                return path
            if path.exists():
                warn(f"{path}: {digits} are not {prefix}; downloading it again")
            fetched = path.with_name(f"{name}.unproven")
            download(url, fetched, most=most, sleep=sleep)
            if not _is(fetched, prefix):
                fetched.unlink()
                what = f"this is not the published file: {digits} are not {prefix}"
                raise DownloadError(f"{shown(url)}: {what}")
            fetched.replace(path)
    except (DownloadError, OSError) as error:
        what = str(error) if isinstance(error, DownloadError) else f"{shown(url)}: {error}"
        raise DownloadError(
            f"{what}; expected the file {name} with a sha256 that begins with {prefix}: "
            f"put it at {path}, or give a file with --from FILE"
        ) from error
    return path


def _packaged(name: str, sha1: str | None) -> Path:
    path = Path(str(files("architectures") / "samples" / name))
    if regular.sha1(path) != sha1:
        raise DownloadError(f"{path}: its sha1 is not {sha1}: install gluonport again")
    return path


def _is(path: Path, prefix: str) -> bool:
    """Whether the file is there and its sha256 begins with ``prefix``, of at least 8 digits."""
    if len(prefix) < 8:
        raise DownloadError(f"{path.name}: its name does not end in digits of a hash")
    return path.exists() and regular.sha256(path).startswith(prefix)
