"""Results that take hours to measure, kept in the repository: one JSON file for each table of docs.

A measurement goes on where the last one stopped, on another machine too. The file maps each name to
its result, a line each, in the order of the names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_record(path: Path) -> dict[str, Any]:
    """The results by name; none if there is no such file yet."""
    return json.loads(path.read_text()) if path.exists() else {}


def write_record(path: Path, results: Mapping[str, Any]) -> None:
    """Write the results in the order of their names."""
    lines = [f"{json.dumps(name)}: {json.dumps(results[name])}" for name in sorted(results)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
