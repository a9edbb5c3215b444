"""The pace that a model hub must keep: its library bounds each read, and not a download.

A hub that sends a byte from time to time, of a listing, of headers or of a file, would never end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from convert.sources.pace import Pace
from mappings.errors import DownloadError

LOOK = 0.5  # seconds between two looks at the clock


@contextmanager
def hub_pace(what: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Pace]:
    """Within it, what the hub's library asks for keeps the pace of any download.

    The library's client is closed when the time is over, so that its next read fails. Raises
    DownloadError then, whatever the library says of it.
    """
    from huggingface_hub import close_session, get_session

    client: Any = get_session()
    hooks, answers = client.event_hooks, list[Any]()
    client.event_hooks = {**hooks, "response": [*hooks.get("response", ()), answers.append]}
    pace, over, late = Pace(what, 0, clock), Event(), list[DownloadError]()

    def watch() -> None:
        while not over.wait(LOOK):
            pace.reach(sum(answer.num_bytes_downloaded for answer in list(answers)))
            try:
                pace.left()
            except DownloadError as error:
                late.append(error)
                client.close()
                return

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield pace
    except Exception:
        if late:
            raise late[0] from None
        raise
    finally:
        over.set()
        thread.join()
        client.event_hooks = hooks
        if late:
            close_session()  # a closed client answers nobody; the library makes another
