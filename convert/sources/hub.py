"""Checkpoints on a model hub, fetched by its own library into its own cache.

``HF_ENDPOINT`` names the hub, ``HF_TOKEN`` or ``hf auth login`` the token, ``HF_HOME`` the cache,
and ``HF_HUB_OFFLINE`` keeps from asking. The library compares sizes; what a file holds is compared
here with the hash that the hub lists, whether the file was in the cache or not.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convert.formats import regular
from convert.formats.mapped import MappedFile
from convert.sources.download import LIMIT, warn
from convert.sources.expected import Expected
from convert.sources.fetched import Fetched
from convert.sources.hub_listing import Holdings, HubEntry, beside, choose
from convert.sources.hub_name import PATH, HubFile
from convert.sources.hub_pace import hub_pace
from convert.sources.hub_refusal import is_unreachable, refusal, why
from convert.sources.pace import Pace
from convert.sources.web import public
from mappings.errors import DownloadError

COMMIT, SHA256, BLOB = "[0-9a-f]{40}", "[0-9a-f]{64}", "[0-9a-f]{40}"


def fetch_hub(wanted: HubFile, expected: Expected | None = None, *, most: int = LIMIT) -> Fetched:
    """A checkpoint on the hub as a local file, with what belongs to it beside it.

    Each file's hash is the one that the hub lists, or that the cache has of it. ``expected`` is the
    hash that the checkpoint must have besides. Raises DownloadError, also if the files have more
    than ``most`` bytes in all.
    """
    with _quiet():
        try:
            with hub_pace(str(wanted)) as pace:
                listing = _listing(wanted)
                name = choose(wanted, listing)
                path = _file(wanted, listing, name, expected, most, pace)
                left = most - path.stat().st_size
                for other in beside(name, path, listing):
                    left -= _file(wanted, listing, other, None, left, pace).stat().st_size
        except DownloadError:
            raise
        except Exception as error:  # the hub's library raises its own and its HTTP library's
            # Not "from error": its message is the server's, which may repeat the token.
            raise refusal(wanted, error) from None
    if expected is not None:
        expected.check(path, str(wanted))
    exact = HubFile(wanted.repository, listing.commit, name)
    hub = public(_endpoint()).rstrip("/")
    url = f"{hub}/{wanted.repository}/resolve/{listing.commit}/{name}"
    return Fetched(path, url, str(exact), wanted.repository, listing.commit, name)


def _listing(wanted: HubFile) -> Holdings:
    """What the hub holds at a revision, or the cache, if the hub is not to be asked or does not
    answer."""
    cached = _cached(wanted)
    if cached is not None and wanted.revision == cached.commit and wanted.file in cached.entries:
        return cached  # neither can have changed
    from huggingface_hub import HfApi, constants

    try:
        found = HfApi(endpoint=_endpoint()).model_info(
            wanted.repository,
            revision=wanted.revision,
            files_metadata=True,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
        )
    except Exception as error:
        if cached is None or not is_unreachable(error):
            raise
        if not constants.HF_HUB_OFFLINE:
            warn(f"{wanted}: {why(wanted, error)}; taken from the cache, commit {cached.commit}")
        return cached
    if not re.fullmatch(COMMIT, str(found.sha)):
        raise DownloadError(f"{wanted}: the hub names no commit: check HF_ENDPOINT")
    return Holdings(str(found.sha), dict(_entries(found.siblings or ())))


def _entries(siblings: Any) -> Iterator[tuple[str, HubEntry]]:
    """The files that a hub lists. Names are the server's words: what does not look like a path, or
    contains the token, is left out."""
    from huggingface_hub import get_token

    token = get_token()
    for each in siblings:
        name, size = each.rfilename, each.size
        if isinstance(name, str) and PATH.fullmatch(name) and not (token and token in name):
            sha256 = getattr(each.lfs, "sha256", None)
            yield (
                name,
                HubEntry(
                    size if type(size) is int and size >= 0 else None,
                    _hex(SHA256, sha256),
                    None if each.lfs else _hex(BLOB, each.blob_id),
                ),
            )


def _cached(wanted: HubFile) -> Holdings | None:
    """What the cache holds of a revision. The library keeps each file under its ETag, which is its
    hash, and links to it from ``snapshots/COMMIT``."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    name = repo_folder_name(repo_id=wanted.repository, repo_type="model")
    home = Path(constants.HF_HUB_CACHE, name)
    revision = wanted.revision or constants.DEFAULT_REVISION
    try:
        commit = (home / "refs" / revision).read_text().strip()
    except (OSError, ValueError):
        commit = revision
    folder = home / "snapshots" / commit
    if not re.fullmatch(COMMIT, commit) or not folder.is_dir():
        return None
    entries = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.resolve().name
            entry = HubEntry(path.stat().st_size, _hex(SHA256, name), _hex(BLOB, name))
            entries[path.relative_to(folder).as_posix()] = entry
    return Holdings(commit, entries, folder)


def _file(
    wanted: HubFile,
    listing: Holdings,
    name: str,
    expected: Expected | None,
    most: int,
    pace: Pace,
) -> Path:
    """One file of a listing on this machine, with the content that is listed."""
    entry, called = listing.entries[name], f"{wanted.repository}, {name}"
    if entry.size is None or entry.size > most:
        size = "of unknown size" if entry.size is None else f"of {entry.size} bytes"
        raise DownloadError(f"{called}: a file {size}; expected at most {most} bytes here")
    if not (entry.sha256 or entry.blob or expected):
        raise DownloadError(
            f"{called}: nothing says which hash the file must have: give it with --sha256 HEX"
        )
    if listing.cached is not None:
        path = listing.cached / name
        if not _is(path, entry):
            raise DownloadError(f"{path}: the file in the cache is damaged: remove it")
        return path
    for last in (False, True):
        path = _download(wanted, listing, name, entry, pace)
        if _is(path, entry):
            return path
        _forget(path)
        if not last:
            warn(f"{called}: its hash is not the one that the hub lists; fetching it again")
    raise DownloadError(
        f"{called}: its content is not the one that the hub lists (expected "
        f"{entry.sha256 or entry.blob}); nothing of it was kept: check the network and HF_ENDPOINT"
    )


def _download(wanted: HubFile, listing: Holdings, name: str, entry: HubEntry, pace: Pace) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    repository, hub = wanted.repository, _endpoint()
    url = hf_hub_url(repository, name, revision=listing.commit, endpoint=hub)
    etag = get_hf_file_metadata(url, endpoint=hub).etag
    if not re.fullmatch(f"{SHA256}|{BLOB}", etag or ""):  # it becomes the name of a file
        raise DownloadError(f"{repository}, {name}: the hub names it by no hash: check HF_ENDPOINT")
    path = hf_hub_download(
        repository,
        name,
        revision=wanted.revision,
        endpoint=hub,
        tqdm_class=_bounded(entry.size or 0, f"{repository}, {name}", pace),
    )
    if not path.endswith(f"/snapshots/{listing.commit}/{name}"):
        _forget(Path(path))
        raise DownloadError(f"{wanted}: the revision changed while it was fetched: try again")
    return Path(path)


def _is(path: Path, entry: HubEntry) -> bool:
    """Whether a file has the size and the hash of an entry, as far as they are known."""
    if path.stat().st_size != entry.size:
        return False
    if entry.sha256:
        return regular.sha256(path) == entry.sha256
    return entry.blob is None or _git_blob(path) == entry.blob


def _git_blob(path: Path) -> str:
    """Git's name for the content of a file."""
    if not path.stat().st_size:
        return hashlib.sha1(b"blob 0\0").hexdigest()
    file = MappedFile.open(path)
    digest = hashlib.sha1(b"blob %d\0" % file.size)
    for part in file.parts(0, file.size):
        digest.update(part)
    return digest.hexdigest()


def _forget(path: Path) -> None:
    """Remove a file from the cache."""
    blob = path.resolve()
    path.unlink(missing_ok=True)
    if blob.parent.name == "blobs":
        blob.unlink(missing_ok=True)


def _bounded(most: int, called: str, pace: Pace) -> type[Any]:
    """A progress bar that ends a download of more than ``most`` bytes: the library compares the
    size only at the end, and a server need never end. It also keeps the pace of what is fetched
    without the library's client (by hf_xet)."""
    before = pace.gained
    from huggingface_hub.utils.tqdm import tqdm

    class BoundedBar(tqdm):
        taken = 0

        def update(self, n: float | None = 1) -> bool | None:
            self.taken += int(n or 0)
            if self.taken > most:
                raise DownloadError(f"{called}: more bytes arrive than the {most} that are listed")
            pace.reach(before + self.taken)
            pace.left()
            shown: bool | None = super().update(n)
            return shown

    return BoundedBar


def _endpoint() -> str:
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT") or constants.ENDPOINT


def _hex(pattern: str, text: Any) -> str | None:
    return text if isinstance(text, str) and re.fullmatch(pattern, text) else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from printing: failures are told in one line, and deprecations are its
    own."""
    from huggingface_hub import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.set_verbosity(level)
