"""A release on its way to a hub: nothing is sent that is not in the list of sums."""

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
    403: "the token may not write there, or there is no room",
    404: "it has no such repository, or the token may not see it",
    409: "the repository changed meanwhile",
    412: "the repository changed meanwhile",
    413: "a file is too large for it",
    429: "too many requests: try later",
    500: "it failed: try later",
    502: "it is not available: try later",
    503: "it is not available: try later",
    504: "it is not available: try later",
}


def check_repository(repository: str) -> None:
    """Demand a name OWNER/NAME that a hub accepts. Raises PublishError."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    owner, _, name = repository.partition("/")
    try:
        if not owner or not name:
            raise HFValidationError("expected OWNER/NAME")
        validate_repo_id(repository)
    except HFValidationError as error:
        raise PublishError(f"--push {repository}: is no name of a repository: {error}") from error


def push(folder: Path, repository: str, files: Mapping[str, str]) -> str:
    """Send the files of a release, checked again as they are read, in one commit; return its url.

    The hub is that of HF_ENDPOINT, the token that of HF_TOKEN or ``hf auth login``. Large files go
    by their sha256 (git LFS): what the hub has already is not sent again. Raises PublishError when
    a file is not as listed or the repository has others, which would be taken for parts of the
    release, before anything is sent, and with the status of a request that the hub refused: what
    the hub says of it is not repeated, since it may echo the request and the token in it.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, logging
    from huggingface_hub.errors import LocalTokenNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    with ExitStack() as opened:
        # The library itself uses what its own dependencies deprecate.
        opened.enter_context(warnings.catch_warnings(action="ignore"))
        operations: list[CommitOperationAdd] = []
        unique: dict[str, CommitOperationAdd] = {}
        for path in (*files, SUMS):
            file = opened.enter_context(open(folder / path, "rb"))
            found = digest(file)
            if found != files.get(path, found):
                raise PublishError(f"{folder / path}: was changed: its sha256 is {found}")
            file.seek(0)
            # An open file goes by git LFS, whose server checks the sha256 that was signed.
            operations.append(CommitOperationAdd(path, file))
            unique.setdefault(found, operations[-1])
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        try:
            api.create_repo(repository, exist_ok=True)
            others = {*api.list_repo_files(repository)} - {*files, SUMS, ".gitattributes"}
            if others:
                raise PublishError(
                    f"{repository}: has {_named(others)}, no part of this release, with which a "
                    "download of it fails 'verify release': remove that there, or push elsewhere"
                )
            # One name of the weights at a time: both would be read at once from one handle.
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
        except Exception as error:  # of the hub's library, and of its version's HTTP library
            # Not "from error": its message is the server's, which may repeat the token to us.
            raise PublishError(
                f"{repository}: the push failed: {_why(error)}; the same command resumes it"
            ) from None
    return _commit_url(repository, str(done.oid))


def _named(paths: Iterable[str]) -> str:
    """The names of files on the hub. The server gives them, so that one which does not look like a
    path, or holds the token, is not repeated."""
    from huggingface_hub import get_token

    token = get_token()
    plain = [p for p in sorted(paths) if PATH.fullmatch(p) and not (token and token in p)]
    return first_few(plain) if plain else "other files"


def _why(error: BaseException) -> str:
    """Why a request failed, in our own words: nothing that a server said is among them."""
    cause: BaseException | None = error
    while cause is not None:
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(status, int):
            return f"the hub answered HTTP {status} ({MEANINGS.get(status, 'unexpected')})"
        cause = cause.__cause__ or cause.__context__
    return f"the hub cannot be reached or does not answer as a hub does ({type(error).__name__})"


def _commit_url(repository: str, oid: str) -> str:
    """Where the release is on the hub, from the address that was pushed to."""
    from huggingface_hub import constants

    hub = public_url(os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
    known = re.fullmatch("[0-9a-f]{40,64}", oid)
    return f"{hub}/{repository}/commit/{oid}" if known else f"{hub}/{repository}"
