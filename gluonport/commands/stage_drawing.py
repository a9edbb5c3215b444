"""A drawing of a network: a box for each stage, with its blocks and its maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

MOST_LINES = 8
"""Different blocks that a box tells; the others are counted."""
WIDE = 64
"""Columns of a box where the terminal has them."""


def draw_model(facts: Mapping[str, Any]) -> RenderableType:
    """The stages of a network with a table, from the image to its classes."""
    outline = facts["architecture"]
    parts: list[RenderableType] = [Text(f"image {_map(outline['input'])}")]
    for stage in outline["stages"]:
        end = f"{' + '.join(map(_map, stage['maps']))}   1/{stage['reduction']}"
        parts += [Text("  │"), _box(stage["name"], _blocks(stage["blocks"]) or ["pooling"], end)]
    end = f"{facts['num_classes']:,} classes"
    return Group(*parts, Text("  │"), _box("head", _blocks(outline["head"]), end))


def draw_graph(outline: Mapping[str, Any]) -> RenderableType:
    """The convolutions of a graph by the size of their maps."""
    inputs = [f"{name} {_map(shape[1:])}" for name, shape in outline["inputs"].items()]
    parts: list[RenderableType] = [Text(", ".join(inputs))]
    for stage in outline["stages"]:
        count = stage["convolutions"]
        text = [f"{count} convolution{'s' if count > 1 else ''}"]
        size = f"up to {_map([stage['channels'], *stage['size']])}"
        parts += [Text("  │"), _box("", text, size)]
    return Group(*parts)


def _box(title: str, lines: Sequence[str], end: str) -> RenderableType:
    return Panel(
        Text("\n".join(lines)),
        title=Text(title, style="bold") if title else None,
        title_align="left",
        subtitle=Text(end),
        subtitle_align="right",
        box=box.ROUNDED,
        width=WIDE,
    )


def _blocks(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each kind of block, with its count."""
    lines = [f"{one['count']} x ({one['layers']})" for one in blocks]
    for place, one in enumerate(blocks):
        if one["count"] == 1:
            lines[place] = one["layers"]
    if len(lines) > MOST_LINES:
        rest = sum(one["count"] for one in blocks[MOST_LINES - 1 :])
        return [*lines[: MOST_LINES - 1], f"and {rest} more blocks"]
    return lines


def _map(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
