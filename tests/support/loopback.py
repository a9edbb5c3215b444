"""A real HTTP server on loopback: strong ETags, byte ranges, and failures on demand."""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Semaphore, Thread
from typing import BinaryIO


@dataclass(frozen=True)
class Answer:
    """How one request is answered; by default as a good server answers it."""

    status: int = 0  # instead of the body
    body: bytes | None = None  # instead of the file
    headers: dict[str, str] = field(default_factory=dict)  # more, or instead ("" leaves one out)
    ranges: bool = True
    if_range: bool = True  # whether If-Range is heeded
    cut: int | None = None  # bytes of body after which the connection is lost
    after: Event | None = None  # what to wait for before the body
    hang: bool = False  # where cut: keep silent until the client is gone
    drip: Semaphore | None = None  # what to wait for before each byte of the body,
    slow_headers: bool = False  # or even before each byte of the headers


@dataclass(frozen=True)
class Seen:
    """One request and what was sent for it."""

    path: str
    range: str | None
    if_range: str | None
    status: int
    sent: int  # bytes of body


class Loopback(ThreadingHTTPServer):
    """Serves ``files``, path to body; ``answers`` are used up one a request, the last for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.answers: list[Answer] = [Answer()]
        self.seen: list[Seen] = []
        self.arrived, self.hanging = Event(), Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may go away
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Dripping:
    """A stream that lets one byte go for each release of a semaphore."""

    def __init__(self, stream: BinaryIO, drip: Semaphore) -> None:
        self.stream, self.drip, self.closed = stream, drip, False

    def write(self, data: bytes) -> None:
        for byte in data:
            if not self.drip.acquire(timeout=60):
                raise ConnectionError("nobody asks for more")
            self.stream.write(bytes([byte]))

    def flush(self) -> None:
        self.stream.flush()

    def close(self) -> None:
        self.stream.close()
        self.closed = True


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.arrived.set()
        body = self.server.files.get(self.path, b"") if answer.body is None else answer.body
        etag = answer.headers.get("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        asked, if_range = self.headers["Range"], self.headers["If-Range"]
        status = answer.status or (200 if self.path in self.server.files else 404)
        headers = {"ETag": etag}
        if status == 200 and asked and answer.ranges and (if_range == etag or not answer.if_range):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            status, total, body = 206 if start < len(body) else 416, len(body), body[start:]
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        if status not in (200, 206):
            body = b""
        if "gzip" in self.headers["Accept-Encoding"]:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        headers |= {"Content-Length": str(len(body))} | answer.headers

        sent = body[: answer.cut]
        # Before it is true: the client may be done before this thread goes on.
        self.server.seen.append(Seen(self.path, asked, if_range, status, len(sent)))
        if answer.drip and answer.slow_headers:
            self.wfile = _Dripping(self.wfile, answer.drip)  # type: ignore[assignment]
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if answer.after:
            answer.after.wait()
        if answer.drip:
            self.wfile = _Dripping(self.wfile, answer.drip)  # type: ignore[assignment]
        self.wfile.write(sent)
        if answer.hang:
            self.server.hanging.set()
            self.connection.recv(1)
        self.close_connection = answer.cut is not None or not headers["Content-Length"]


@contextmanager
def loopback() -> Iterator[Loopback]:
    with Loopback() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
