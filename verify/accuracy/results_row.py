"""A run's line in a table like those of timm, ``results/results-imagenet.csv``."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from architectures.catalogue.evaluated import Evaluated
from convert.formats.appearing import appearing
from convert.formats.regular import read_text
from mappings.errors import AccuracyError
from verify.accuracy.outcome import Accuracy

TITLES = tuple(
    "model top1 top1_err top5 top5_err param_count img_size crop_pct interpolation".split()
)
MAX_TABLE = 1 << 26
"""Bytes of a table: timm's own has 80,000."""


def results_row(result: Accuracy, model: Evaluated, parameters: int) -> tuple[str, ...]:
    """The values of ``TITLES`` as timm prints them: shares and errors in percent, parameters in
    millions, the crop as a share. ``interpolation`` is that of the regime's resize; GluonCV's is
    OpenCV's, which does not smooth before it shrinks."""
    shares = []
    for correct in (result.count.top1, result.count.top5):
        right = f"{100 * correct / result.count.images:.3f}"
        shares += [right, f"{100 - float(right):.3f}"]
    resize = model.timm_interpolation if result.identity.regime == "timm" else "bilinear"
    millions = f"{parameters / 1e6:,.2f}"
    return (
        result.identity.model,
        *shares,
        millions,
        str(model.input_size),
        f"{model.crop:.3f}",
        resize,
    )


def table(*rows: tuple[str, ...]) -> str:
    """CSV with the titles and these rows."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((TITLES, *rows))
    return text.getvalue()


def check_table(path: Path) -> str:
    """The text of a table, to which a row can be added; the titles alone if there is no file.

    Raises AccuracyError for a file that is no such table or cannot be written, FormatError for one
    that cannot be read.
    """
    if not os.access(path.parent, os.W_OK):
        raise AccuracyError(f"{path}: cannot be written: its folder is missing or not writable")
    if not os.path.lexists(path):
        return table()
    text = read_text(path, MAX_TABLE)
    titles = next(csv.reader(io.StringIO(text)), [])
    if tuple(titles) != TITLES:
        raise AccuracyError(
            f"{path}: this is not a table of results: it begins {','.join(titles)[:80]!r}, "
            f"expected {','.join(TITLES)}"
        )
    return text if text.endswith("\n") else f"{text}\n"


def add_row(path: Path, row: tuple[str, ...]) -> None:
    """Add a row at the end of a table, or begin one, whole or not at all. A row that the table has
    already is not repeated. Raises AccuracyError as ``check_table`` does."""
    line = table(row).removeprefix(table())
    with appearing(path, waiting=True) as (partial,):  # read while nobody else can add a row
        text = check_table(path)
        text += "" if line in text.splitlines(keepends=True) else line
        partial.write_text(text, encoding="utf-8")
