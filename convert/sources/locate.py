"""A source that lies elsewhere, as a file of this machine: the one way for every command.

hf-hub:OWNER/NAME[@REVISION][:FILE]     on a model hub
https://HOST/FILE[#sha256=HEX]          anywhere on the web
anything else                           is on this machine already
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from convert.sources.download import shown
from convert.sources.expected import Expected, expected, split_hash
from convert.sources.fetched import Accept, Fetched
from convert.sources.hub_name import SCHEME, HubFile
from convert.sources.web import SCHEMES, fetch_web
from mappings.errors import DownloadError


@dataclass(frozen=True)
class Located:
    """A source on this machine, and what was fetched for it, if anything."""

    path: str
    fetched: Fetched | None = None


def locate(
    source: str,
    sha256: str | None = None,
    sha1: str | None = None,
    accept: Accept | None = None,
) -> Located:
    """Fetch a source if it lies elsewhere, and check the hash that is given, wherever it lies.

    ``accept`` is asked about a download without a hash; without it such a download is refused.
    Raises DownloadError, and FormatError for a file that cannot be read.
    """
    must = expected(sha256, sha1)
    if source.startswith(SCHEME):
        from convert.sources.hub import fetch_hub

        fetched = fetch_hub(HubFile.parse(source), must)
    elif source.lower().startswith(SCHEMES):
        url, stated = split_hash(source)
        fetched = fetch_web(url, _both(url, must, stated), accept)
    else:
        if re.match(r"[A-Za-z][\w+.-]*://", source) and not Path(source).exists():
            raise DownloadError(
                f"{shown(source)}: this kind of address is not supported: expected "
                "https://HOST/FILE or hf-hub:OWNER/NAME: download it and name the file"
            )
        if must is not None:
            must.check(Path(source), source)
        return Located(source)
    return Located(str(fetched.path), fetched)


def _both(url: str, must: Expected | None, stated: Expected | None) -> Expected | None:
    if must is not None and stated is not None and must != stated:
        raise DownloadError(f"{url}: the address ends in {stated}, and {must} is given: which one?")
    return must or stated
