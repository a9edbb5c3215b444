"""Why the other networks that GluonCV registers or stores are not converted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

INT8 = (
    "it is made of int8 operators, which exist in MXNet alone: convert the float network that it "
    "was made from"
)
NO_NETWORK = (
    "GluonCV stores weights of this name and has no network for them: 'convert raw' takes the "
    "arrays"
)
NOT_PACKAGED = (
    "its graph is not packaged: convert the graph that net.export writes, with its parameters"
)


def refusals(
    folder: Path, registered: Iterable[str], known: Iterable[str], stored: Iterable[str]
) -> dict[str, str]:
    """The reason for each network that is neither in the catalogue nor packaged."""
    found = {}
    path = folder / "untraceable.json"
    errors = json.loads(path.read_text()) if path.exists() else {}
    known = set(known)
    for name in sorted({*registered, *stored} - known):
        if name.endswith("_int8"):
            found[name] = INT8
        elif name in errors and "NeedsDownload" not in errors[name]:
            found[name] = f"MXNet does not trace it ({errors[name]})"
        elif name not in registered:
            found[name] = NO_NETWORK
        else:
            found[name] = NOT_PACKAGED
    return found
