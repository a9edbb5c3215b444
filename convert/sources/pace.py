"""The pace that a download must keep, so that it ends however a server delays its bytes."""

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
"""Seconds that a download may take in addition to the time for its bytes: five attempts that time
out fit in, with the waits between them."""
SLOWEST = 16 << 10
"""Bytes a second that a download must at least keep: no line in use is slower, and at this pace
100 MB take two hours. It ends a server that sends a byte from time to time after ``ALLOWANCE``."""


class Pace:
    """The time that is left for a download: ``ALLOWANCE`` seconds, and one second more for every
    ``SLOWEST`` bytes that arrive.

    ``done`` is the number of bytes that an earlier run left. A pace is a running clock, so it
    counts the bytes in itself.
    """

    def __init__(self, url: str, done: int, clock: Callable[[], float]) -> None:
        self._url, self._furthest, self._clock = url, done, clock
        self._begin, self.gained = clock(), 0

    def reach(self, done: int) -> None:
        """Note that ``done`` bytes of the file are there; bytes fetched twice count once."""
        gain = max(0, done - self._furthest)
        self._furthest += gain
        self.gained += gain

    def restart(self) -> None:
        """Note that the bytes of an earlier run cannot be used."""
        if not self.gained:
            self._furthest = 0

    def left(self, wait: float = 0.0) -> float:
        """Seconds that are left after ``wait`` seconds. Raises DownloadError if none are left."""
        took = self._clock() - self._begin
        left = ALLOWANCE + self.gained / SLOWEST - took - wait
        if left <= 0:
            raise DownloadError(
                f"{self._url}: too slow: {self.gained} bytes in {took:.0f} s, expected at least "
                f"{SLOWEST} a second after {ALLOWANCE:.0f} s: try again later, or another network"
            )
        return left


def paced_session(pace: Pace) -> Session:
    """A session of requests in which no read of a body or of headers takes longer than the pace
    allows. urllib3 has no parameter for this: its pools are given another ``ConnectionCls``."""

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
    """Reads from a socket, each with the time that is left as its timeout."""

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
