"""Reads the named arrays of a file in any supported format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convert.formats.checkpoint import Array, Checkpoint, Storage, Tensor
    from convert.formats.detect import open_checkpoint
    from convert.formats.quantised import refuse_quantised

__all__ = ["Array", "Checkpoint", "Storage", "Tensor", "open_checkpoint", "refuse_quantised"]


def __getattr__(name: str) -> Any:
    """Import on first use: what only opens, names or writes files needs no numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from convert.formats import checkpoint, detect, quantised

    found = {**vars(quantised), **vars(detect), **vars(checkpoint)}[name]
    globals()[name] = found
    return found
