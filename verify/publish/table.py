"""What was published, as a table: a row for each release folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from verify.publish.figures import percent


@dataclass(frozen=True)
class Row:
    """One release: accuracies in percent, ``difference`` in points above the published top-1,
    counted in whole images, since that is printed with fewer digits.

    Accuracies are None where none was measured, ``difference`` where nothing is published.
    ``parity`` names the reference that it passed against.
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
    def read(cls, folder: Path) -> Row:
        """The row of a release whose files agree with each other. Raises PublishError."""
        from verify.publish.check import check_files  # which needs torch

        release = check_files(folder)
        found = release.results
        accuracy: dict[str, Any] = found.get("accuracy") or {}
        above = accuracy.get("top1_images_above")
        return cls(
            name=release.model.name,
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
        """The row for people; a dash where there is nothing."""
        figures = (
            f"{self.parameters:,}",
            self.regime,
            f"{self.images:,}" if self.images is not None else None,
            f"{self.top1:.3f}" if self.top1 is not None else None,
            f"{self.top5:.3f}" if self.top5 is not None else None,
            f"{self.difference:+.3f}" if self.difference is not None else None,
        )
        return (self.name, *(figure or "-" for figure in figures), self.parity, self.sha256[:8])


TITLES = tuple(field.name for field in fields(Row))
RIGHT = "parameters images top1 top5 difference"


def read_rows(folders: Iterable[Path]) -> list[Row]:
    """The rows of many releases, the most accurate first, those without a figure last.

    Raises PublishError for a folder that is no release, or was changed.
    """
    rows = [Row.read(folder) for folder in folders]
    return sorted(rows, key=lambda row: (-(row.top1 or 0), row.name, row.sha256))


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV with a header; what there is not is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TITLES)
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue()


def as_markdown(rows: Iterable[Row]) -> str:
    """The rows as a table of Markdown."""
    marks = ("---:" if title in RIGHT.split() else "---" for title in TITLES)
    lines = [TITLES, tuple(marks), *(row.cells for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
