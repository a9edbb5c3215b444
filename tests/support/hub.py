"""A model hub on loopback: repositories, preupload, git LFS and commits, as huggingface_hub asks.

Facts of the protocol: huggingface_hub's ``_commit_api.py``, ``lfs.py`` and ``hf_api.py``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "hf_loopbackSecretToken"
ECHO = "You asked:"


class Hub(ThreadingHTTPServer):
    """Holds ``repositories`` (name to files, path to bytes) and large ``objects`` by sha256.

    ``refusals`` are what is refused, once each: ``"create"``, ``"tree"``, ``"put"``, ``"commit"``.
    A refusal has the status ``status`` and repeats the request's headers and body, in its own
    headers, too. ``requests`` are method and path of all that was asked.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.refusals: list[str] = []
        self.status = 403
        self.requests: list[tuple[str, str]] = []

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
            case _:
                self._answer(404, {"error": f"no {path}"})

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
            blob = b"blob %d\0" % len(data) + data
            oid = hashlib.sha256(data).hexdigest() if large else hashlib.sha1(blob).hexdigest()
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


@contextmanager
def loopback_hub() -> Iterator[Hub]:
    with Hub() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
