"""The error of an image that is not decoded."""

from __future__ import annotations

from mappings.errors import GluonportError


class ImageError(GluonportError):
    """An image that the regime's decoder does not decode, or that is too large to try."""
