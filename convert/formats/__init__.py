"""Readers: a file in any supported format, to the named arrays in it."""

from __future__ import annotations

from convert.formats.checkpoint import Array, Checkpoint, Storage, Tensor
from convert.formats.detect import open_checkpoint
from convert.formats.quantised import refuse_quantised

__all__ = ["Array", "Checkpoint", "Storage", "Tensor", "open_checkpoint", "refuse_quantised"]
