"""Refuses checkpoints of int8 networks, whose float weights cannot be restored."""

from __future__ import annotations

from convert.formats.checkpoint import Checkpoint
from mappings.errors import FormatError

# MXNet python/mxnet/contrib/quantization.py, _quantize_params
SUFFIXES = ("_quantize", "_quantize_min", "_quantize_max")


def refuse_quantised(checkpoint: Checkpoint) -> None:
    """Raise FormatError if the checkpoint holds the int8 export of a network."""
    for tensor in checkpoint.tensors:
        if tensor.name.endswith(SUFFIXES) or tensor.dtype == "int8":
            raise FormatError(
                checkpoint.path,
                "this is the int8-quantised export of a network, whose weights were rounded to "
                "256 values; name the float checkpoint that it was made from",
                offset=tensor.offset,
                array=tensor.name,
            )
