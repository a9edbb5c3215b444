"""sha256 of bytes in a thread of its own, beside whoever reads or writes them."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

AHEAD = 16  # pieces that wait at most: memory stays flat


class HashBeside:
    """Hashes one run of bytes after another, in the order in which they are added.

    Whoever adds a piece leaves its bytes as they are. Adding waits while many pieces wait.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._digest = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def add(self, data: Any) -> None:
        """Hash the bytes of a buffer after those that were added before."""
        if len(self._waiting) == AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._digest.update, data))

    def finish(self) -> Future[str]:
        """The hash in hex of all that was added since the last one; what comes begins another."""
        digest, self._digest = self._digest, hashlib.sha256()
        return self._thread.submit(digest.hexdigest)
