"""A picture of one image and its best classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from architectures.catalogue.figure import Regime
from convert.formats.limits import MAX_PIXELS
from convert.formats.regular import read_bytes
from verify.prediction.classifier import Guess
from verify.prediction.lettering import drawable, fitted, fitted_name, font
from verify.preprocessing.decode import refuse_empty
from verify.preprocessing.regimes import MAX_IMAGE_BYTES, PIPELINES
from verify.preprocessing.size import require_decodable_size

SHOWN = 5
"""How many classes a picture shows."""

PAPER, INK, MUTED, TRACK = "#ffffff", "#1c1e21", "#5b626b", "#e8eaec"
FIRST, OTHER, WARNING = "#1d5fa8", "#8fb4dd", "#b3261e"
MARGIN, BOX, NARROWEST, ROWS, ROW, BAR = 28, 380, 96, 380, 52, 10  # pixels
TITLE, NAME, SMALL = 22, 19, 15  # sizes of letters


@dataclass(frozen=True)
class Pictured:
    """An image file, small, and its best classes."""

    path: Path
    image: Image.Image
    guesses: Sequence[Guess]


@dataclass(frozen=True)
class Caption:
    """What stands under every picture: the model and the regime, and a warning if there is one."""

    text: str
    warning: str = ""


def shrunk(path: Path, regime: Regime, box: int, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The whole image as the regime decodes it, RGB, at most ``box`` pixels a side.

    A smaller image is enlarged by a whole number, so that its pixels stay sharp squares. Raises
    ImageError for an image that does not decode, FormatError for a file that cannot be read.
    """
    data = read_bytes(path, MAX_IMAGE_BYTES)
    refuse_empty(data)
    require_decodable_size(data, max_pixels)
    decoded = PIPELINES[regime].decode(data)
    image = decoded if isinstance(decoded, Image.Image) else Image.fromarray(decoded)
    times = box // max(image.size)
    if times > 1:
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    scale = min(1.0, box / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def draw_picture(pictured: Pictured, caption: Caption) -> Image.Image:
    """The image on the left, its classes on the right, each with a bar."""
    guesses = pictured.guesses[:SHOWN]
    left = max(pictured.image.width, NARROWEST)
    rows = TITLE + 18 + ROW * len(guesses)
    height = max(pictured.image.height, rows)
    foot = MARGIN + height + 18
    lines = [(caption.text, MUTED)] + ([(caption.warning, WARNING)] if caption.warning else [])
    page = Image.new(
        "RGB", (3 * MARGIN + left + ROWS, foot + len(lines) * (SMALL + 6) + MARGIN - 10), PAPER
    )
    draw = ImageDraw.Draw(page)
    page.paste(pictured.image, (MARGIN, MARGIN + (height - pictured.image.height) // 2))
    x, y = 2 * MARGIN + left, MARGIN
    title = drawable(pictured.path.name, "image")
    draw.text((x, y), fitted_name(title, TITLE, ROWS), INK, font(TITLE), anchor="lt")
    y += TITLE + 18
    for rank, guess in enumerate(guesses):
        draw_guess(draw, (x, y), ROWS, guess, NAME, BAR, FIRST if rank == 0 else OTHER)
        y += ROW
    for index, (text, colour) in enumerate(lines):
        text = fitted(drawable(text, ""), SMALL, page.width - 2 * MARGIN)
        draw.text((MARGIN, foot + index * (SMALL + 6)), text, colour, font(SMALL), anchor="lt")
    return page


def draw_guess(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    width: int,
    guess: Guess,
    size: int,
    thick: int,
    colour: str,
) -> None:
    """A class: its name and its share in one line, and a bar as long as its share below."""
    x, y = corner
    share = f"{guess.probability:.1%}"
    room = width - font(size).getlength(share) - size
    name = fitted(drawable(guess.name or "", f"class {guess.index}"), size, room)
    line = y + size  # letters stand on it
    draw.text((x, line), name, INK, font(size), anchor="ls")
    draw.text((x + width, line), share, INK, font(size), anchor="rs")
    top = line + size // 3 + 1
    draw.rectangle((x, top, x + width - 1, top + thick - 1), TRACK)
    if length := round(width * guess.probability):
        draw.rectangle((x, top, x + length - 1, top + thick - 1), colour)
