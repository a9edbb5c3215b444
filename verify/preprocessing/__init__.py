"""From an image's bytes to a network's input, bit for bit as in one of three originals."""

from __future__ import annotations

from mappings.errors import ImageError
from verify.preprocessing.regimes import crop, normalise, preprocess

__all__ = ["ImageError", "crop", "normalise", "preprocess"]
