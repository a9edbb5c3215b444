"""How figures are printed."""

from __future__ import annotations


def percent(count: int, images: int) -> float:
    """A share in percent, to the three digits that the published tables have."""
    return round(100 * count / images, 3)
