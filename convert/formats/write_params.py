"""The ``.params`` writer: what MXNet 1.9.1's ``mx.nd.save`` writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convert.formats.checkpoint import Array
from convert.formats.file_layout import params_layout
from convert.formats.given_values import Values


def write_params(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays in their order, without copying them.

    Raises ValueError for a dtype that MXNet does not have, OSError when the file cannot be written.
    """
    values = {name: Values.of(array) for name, array in arrays.items()}
    with open(path, "wb") as file:
        for piece in params_layout(values):
            if isinstance(piece, bytes):
                file.write(piece)
                continue
            for part in values[piece].parts():
                file.write(part.view(np.uint8).data)
