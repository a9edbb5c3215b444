"""Releases as a table, with a row for each folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from verify.publish.figures import percent


@dataclass(frozen=True)
class ReleaseRow:
    """One release.

    Accuracies are in percent, None if none was measured. ``difference`` is in percentage points
    above the published top-1, None if nothing is published; it is rounded to whole images, since
    published figures have fewer digits. ``parity`` names the reference.
    """

    name: str
    parameters: int
    regime: str | None
    images: int | None
    top1: float | None
    top5: float | None
    difference: float | None
    parity: str
    sha256: str

    @classmethod
    def read(cls, folder: Path) -> ReleaseRow:
        """The row of a release whose files agree with each other. Raises PublishError."""
        from verify.publish.check import check_files  # needs torch

        release = check_files(folder)
        found = release.results
        accuracy: dict[str, Any] = found.get("accuracy") or {}
        above = accuracy.get("top1_images_above")
        return cls(
            name=release.name,
            parameters=found["parameters"],
            regime=accuracy.get("regime"),
            images=accuracy.get("images"),
            top1=accuracy.get("top1"),
            top5=accuracy.get("top5"),
            difference=None if above is None else percent(above, accuracy["images"]),
            parity=found["parity"]["reference"],
            sha256=release.sha256,
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """The row for people, with a dash for None."""
        figures = (
            f"{self.parameters:,}",
            self.regime,
            f"{self.images:,}" if self.images is not None else None,
            f"{self.top1:.3f}" if self.top1 is not None else None,
            f"{self.top5:.3f}" if self.top5 is not None else None,
            f"{self.difference:+.3f}" if self.difference is not None else None,
        )
        return (self.name, *(figure or "-" for figure in figures), self.parity, self.sha256[:8])


TITLES = tuple(field.name for field in fields(ReleaseRow))
RIGHT = "parameters images top1 top5 difference"


def read_rows(folders: Iterable[Path]) -> list[ReleaseRow]:
    """The rows of releases, the most accurate first, those without an accuracy last.

    Raises PublishError for a folder that is not a release, or was changed.
    """
    rows = [ReleaseRow.read(folder) for folder in folders]
    return sorted(rows, key=lambda row: (-(row.top1 or 0), row.name, row.sha256))


def as_csv(rows: Iterable[ReleaseRow]) -> str:
    """The rows as CSV with a header; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TITLES)
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue()


def as_markdown(rows: Iterable[ReleaseRow]) -> str:
    """The rows as a table of Markdown."""
    marks = ("---:" if title in RIGHT.split() else "---" for title in TITLES)
    lines = [TITLES, tuple(marks), *(row.cells for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
