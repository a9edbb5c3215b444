"""Text in pictures, in the font that comes with Pillow, so that it looks the same everywhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

from PIL import ImageFont

from mappings.words import one_line

LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "Þ": "Th",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
    }
)
"""Letters that have no decomposition, as people write them where they do not have them."""
MISSING = "\uffff"  # no character: every font draws it as it draws all that it does not have


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, ``size`` pixels high. It has the letters of ASCII and few others."""
    loaded = ImageFont.load_default(size)
    assert isinstance(loaded, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType
    return loaded


def drawable(text: str, instead: str) -> str:
    """``text`` in letters that the font has, without accents where it lacks them; ``instead`` if it
    is in another script."""
    text = one_line(text)
    if not _has_all(text):
        plain = unicodedata.normalize("NFKD", text.translate(LETTERS))
        text = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return text if text.strip() and _has_all(text) else instead


def fitted(text: str, size: int, width: float) -> str:
    """``text``, its end left out where it is longer than ``width`` pixels."""
    return _fitted(size, width, text, lambda kept: text[:kept].rstrip(" ,") + "...")


def fitted_name(text: str, size: int, width: float) -> str:
    """A file's name, its middle left out where it is longer than ``width`` pixels: the names of a
    folder often differ in their ends alone."""
    return _fitted(
        size, width, text, lambda kept: f"{text[: kept // 2]}...{text[len(text) - kept // 2 :]}"
    )


def _fitted(size: int, width: float, text: str, shortened: Callable[[int], str]) -> str:
    text, kept = shortened(200) if len(text) > 200 else text, min(len(text), 200)
    while font(size).getlength(text) > width and kept:
        kept -= 1
        text = shortened(kept)
    return text


def _has_all(text: str) -> bool:
    return all(map(_has, text))


@cache
def _has(letter: str) -> bool:
    mask = font(24).getmask
    return letter == " " or bytes(mask(letter)) != bytes(mask(MISSING))
