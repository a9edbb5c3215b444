"""A download keeps a pace: however a server delays its bytes, there is an end."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter

from mappings.errors import DownloadError

READ = 30.0  # seconds between two reads
ALLOWANCE = 300.0
"""Seconds that a download may take beyond the time its bytes are worth: five attempts that time
out, with the waits between them, fit into it."""
SLOWEST = 16 << 10
"""Bytes a second that are the least to expect: no line in use is slower, and at this pace 100 MB
take two hours. A server that sends a byte from time to time has ended after ``ALLOWANCE``."""


class Pace:
    """The time that is left to a download, which each further byte prolongs: so that it lasts at
    most ``ALLOWANCE`` seconds and one second for each ``SLOWEST`` bytes of the file.

    ``done`` are the bytes that an earlier run left.
    """

    def __init__(self, url: str, done: int, clock: Callable[[], float]) -> None:
        self._url, self._furthest, self._clock = url, done, clock
        self._begin, self.gained = clock(), 0

    def reach(self, done: int) -> None:
        """Note that ``done`` bytes of the file are there; those had before count once."""
        gain = max(0, done - self._furthest)
        self._furthest += gain
        self.gained += gain

    def restart(self) -> None:
        """Note that what an earlier run left was of no use."""
        if not self.gained:
            self._furthest = 0

    def left(self, wait: float = 0.0) -> float:
        """Seconds that are left after ``wait`` seconds. Raises DownloadError where none are."""
        took = self._clock() - self._begin
        left = ALLOWANCE + self.gained / SLOWEST - took - wait
        if left <= 0:
            raise DownloadError(
                f"{self._url}: too slow: {self.gained} bytes in {took:.0f} s, expected at least "
                f"{SLOWEST} a second after {ALLOWANCE:.0f} s: try again later, or another network"
            )
        return left


def paced_session(pace: Pace) -> Session:
    """A session of requests in which no read outlasts the pace, be it of a body or of headers."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            self.fp: Any = io.BufferedReader(_Paced(sock, self.fp.detach(), pace))

    class Adapter(HTTPAdapter):
        def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*arguments, **options)
            plain = pool.ConnectionCls
            pool.ConnectionCls = type("Connection", (plain,), {"response_class": Response})
            return pool

    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


class _Paced(io.RawIOBase):
    """What a socket receives, each read no longer than the time that is left."""

    def __init__(self, sock: Any, received: io.RawIOBase, pace: Pace) -> None:
        self._sock, self._received, self._pace = sock, received, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(min(READ, self._pace.left()))
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()
