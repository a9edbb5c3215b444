"""Many images and their best classes on one sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from verify.prediction.lettering import drawable, fitted, fitted_name, font
from verify.prediction.picture import (
    FIRST,
    INK,
    MARGIN,
    MUTED,
    OTHER,
    PAPER,
    SMALL,
    TITLE,
    TRACK,
    WARNING,
    Caption,
    Pictured,
    draw_guess,
)

CELL = 208
"""The side of the square, in pixels, that holds an image of a sheet."""

MOST = 240
"""The most images of one sheet: it is then 40 rows long, 12,000 pixels."""

COLUMNS, GAP, CLASSES, ROW, LETTERS = 6, 24, 3, 34, 14


def draw_sheet(
    pictured: Sequence[Pictured], caption: Caption, title: str, first: int = 1
) -> Image.Image:
    """A grid of images in their order, each with its name and its three best classes. A name that
    cannot be drawn is ``image N``, counted from ``first``."""
    columns = min(COLUMNS, max(2, math.ceil(math.sqrt(len(pictured)))), max(len(pictured), 2))
    rows = math.ceil(len(pictured) / columns)
    lines = [(caption.text, MUTED)] + ([(caption.warning, WARNING)] if caption.warning else [])
    top = MARGIN + TITLE + 12 + len(lines) * (SMALL + 6) + GAP
    high = CELL + LETTERS + 18 + CLASSES * ROW + GAP
    width = 2 * MARGIN + columns * CELL + (columns - 1) * GAP
    page = Image.new("RGB", (width, top + rows * high + MARGIN - GAP), PAPER)
    draw = ImageDraw.Draw(page)
    room = width - 2 * MARGIN
    draw.text((MARGIN, MARGIN), fitted(title, TITLE, room), INK, font(TITLE), anchor="lt")
    for index, (text, colour) in enumerate(lines):
        y = MARGIN + TITLE + 12 + index * (SMALL + 6)
        text = fitted(drawable(text, ""), SMALL, room)
        draw.text((MARGIN, y), text, colour, font(SMALL), anchor="lt")
    for index, each in enumerate(pictured):
        row, column = divmod(index, columns)
        name = drawable(each.path.name, f"image {first + index:,}")
        _draw_cell(page, draw, (MARGIN + column * (CELL + GAP), top + row * high), name, each)
    return page


def _draw_cell(
    page: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], name: str, each: Pictured
) -> None:
    x, y = corner
    draw.rectangle((x, y, x + CELL - 1, y + CELL - 1), TRACK)
    image = each.image
    page.paste(image, (x + (CELL - image.width) // 2, y + (CELL - image.height) // 2))
    name = fitted_name(name, LETTERS, CELL)
    draw.text((x, y + CELL + 8 + LETTERS), name, MUTED, font(LETTERS), anchor="ls")
    y += CELL + LETTERS + 18
    for rank, guess in enumerate(each.guesses[:CLASSES]):
        draw_guess(draw, (x, y), CELL, guess, LETTERS, 5, FIRST if rank == 0 else OTHER)
        y += ROW
