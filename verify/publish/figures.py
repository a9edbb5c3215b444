"""How accuracies are rounded."""

from __future__ import annotations


def percent(count: int, images: int) -> float:
    """A share in percent, with three decimals, as published tables have them."""
    return round(100 * count / images, 3)
