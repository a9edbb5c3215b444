"""Traps on the network: a web server and a model hub on loopback that give wrong answers."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Semaphore
from unittest import mock

from convert.sources import hub_pace, pace
from convert.sources.download import download
from convert.sources.expected import expected
from convert.sources.hub import fetch_hub
from convert.sources.hub_name import HubFile
from mappings.errors import GluonportError
from scripts.attack.outcome import Outcome
from tests.support.hub import Hub, Wrong, loopback_hub
from tests.support.loopback import Answer, Loopback, loopback
from tests.test_convert_hub import HOSTILE, REPOSITORY

BODY = bytes(range(256)) * 400
MOST = 1 << 20


@dataclass(frozen=True)
class Trap:
    """Answers of the server; ``said`` is what is to be said of them. ``slow``: the clock goes on by
    29 s for each byte."""

    answer: Answer
    said: str
    slow: bool = False


WEB = {
    "no such file": Trap(Answer(404), "HTTP 404"),
    "forbidden": Trap(Answer(403), "HTTP 403"),
    "gone": Trap(Answer(410), "HTTP 410"),
    "no content": Trap(Answer(204), "HTTP 204"),
    "always failing": Trap(Answer(500), "HTTP 500"),
    "always busy": Trap(Answer(503, headers={"Retry-After": "1"}), "HTTP 503"),
    "busy for a year": Trap(Answer(503, headers={"Retry-After": "31536000"}), "HTTP 503"),
    "busy in no number": Trap(Answer(429, headers={"Retry-After": "soon"}), "HTTP 429"),
    "always cut": Trap(Answer(cut=1000), ""),
    "cut before the body": Trap(Answer(cut=0), ""),
    "longer than it says": Trap(Answer(headers={"Content-Length": "100"}), "sha256"),
    "shorter than it says": Trap(Answer(headers={"Content-Length": "200000"}, cut=102400), ""),
    "a length of no number": Trap(Answer(headers={"Content-Length": "many"}, cut=len(BODY)), ""),
    "a length below zero": Trap(Answer(headers={"Content-Length": "-5"}, cut=len(BODY)), ""),
    "larger than allowed": Trap(Answer(headers={"Content-Length": f"{MOST + 1}"}, cut=9), "larger"),
    "larger than any disk": Trap(Answer(headers={"Content-Length": f"{10**18}"}, cut=9), "larger"),
    "another content": Trap(Answer(body=BODY[1:]), "sha256"),
    "an empty file": Trap(Answer(body=b""), ""),
    "a web page": Trap(Answer(body=b"<!DOCTYPE html>" * 99), "sha256"),
    "compressed": Trap(Answer(headers={"Content-Encoding": "br"}, body=BODY[::-1]), "sha256"),
    "redirected to itself": Trap(Answer(302, headers={"Location": "/file"}), "redirect"),
    "redirected to a file": Trap(Answer(302, headers={"Location": "file:///etc/passwd"}), ""),
    "redirected to nothing": Trap(Answer(302, headers={"Location": ""}), "HTTP 302"),
    "a huge header": Trap(Answer(headers={"X-Long": "x" * 200_000}), ""),
    "a thousand headers": Trap(Answer(headers={f"X-{n}": "x" for n in range(1000)}), ""),
    "a huge validator": Trap(Answer(headers={"ETag": f'"{"x" * 9000}"'}, cut=50), ""),
    "a part that was not asked for": Trap(
        Answer(206, headers={"Content-Range": "bytes 5-9/10"}), ""
    ),
    "a drip of the body": Trap(Answer(), "too slow", slow=True),
    "a drip of the headers": Trap(Answer(slow_headers=True), "too slow", slow=True),
}


def web_refusal(trap: Trap, server: Loopback, folder: Path) -> str:
    """What is wrong with how a wrong answer was taken, or nothing."""
    drip, now = Semaphore(0), itertools.count(0.0, 29.0)

    def clock() -> float:
        if not trap.slow:
            return 0.0
        drip.release()
        return next(now)

    answer = trap.answer
    if trap.slow:
        answer = Answer(drip=drip, slow_headers=answer.slow_headers)
    server.answers, server.files = [answer], {"/file": BODY}
    target = folder / "file"
    try:
        download(f"{server.url}/file", target, most=MOST, clock=clock, sleep=lambda _: None)
        must = expected("0" * 64, None)
        assert must is not None
        must.check(target, f"{server.url}/file")
    except GluonportError as error:
        one = "\n" not in str(error) and trap.said in str(error)
        return "" if one else f"said {str(error)[:200]!r}"
    except Exception as error:
        return f"raised {error!r}"[:300]
    return "was taken"


@contextlib.contextmanager
def at_the_hub(hub: Hub, folder: Path) -> Iterator[None]:
    from huggingface_hub import constants

    setting = {"HF_ENDPOINT": hub.url, "NO_PROXY": "127.0.0.1,localhost"}
    with (
        mock.patch.dict(os.environ, setting),
        mock.patch.object(constants, "HF_HUB_CACHE", str(folder / "cache")),
        mock.patch.object(time, "sleep", lambda _: None),  # the library waits between attempts
        mock.patch.object(hub_pace, "LOOK", 0.01),
    ):
        os.environ.pop("HF_TOKEN", None)
        yield


def hub_refusal(kind: str, wrong: Wrong, said: str, folder: Path) -> str:
    with loopback_hub() as hub, at_the_hub(hub, folder):
        hub.hold(REPOSITORY, {"model.safetensors": b"\0" * 1000})
        hub.wrong[kind] = wrong
        slow = mock.patch.object(pace, "ALLOWANCE", 0.5) if wrong.drip else contextlib.nullcontext()
        try:
            with slow:
                fetch_hub(HubFile.parse(f"hf-hub:{REPOSITORY}"))
        except GluonportError as error:
            one = "\n" not in str(error) and said in str(error)
            return "" if one else f"said {str(error)[:200]!r}"
        except Exception as error:
            return f"raised {error!r}"[:300]
    return "was taken"


def trap_outcomes() -> Iterator[Outcome]:
    logging.getLogger("gluonport").setLevel(logging.ERROR)  # it tells of every new attempt
    drips = {
        f"a drip of the {part} of {kind}": (kind, Wrong(drip=part), "too slow")
        for kind, part in (("listing", "headers"), ("head", "headers"), ("object", "body"))
    }
    yield _outcome("a web server", {name: partial(_web, trap) for name, trap in WEB.items()})
    hubs = {name: partial(hub_refusal, *wrong) for name, wrong in {**HOSTILE, **drips}.items()}
    yield _outcome("a model hub", hubs)


def _web(trap: Trap, folder: Path) -> str:
    with loopback() as server:
        return web_refusal(trap, server, folder)


def _outcome(what: str, traps: Mapping[str, Callable[[Path], str]]) -> Outcome:
    faults = []
    for name, spring in traps.items():
        with tempfile.TemporaryDirectory() as folder:
            if wrong := spring(Path(folder)):
                faults.append(f"{name}: {wrong}")
    found = "each ended in one line, the slow ones too" if not faults else ""
    return Outcome(f"traps: {what}", len(traps), len(traps) - len(faults), found, tuple(faults))
