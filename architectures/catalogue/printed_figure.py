"""A published figure of any kind, exactly as its table prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PrintedFigure:
    """One row of a table: what it prints in each of its columns.

    ``weights`` are the digits of the sha1 that the row belongs to. None: the table names the
    network and prints no hash, so that nothing is judged by the figure.
    """

    table: str
    row: str
    printed: Mapping[str, str]
    weights: str | None

    def __str__(self) -> str:
        """``mAP 77.6``, all columns."""
        return ", ".join(f"{column} {value}" for column, value in self.printed.items())

    def as_json(self) -> dict[str, object]:
        """The fields as JSON values."""
        return {
            "source": self.table,
            "row": self.row,
            "weights": self.weights,
            "printed": dict(self.printed),
        }
