"""Converts a checkpoint into a file that is reread and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convert.conversion import convert
    from convert.provenance import Conversion

__all__ = ["Conversion", "convert"]


def __getattr__(name: str) -> Any:
    """Import on first use: ``convert --help`` needs neither numpy nor the network."""
    if name == "convert":
        from convert.conversion import convert

        return convert
    if name == "Conversion":
        from convert.provenance import Conversion

        return Conversion
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
