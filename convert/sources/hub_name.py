"""``hf-hub:OWNER/NAME[@REVISION][:FILE]``: how a file on a model hub is named."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mappings.errors import DownloadError

SCHEME = "hf-hub:"
FORM = f"{SCHEME}OWNER/NAME[@REVISION][:FILE]"
PATH = re.compile(r"(?!/)(?:(?!\.{1,2}(?:/|$))[\w. +-]{1,100}(?:/(?=.)|$))+", re.ASCII)
"""The path of a file in a repository, or the name of a revision: no part of it leads elsewhere."""


@dataclass(frozen=True)
class HubFile:
    """A file in a repository on a hub; ``revision`` is a branch, a tag or a commit (None: the main
    branch), ``file`` a path in the repository (None: the repository's checkpoint)."""

    repository: str
    revision: str | None = None
    file: str | None = None

    @classmethod
    def parse(cls, source: str) -> HubFile:
        """Raises DownloadError for anything else than the form above."""
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils._validators import validate_repo_id

        rest, colon, file = source.removeprefix(SCHEME).partition(":")
        repository, at, revision = rest.partition("@")
        owner, _, name = repository.partition("/")
        try:
            if not owner or not name:
                raise HFValidationError("it has no OWNER/NAME")
            validate_repo_id(repository)
        except HFValidationError as error:
            raise DownloadError(f"{source[:200]!r}: expected {FORM}: {error}") from error
        for mark, part in ((at, revision), (colon, file)):
            if mark and not PATH.fullmatch(part):
                raise DownloadError(
                    f"{source[:200]!r}: {part[:100]!r} cannot be the name of a file or revision: "
                    f"expected {FORM}"
                )
        return cls(repository, revision or None, file or None)

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{SCHEME}{self.repository}{revision}{f':{self.file}' if self.file else ''}"
