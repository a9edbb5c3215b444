"""Resumable HTTP downloads: a file gets its name only when it is complete.

Until then ``NAME.partial`` holds the bytes so far, and ``NAME.partial.etag`` the validator of the
representation that they belong to (RFC 9110, sections 8.8 and 13.1.5). A download that failed or
was killed continues from its last byte, in this run or the next.

requests does the transfer. What is here is ours because the kept libraries for cached downloads
(pooch among them) neither continue a download nor bound its pace and its size.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from convert.sources.partial import Partial, opened
from mappings.errors import DownloadError
from mappings.notebook_progress import NotebookProgress, notebook_progress

if TYPE_CHECKING:
    from requests import Response

    from convert.sources.pace import Pace

CHUNK = 1 << 16  # bytes
LIMIT = 4 << 30  # bytes: far beyond the checkpoint of any image classifier
CONNECT = 10.0  # seconds
BACKOFF = (1.0, 2.0, 4.0, 8.0)  # seconds before each further attempt
PATIENCE = 60.0  # seconds: the longest Retry-After that is waited for
TRANSIENT = {408, 425, 429}  # and every 5xx


def download(
    url: str,
    target: Path,
    *,
    most: int = LIMIT,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Download the body of ``url`` to ``target``, with the length that the server states. Return
    the url that it came from, after redirects.

    HTTP promises no more than that, so the caller must check the content before it gives the file a
    name that others trust. The caller also keeps others from downloading to ``target`` meanwhile
    (see ``locked``). Lost connections, short bodies, 5xx and 429 are tried again after the waits of
    ``BACKOFF``, or after Retry-After; the count of attempts starts again whenever one gets further
    than all before it. A download always ends: it has at most ``most`` bytes, which must keep a
    pace (see ``Pace``). A host that cannot be found is tried again only if it sent bytes before.

    Raises DownloadError with a message that begins with the URL, and OSError if ``target`` cannot
    be written.
    """
    from convert.sources.pace import Pace

    with opened(target) as partial, _progress(target.name) as show:
        furthest, waits = partial.size(), iter(BACKOFF)
        pace = Pace(shown(url), furthest, clock)
        while True:
            try:
                final = _fetch(url, partial, most, pace, show)
                break
            except _Transient as error:
                if partial.size() > furthest:
                    furthest, waits = partial.size(), iter(BACKOFF)
                wait = next(waits, None)
                if wait is None:
                    attempts = f"gave up after {1 + len(BACKOFF)} attempts in a row"
                    raise DownloadError(f"{shown(url)}: {error}; {attempts}") from error
                wait = max(wait, error.retry_after)
                pace.left(wait)
                warn(f"{shown(url)}: {error}; trying again in {wait:g} s")
                sleep(wait)
        partial.path.replace(target)
    return final


def shown(url: str) -> str:
    """The URL without a user name and password, for messages."""
    return re.sub(r"(?<=//)[^/?#\s]*@", "", url)


def warn(message: str) -> None:
    """Print one line on stderr, unless the application has set up logging otherwise."""
    import logging

    logging.getLogger("gluonport").warning(message)


class _Transient(Exception):
    """A failure that may pass; ``retry_after`` is the wait that the server asks for, in seconds."""

    def __init__(self, what: str, retry_after: float = 0.0) -> None:
        super().__init__(what)
        self.retry_after = retry_after


def _fetch(
    url: str, partial: Partial, most: int, pace: Pace, show: Callable[[int, int | None], None]
) -> str:
    """One attempt: request the missing bytes and append them. Return the url after redirects."""
    import requests
    from urllib3.exceptions import HTTPError

    from convert.sources.pace import READ, paced_session

    done, etag = partial.resumable()
    # Ranges and lengths count the bytes on the wire, which must therefore be those of the file.
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": etag}
    try:
        with (
            paced_session(pace) as session,
            session.get(
                url, headers=headers, stream=True, timeout=(CONNECT, min(READ, pace.left()))
            ) as response,
        ):
            status = response.status_code
            if status in TRANSIENT or status >= 500:
                raise _Transient(_status(response), _retry_after(response))
            if done and (status == 416 or (status == 206 and not _goes_on(response, done, etag))):
                partial.restart()
                return _fetch(url, partial, most, pace, show)
            if status == 200:
                done = 0
                pace.restart()
                partial.restart(response.headers.get("ETag", ""))
            elif not (done and status == 206):
                raise DownloadError(f"{shown(url)}: {_status(response)}")

            missing = response.raw.length_remaining  # None where the server does not say
            total = None if missing is None else done + missing
            show(done, total)
            try:
                # urllib3 raises IncompleteRead for a body that is shorter than its Content-Length.
                for chunk in response.raw.stream(CHUNK, decode_content=False):
                    done += len(chunk)
                    if max(done, total or 0) > most:
                        partial.restart()
                        raise DownloadError(f"{shown(url)}: larger than {most} bytes")
                    partial.file.write(chunk)
                    pace.reach(done)
                    show(done, total)
            finally:
                partial.sync()
            return response.url
    except (requests.ConnectionError, requests.Timeout, HTTPError) as error:
        if isinstance(_root(error), socket.gaierror) and not pace.gained:
            what = f"the host cannot be found ({_said(error)}): check the address and the network"
            raise DownloadError(f"{shown(url)}: {what}") from error
        if isinstance(_root(error), ssl.SSLCertVerificationError):
            raise DownloadError(
                f"{shown(url)}: {_said(error)}: if your network signs for others, give the file "
                f"of its certificates in REQUESTS_CA_BUNDLE"
            ) from error
        proxy = isinstance(error, requests.exceptions.ProxyError)
        by = "; the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names" if proxy else ""
        raise _Transient(f"{_said(error)}{by}") from error
    except (
        requests.RequestException,
        ValueError,
    ) as error:  # not a URL, or a redirect to something else
        raise DownloadError(f"{shown(url)}: {_said(error)}") from error


def _goes_on(response: Response, done: int, etag: str) -> bool:
    """Whether a 206 continues the bytes that we have: some servers ignore If-Range."""
    content_range = response.headers.get("Content-Range", "")
    return content_range.startswith(f"bytes {done}-") and response.headers.get("ETag") == etag


def _status(response: Response) -> str:
    from http.client import responses

    # Our own words: the server's reason phrase may hold anything.
    return f"HTTP {response.status_code} {responses.get(response.status_code, '')}".rstrip()


def _retry_after(response: Response) -> float:
    from urllib3.exceptions import HTTPError
    from urllib3.util import Retry

    try:
        return min(Retry().get_retry_after(response.raw) or 0.0, PATIENCE)
    except (HTTPError, ValueError, OverflowError):  # unreadable
        return 0.0


def _root(error: BaseException) -> BaseException:
    """The original error, below the layers of requests and urllib3."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _said(error: BaseException) -> str:
    """The original error in words: "Connection refused"."""
    error = _root(error)
    what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shown(" ".join(what.split()))[:200] or type(error).__name__


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on stderr if that is a terminal, or in a notebook. It takes the bytes done and
    in total; the total is None if it is unknown."""
    if (notebook := notebook_progress()) is not None:
        yield _in_notebook(notebook, label)
        return
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)

        def show(done: int, total: int | None) -> None:
            if bar.tasks[task].total != total:
                bar.reset(task)  # bytes of an earlier run are no part of the speed
            bar.update(task, completed=done, total=total)

        yield show


def _in_notebook(notebook: NotebookProgress, label: str) -> Callable[[int, int | None], None]:
    """Shows the bytes done and in total in a notebook, at most five times a second."""
    shown = -1.0

    def show(done: int, total: int | None) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= 0.2 or done == total:
            shown = now
            of = "" if total is None else f" of {total:,}"
            notebook.show(f"{label}: {done:,}{of} bytes", done / total if total else None)

    return show
