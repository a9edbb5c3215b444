"""One line on a terminal or in a notebook: images, rate, time left and top-1 so far."""

from __future__ import annotations

import sys
import time
from datetime import timedelta

from mappings.notebook_progress import notebook_progress
from verify.accuracy.reducer import Count

PERIOD = {False: 0.5, True: 10.0}  # seconds between lines, alone and among other ranks


class Progress:
    """The progress of this rank; other ranks write lines of their own."""

    def __init__(self, total: int, name: str = "") -> None:
        """``total``: images to predict; ``name``: this rank's, if there are several."""
        self.total, self.name = total, name
        self.images = self.right = 0
        self.begun, self.shown = time.monotonic(), -PERIOD[True]
        self.notebook = notebook_progress() if total else None
        self.visible = sys.stderr.isatty() and total > 0

    def add(self, done: Count, images: int) -> None:
        """Another chunk of ``images`` images is finished."""
        self.images += images
        self.right += done.top1
        now = time.monotonic()
        if self.notebook and (now - self.shown >= PERIOD[False] or self.images == self.total):
            self.shown = now
            self.notebook.show(self.text(now - self.begun), self.images / self.total)
        elif self.visible and now - self.shown >= PERIOD[bool(self.name)]:
            self.shown = now
            say(self.line(now - self.begun), end="\n" if self.name else "")

    def line(self, seconds: float) -> str:
        """The line of a terminal after so many seconds."""
        text = self.text(seconds)
        return f"{self.name}: {text}" if self.name else f"\r{text}\x1b[K"

    def text(self, seconds: float) -> str:
        """What is done after so many seconds, in words."""
        rate = self.images / max(seconds, 1e-9)
        left = timedelta(seconds=round((self.total - self.images) / rate)) if rate else "?"
        return (
            f"{self.images:,} of {self.total:,} images, {rate:.1f} images/s, {left} left, "
            f"top-1 {100 * self.right / max(self.images, 1):.2f} %"
        )

    def end(self) -> None:
        """Leave a clean line."""
        if self.visible and not self.notebook and not self.name:
            say("\r\x1b[K", end="")


def say(text: str, end: str = "\n") -> None:
    """Write a line for people to stderr."""
    print(text, end=end, file=sys.stderr, flush=True)
