"""Pushes a release to a hub: only files in the list of sums are sent."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from convert.formats.regular import digest
from mappings.errors import PublishError
from mappings.words import first_few
from verify.publish.converted import public_url
from verify.publish.statement import WEIGHTS
from verify.publish.sums import SUMS

PATH = re.compile(r"[\w./ -]{1,200}", re.ASCII)
MEANINGS = {
    400: "it does not accept the request",
    401: "it does not accept the token: check HF_TOKEN or run 'hf auth login'",
    403: "the token may not write there, or the storage is full",
    404: "it has no such repository, or the token may not read it",
    409: "the repository changed during the push",
    412: "the repository changed during the push",
    413: "a file is too large for it",
    429: "too many requests: try later",
    500: "it failed: try later",
    502: "it is not available: try later",
    503: "it is not available: try later",
    504: "it is not available: try later",
}


def check_repository(repository: str) -> None:
    """Check that a hub accepts the name OWNER/NAME. Raises PublishError."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    owner, _, name = repository.partition("/")
    try:
        if not owner or not name:
            raise HFValidationError("expected OWNER/NAME")
        validate_repo_id(repository)
    except HFValidationError as error:
        raise PublishError(
            f"--push {repository}: this is not the name of a repository: {error}"
        ) from error


def push(folder: Path, repository: str, files: Mapping[str, str]) -> str:
    """Send the files of a release, checked again as they are read, in one commit; return its url.

    HF_ENDPOINT names the hub; the token is that of HF_TOKEN or ``hf auth login``. Files are sent by
    their sha256 (git LFS), so that a file which the hub already has is not sent again. Raises
    PublishError, before anything is sent, if a file is not as listed, or if the repository has
    other files, which would look like parts of the release. Raises it with the status of a request
    that the hub refused, without the hub's own words: they may repeat the token of the request.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, logging
    from huggingface_hub.errors import LocalTokenNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    with ExitStack() as opened:
        # The library uses features that its own dependencies have deprecated.
        opened.enter_context(warnings.catch_warnings(action="ignore"))
        operations: list[CommitOperationAdd] = []
        unique: dict[str, CommitOperationAdd] = {}
        for path in (*files, SUMS):
            file = opened.enter_context(open(folder / path, "rb"))
            found = digest(file)
            if found != files.get(path, found):
                raise PublishError(f"{folder / path}: the file was changed: its sha256 is {found}")
            file.seek(0)
            # An open file is sent by git LFS, whose server checks the sha256 that was signed.
            operations.append(CommitOperationAdd(path, file))
            unique.setdefault(found, operations[-1])
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        try:
            api.create_repo(repository, exist_ok=True)
            others = {*api.list_repo_files(repository)} - {*files, SUMS, ".gitattributes"}
            if others:
                raise PublishError(
                    f"{repository}: the repository has {_named(others)}, which this release does "
                    "not have, so that a download of it would fail 'verify release': remove the "
                    "others, or push to another repository"
                )
            # Each content once: two names of the weights would be read at once from one handle.
            api.preupload_lfs_files(repository, list(unique.values()), free_memory=False)
            done = api.create_commit(
                repository, operations, commit_message=f"Release {files[WEIGHTS][:8]}"
            )
        except PublishError:
            raise
        except LocalTokenNotFoundError as error:
            raise PublishError(
                "no token for the hub: set HF_TOKEN or run 'hf auth login'"
            ) from error
        except Exception as error:  # the hub's library raises its own and its HTTP library's
            # Not "from error": its message is the server's, which may repeat the token.
            raise PublishError(
                f"{repository}: the push failed: {_why(error)}; the same command resumes it"
            ) from None
    return _commit_url(repository, str(done.oid))


def _named(paths: Iterable[str]) -> str:
    """The names of files on the hub. They are the server's words, so a name that does not look like
    a path, or that contains the token, is left out."""
    from huggingface_hub import get_token

    token = get_token()
    plain = [p for p in sorted(paths) if PATH.fullmatch(p) and not (token and token in p)]
    return first_few(plain) if plain else "other files"


def _why(error: BaseException) -> str:
    """Why a request failed, in our own words: the server's words are not repeated."""
    cause: BaseException | None = error
    while cause is not None:
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(status, int):
            return f"the hub answered HTTP {status} ({MEANINGS.get(status, 'unexpected')})"
        cause = cause.__cause__ or cause.__context__
    return f"the hub cannot be reached, or does not answer like a hub ({type(error).__name__})"


def _commit_url(repository: str, oid: str) -> str:
    """The url of the release on the hub."""
    from huggingface_hub import constants

    hub = public_url(os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
    known = re.fullmatch("[0-9a-f]{40,64}", oid)
    return f"{hub}/{repository}/commit/{oid}" if known else f"{hub}/{repository}"
