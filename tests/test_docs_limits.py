"""Every bound in the code stands in docs/limits.md, with its number."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from convert.formats.limits import MAX_PIXELS

ROOT = Path(__file__).parents[1]
ROOMS = ("mappings", "architectures", "convert", "verify", "gluonport")
ROW = re.compile(r"^\| `([a-z_.]+)\.([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)

BOUND = re.compile(r"(MAX|MOST)_[A-Z_]+|LONGEST(_[A-Z]+)?|LARGEST|LIMIT|SLOWEST|DENSEST|SPREAD")
"""What a constant is called that bounds what is read."""
NO_BOUNDS = {
    ("architectures.networks.outlining", "MOST_LAYERS"),
    ("convert.sources.download", "CHUNK"),
    ("convert.sources.expected", "HEAD"),
    ("convert.sources.hub_pace", "LOOK"),
    ("gluonport.commands.stage_drawing", "MOST_LINES"),
    ("verify.parity.graphs.graph_nodes", "MOST_NOISE"),
    ("verify.report.accuracy_facts", "MOST_PAIRS"),
    ("verify.report.accuracy_page", "MOST_SHOWN"),
}
"""How a thing is done in ``convert.sources``, where all other numbers are bounds; a tolerance; how
much of a result is shown."""


def constants(file: Path) -> Iterator[str]:
    """The names that a module assigns."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            parts = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
            yield from (part.id for part in parts if isinstance(part.ctx, ast.Store))


def bounds() -> dict[tuple[str, str], float]:
    """Every bound in the code, by module and name."""
    files = [file for room in ROOMS for file in ROOT.glob(f"{room}/**/*.py")]
    found: dict[tuple[str, str], float] = {}
    for file in [*files, ROOT / "scripts" / "reproduce_cifar.py"]:
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        if module.startswith("architectures.graph."):
            continue  # graphs are bounded where they are read; what is here says how code is laid
        for name in constants(file):
            bound = BOUND.fullmatch(name) or file.parent.name == "sources"
            if bound and name.isupper() and (module, name) not in NO_BOUNDS:
                value = getattr(importlib.import_module(module), name)
                if isinstance(value, int | float):
                    found[module, name] = value
    return found


def test_the_page_lists_every_bound_with_its_number() -> None:
    page = (ROOT / "docs" / "limits.md").read_text()
    rows = {
        (module, name): int(value.split("(")[0].replace(",", ""))
        for module, name, value in ROW.findall(page)
    }
    assert rows == bounds()
    assert len(rows) == page.count("\n| `") - page.count("\n| `fuzz_")


def test_the_pages_on_images_say_the_limit_on_pixels() -> None:
    for page in ("docs/ledger.md", "docs/preprocessing.md", "docs/api.md"):
        assert str(MAX_PIXELS) in (ROOT / page).read_text().replace(",", "")
