"""The recording of a terminal in the documentation shows what the commands print today."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scripts.make_pictures import ROOT, SAMPLE, terminal

IMAGES = ROOT / "docs" / "images"
MEASURED = re.compile(r"\d\.\d+(e-\d\d)?")


def shown(svg: str) -> list[str]:
    """The texts of a drawing; measured numbers depend on the processor and are left open."""
    return [MEASURED.sub("#", text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


@pytest.mark.exhaustive
def test_the_recording_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SAMPLE, tmp_path / "mine.params")
    monkeypatch.chdir(tmp_path)
    texts = shown((IMAGES / "terminal.svg").read_text())
    assert len(texts) > 20
    assert shown(terminal()) == texts, "scripts/make_pictures.py makes it again"


def test_the_recording_fetches_nothing() -> None:
    svg = (IMAGES / "terminal.svg").read_text()
    assert set(re.findall(r"https?://[^\"\s]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in svg and "url(h" not in svg
