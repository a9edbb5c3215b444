"""The failure of a release."""

from __future__ import annotations

from mappings.errors import GluonportError


class PublishError(GluonportError):
    """A release that may not be made, or is not what it says it is."""
