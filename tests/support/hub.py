"""A model hub on loopback: repositories, preupload, git LFS, commits and downloads, as
huggingface_hub asks, with wrong answers on demand.

Facts of the protocol: huggingface_hub's ``_commit_api.py``, ``lfs.py``, ``hf_api.py`` and
``file_download.py``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote

LARGE = (".safetensors", ".bin", ".pth", ".params")
"""How the names of files end that git LFS holds."""
TOKEN = "hf_loopbackSecretToken"
ECHO = "You asked:"


@dataclass(frozen=True)
class Wrong:
    """How one kind of request is answered instead: what is None is as a good hub has it."""

    status: int | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)  # more, or instead ("" leaves one out)
    cut: int | None = None  # bytes of body after which the connection is lost
    endless: bool = False  # the body is sent again and again, in chunks
    drip: str = ""  # "headers" or "body": what is sent byte by byte, without end
    times: int = 1 << 30  # how often, before the answers are right again


class Hub(ThreadingHTTPServer):
    """Holds ``repositories`` (name to files, path to bytes) and large ``objects`` by sha256.

    ``refusals`` are what is refused, once each: ``"create"``, ``"tree"``, ``"put"``, ``"commit"``.
    A refusal has the status ``status`` and repeats the request's headers and body, in its own
    headers, too. ``requests`` are method and path of all that was asked. ``wrong`` are the wrong
    answers to ``"listing"``, ``"head"``, ``"get"`` (of a file) and ``"object"`` (where large files
    are, at ``elsewhere``). ``private`` are the repositories that only
    ``TOKEN`` may read; ``tokens`` are those that came with requests, by path.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.refusals: list[str] = []
        self.status = 403
        self.requests: list[tuple[str, str]] = []
        self.wrong: dict[str, Wrong] = {}
        self.private: set[str] = set()
        self.elsewhere = f"http://localhost:{self.server_port}"  # another host, as at the real hub
        self.tokens: dict[str, str | None] = {}
        self.closing = Event()

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may go away
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def hold(self, repository: str, files: Mapping[str, bytes]) -> str:
        """Put files into a repository; the commit."""
        self.repositories.setdefault(repository, {}).update(files)
        for path, data in files.items():
            if path.endswith(LARGE):
                self.objects[hashlib.sha256(data).hexdigest()] = data
        return self.commit(repository)

    def commit(self, repository: str) -> str:
        """The commit of a repository's files as they are now."""
        held = self.repositories[repository]
        return hashlib.sha1(repr(sorted(held.items())).encode()).hexdigest()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def asked(self, method: str, part: str) -> int:
        """How often that was asked."""
        return sum(verb == method and part in path for verb, path in self.requests)


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        path, body = self._begin()
        match path.strip("/").split("/"):
            case ["api", "repos", "create"]:
                if self._refuses("create", body):
                    return
                asked = json.loads(body)
                name = f"{asked['organization']}/{asked['name']}"
                status = 409 if name in self.server.repositories else 200
                self.server.repositories.setdefault(name, {})
                self._answer(status, {"url": f"{self.server.url}/{name}"})
            case ["api", "validate-yaml"]:
                self._answer(200, {"errors": [], "warnings": []})
            case ["api", "models", owner, name, "preupload", "main"]:
                held = self.server.repositories[f"{owner}/{name}"]
                files = [self._mode(file, held) for file in json.loads(body)["files"]]
                self._answer(200, {"files": files})
            case [_, _, "info", "lfs", "objects", "batch"]:
                self._answer(200, {"objects": list(map(self._batch, json.loads(body)["objects"]))})
            case ["verify"]:
                asked = json.loads(body)
                known = len(self.server.objects.get(asked["oid"], b"")) == asked["size"]
                self._answer(200 if known else 404, {})
            case ["api", "models", owner, name, "commit", "main"]:
                self._commit(f"{owner}/{name}", body)
            case _:
                self._answer(404, {"error": f"no {path}"})

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(("GET", path))
        match path.strip("/").split("/"):
            case ["api", "models", owner, name, "tree", "main"]:
                if self._refuses("tree", b""):
                    return
                held = self.server.repositories[f"{owner}/{name}"]
                self._answer(
                    200,
                    [
                        {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
                        for path, data in held.items()
                    ],
                )
            case ["api", "models", owner, name, *revision]:
                self._listing(f"{owner}/{name}", revision[1] if revision else "main")
            case [owner, name, "resolve", revision, *parts]:
                self._resolve(f"{owner}/{name}", revision, "/".join(parts))
            case ["objects", oid]:
                self.server.tokens[path] = self.headers["Authorization"]
                held = self.server.objects
                self._send("object", 200 if oid in held else 404, {}, held.get(oid, b""))
            case _:
                self._answer(404, {"error": f"no {path}"})

    do_HEAD = do_GET

    def _readable(self, repository: str, revision: str) -> bool:
        """Whether a repository may be read at a revision; if not, that was answered."""
        server, code, status = self.server, "", 404
        allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
        server.tokens[self.path.partition("?")[0]] = self.headers["Authorization"]
        hidden = repository in server.private and not allowed
        if repository not in server.repositories or hidden:
            code, status = "RepoNotFound", 401
        elif unquote(revision) not in ("main", "v1", server.commit(repository)):
            code = "RevisionNotFound"
        if code:
            self._send("refusal", status, {"X-Error-Code": code}, b"{}")
        return not code

    def _listing(self, repository: str, revision: str) -> None:
        if not self._readable(repository, revision):
            return
        siblings: list[dict[str, Any]] = []
        for path, data in self.server.repositories[repository].items():
            entry = {"rfilename": path, "size": len(data), "blobId": _blob(data)}
            if path.endswith(LARGE):
                sha256 = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        commit = self.server.commit(repository)
        document = {"id": repository, "sha": commit, "siblings": siblings}
        kind = {"Content-Type": "application/json"}
        self._send("listing", 200, kind, json.dumps(document).encode())

    def _resolve(self, repository: str, revision: str, path: str) -> None:
        if not self._readable(repository, revision):
            return
        held, kind = self.server.repositories[repository], self.command.lower()
        headers = {"X-Repo-Commit": self.server.commit(repository)}
        if path not in held:
            self._send(kind, 404, headers | {"X-Error-Code": "EntryNotFound"}, b"")
            return
        data = held[path]
        if not path.endswith(LARGE):
            self._send(kind, 200, headers | {"ETag": f'"{_blob(data)}"'}, data)
            return
        sha256 = hashlib.sha256(data).hexdigest()
        headers |= {"X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{sha256}"'}
        headers["Location"] = f"{self.server.elsewhere}/objects/{sha256}"
        self._send(kind, 302, headers, b"")

    def _send(self, kind: str, status: int, headers: dict[str, str], body: bytes) -> None:
        """Answer a request of a kind, wrongly if that is asked for."""
        wrong = self.server.wrong.get(kind, Wrong())
        if wrong.times == 1:
            del self.server.wrong[kind]
        elif kind in self.server.wrong:
            self.server.wrong[kind] = replace(wrong, times=wrong.times - 1)
        status, body = wrong.status or status, body if wrong.body is None else wrong.body
        if asked := self.headers["Range"]:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            headers = headers | {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            status, body = 206, body[start:]
        headers = {"Content-Length": str(len(body))} | headers | wrong.headers
        if wrong.endless:
            headers |= {"Content-Length": "", "Transfer-Encoding": "chunked"}
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        if wrong.drip == "headers":
            self.flush_headers()
            self._drip()
            return
        self.end_headers()
        if self.command == "HEAD":
            return
        if wrong.drip:
            self._drip()
            return
        try:
            while wrong.endless:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))
            self.wfile.write(body[: wrong.cut])
        except ConnectionError:
            self.close_connection = True  # the client has had enough
        if wrong.cut is not None or not headers["Content-Length"]:
            self.close_connection = True

    def _drip(self) -> None:
        """A byte from time to time, until the client goes away."""
        self.close_connection = True
        try:
            while not self.server.closing.wait(0.02):
                self.wfile.write(b"x")
        except ConnectionError:
            pass

    def do_PUT(self) -> None:
        path, body = self._begin()
        oid = path.rpartition("/")[2]
        if self._refuses("put", body[:100]):
            return
        if hashlib.sha256(body).hexdigest() != oid:
            self._answer(400, {"error": "another sha256"})
        else:
            self.server.objects[oid] = body
            self._answer(200, {})

    def _begin(self) -> tuple[str, bytes]:
        path = self.path.partition("?")[0]
        self.server.requests.append((self.command, path))
        length = self.headers["Content-Length"]
        body = self.rfile.read(int(length)) if length is not None else b"".join(self._chunks())
        if self.command == "POST" and self.headers["Authorization"] != f"Bearer {TOKEN}":
            path = "/unauthorised"
        return path, body

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _refuses(self, what: str, body: bytes) -> bool:
        """Refuse what is to be refused, and repeat all that was asked."""
        if what not in self.server.refusals:
            return False
        self.server.refusals.remove(what)
        said = f"{ECHO} {self.headers} {body.decode('ascii', 'replace')}"
        self._answer(self.server.status, {"error": said, "errors": [{"message": said}]}, said)
        return True

    def _mode(self, file: dict[str, Any], held: dict[str, bytes]) -> dict[str, Any]:
        large = file["path"].endswith(".safetensors")
        data = held.get(file["path"])
        oid = None
        if data is not None:
            oid = hashlib.sha256(data).hexdigest() if large else _blob(data)
        mode = "lfs" if large else "regular"
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def _batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["oid"] in self.server.objects:
            return asked
        upload = {"href": f"{self.server.url}/objects/{asked['oid']}"}
        verify = {"href": f"{self.server.url}/verify"}
        return {**asked, "actions": {"upload": upload, "verify": verify}}

    def _commit(self, name: str, body: bytes) -> None:
        if self._refuses("commit", body):
            return
        held = self.server.repositories[name]
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                held[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                held[value["path"]] = self.server.objects[value["oid"]]
        oid = hashlib.sha1(body).hexdigest()
        url = f"{self.server.url}/{name}/commit/{oid}"
        self._answer(200, {"commitUrl": url, "commitOid": oid})

    def _answer(self, status: int, document: Any, said: str = "") -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        if said:
            for name in ("X-Error-Message", "X-Error-Code", "X-Request-Id", "X-HF-Warning"):
                line = "".join(c for c in said if c.isascii() and c.isprintable())
                self.send_header(name, line[:2000])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _blob(data: bytes) -> str:
    """Git's name for a content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def loopback_hub() -> Iterator[Hub]:
    with Hub() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
