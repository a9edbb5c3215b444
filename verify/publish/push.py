"""A release on its way to a hub: nothing is sent that is not in the list of sums."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from verify.accuracy.errors import folded
from verify.publish.errors import PublishError
from verify.publish.statement import WEIGHTS
from verify.publish.sums import SUMS


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
    release, before anything is sent, and with the hub's own complaint.
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
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != files.get(path, digest):
                raise PublishError(f"{folder / path}: was changed: its sha256 is {digest}")
            file.seek(0)
            # An open file goes by git LFS, whose server checks the sha256 that was signed.
            operations.append(CommitOperationAdd(path, file))
            unique.setdefault(digest, operations[-1])
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        try:
            api.create_repo(repository, exist_ok=True)
            others = sorted({*api.list_repo_files(repository)} - {*files, SUMS, ".gitattributes"})
            if others:
                raise PublishError(
                    f"{repository}: has {folded(others)}, no part of this release, with which a "
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
            raise PublishError(
                f"{repository}: the push failed: {_said(error)}; the same command resumes it"
            ) from error
    return str(done.commit_url)


def _said(error: BaseException) -> str:
    """An error's message on one line, with the cause that the hub's library wraps."""
    parts = [" ".join(str(error).split()) or type(error).__name__]
    if error.__cause__ is not None:
        parts.append(" ".join(str(error.__cause__).split()) or type(error.__cause__).__name__)
    return ": ".join(parts)
