"""Reads a report as a test sees it: elements, text, rows, the points of a line."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    " --disable-background-networking --disable-component-update"
).split()


class Page(HTMLParser):
    """A page's elements in order, its visible text, its table rows' and list items' texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[str] = []
        self.rows: list[str] = []
        self.styles = ""
        self._row: int | None = None
        self._in_style = False
        self.feed(html)
        self.text = " ".join("".join(self.pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._in_style = tag == "style"
        if tag == "tr":
            self._row = len(self.pieces)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
        if tag == "tr" and self._row is not None:
            self.rows.append(" ".join("".join(self.pieces[self._row :]).split()))
        if tag in ("tr", "td", "th", "li", "p", "dt", "dd", "small", "h1", "h2", "h3"):
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles += data
        else:
            self.pieces.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def row(self, start: str) -> str:
        return next(row for row in self.rows if row.startswith(start))

    def inside(self, group: str, tag: str) -> list[dict[str, str]]:
        """The elements of one kind that follow the group of that id, up to the next group."""
        start = next(i for i, (_, a) in enumerate(self.elements) if a.get("id") == group)
        found = []
        for name, attributes in self.elements[start + 1 :]:
            if name == "g" and "id" in attributes:
                break
            if name == tag:
                found.append(attributes)
        return found


def points(page: Page, line: str) -> int:
    [path] = page.inside(line, "path")
    return len(re.findall("[ML]", path["d"]))


def chromium_dom(path: Path, profile: Path, *settings: str) -> str:
    """The document that Chromium makes of a file, as HTML."""
    assert CHROMIUM
    command = [
        CHROMIUM,
        *QUIET,
        *settings,
        f"--user-data-dir={profile}",
        "--dump-dom",
        path.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
