"""A line of progress in a notebook, which has no terminal."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from html import escape
from typing import Any


class NotebookProgress:
    """A line and a bar below the cell that runs, which each call of ``show`` replaces.

    It needs no widgets: IPython's display is updated in place.
    """

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display, self._id, self._shown = display, uuid.uuid4().hex, False

    def show(self, text: str, share: float | None = None) -> None:
        """Show ``text``, and a bar of which ``share`` (0 to 1) is full."""
        bar = "" if share is None else f'<progress value="{share:.4f}" max="1"></progress> '
        data = {"text/plain": text, "text/html": f"<div>{bar}{escape(text)}</div>"}
        self._display(data, raw=True, display_id=self._id, update=self._shown)
        self._shown = True


def notebook_progress() -> NotebookProgress | None:
    """A line of progress if this process is the kernel of a notebook, else None."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    display = getattr(sys.modules.get("IPython.display"), "display", None)
    if display is None or not hasattr(shell, "kernel"):
        return None
    return NotebookProgress(display)
