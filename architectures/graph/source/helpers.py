"""The source of helper functions, as it stands in ``architectures/graph/functions``."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FUNCTIONS = Path(__file__).parents[1] / "functions"


@dataclass(frozen=True)
class Definition:
    """A function or constant: its source, and the names that it needs."""

    source: str
    needs: frozenset[str]
    order: tuple[str, int]
    function: bool


@dataclass(frozen=True)
class Library:
    """Every definition by name, and the import statement of every imported name."""

    definitions: dict[str, Definition]
    imports: dict[str, str]

    def needed(self, names: Iterable[str]) -> list[Definition]:
        """The definitions of some names and of all that these need, in the order of the files."""
        found: dict[str, Definition] = {}
        front = sorted(names)
        while front:
            name = front.pop()
            if name in self.definitions and name not in found:
                found[name] = self.definitions[name]
                front.extend(sorted(found[name].needs))
        return sorted(found.values(), key=lambda definition: definition.order)


@cache
def library() -> Library:
    """All helper functions. They are read, not imported: writing needs no torch."""
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    for path in sorted(FUNCTIONS.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                _import(node, imports)
                continue
            match node:
                case ast.FunctionDef():
                    names = [node.name]
                    start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    names, start = [name], node.lineno
                case _:
                    continue
            source = "\n".join(lines[start - 1 : node.end_lineno])
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            for name in names:
                definitions[name] = Definition(
                    source,
                    frozenset(used - {name}),
                    (path.name, start),
                    isinstance(node, ast.FunctionDef),
                )
    return Library(definitions, imports)


def _import(node: ast.Import | ast.ImportFrom, imports: dict[str, str]) -> None:
    """Imports of single names; those of other helper files need no statement."""
    for alias in node.names:
        name = alias.asname or alias.name
        bound = alias.name if alias.asname is None else f"{alias.name} as {alias.asname}"
        if isinstance(node, ast.Import):
            imports[name] = f"import {bound}"
        elif node.module != "__future__" and not str(node.module).startswith("architectures"):
            imports[name] = f"from {node.module} import {bound}"
