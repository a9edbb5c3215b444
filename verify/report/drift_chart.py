"""The drift chart: how far every layer is from the source, over depth, as SVG for a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from jinja2 import Environment

from verify.parity.criteria import LAYER
from verify.parity.result import LayerError

FLOOR, CEILING = 1e-17, 1e2  # errors outside these bounds are drawn on them
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 28, 30  # margins, in units of the SVG
CHARACTER = 3.7  # half the width of a character of the labels, in units

LINES = (
    ("port64", "stroke-width: 2"),
    ("source32", "stroke-width: 1.5; stroke-dasharray: 1.5 2.3"),
    ("port32", "stroke-width: 1.3; stroke-dasharray: 5.2 2"),
)
"""The fields of LayerError that are drawn, each in the page's colour of that name."""


@dataclass(frozen=True)
class Label:
    """Text at a place in the chart; ``anchor`` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Frame:
    """Where layers and errors are drawn in a chart of ``width`` by ``height`` units."""

    width: int
    height: int
    layers: int
    highest: float

    def x(self, layer: float) -> float:
        """The middle of a layer's column; halves lie between two layers."""
        return round(LEFT + (self.width - LEFT - RIGHT) * (layer + 0.5) / self.layers, 2)

    def y(self, error: float) -> float:
        """The height of an error on the logarithmic axis; zero stands at the floor."""
        low, high = math.log10(FLOOR / 2), math.log10(self.highest)
        share = (math.log10(min(max(error, FLOOR / 2), self.highest)) - low) / (high - low)
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 2)


def drift_chart(
    layers: Sequence[LayerError],
    bad_block: str | None,
    size: tuple[int, int],
    prefix: str,
    stages: Sequence[str] | None = None,
    has_float64: bool = True,
) -> str:
    """An ``svg`` element of ``size`` units, width by height; every id in it begins with ``prefix``.
    ``stages``: the stage of every layer, the first part of its block's name if it is None. Without
    ``has_float64`` there are no numbers in float64, and none is missing.

    It has one line for each field in LINES, with that name in its id, on a logarithmic axis over
    the layers in execution order. Zero is drawn at the floor, a missing layer as a cross at the
    top, and the block ``bad_block`` is shaded.
    """
    errors = [error for e in layers for error in (e.port64, e.port32, e.source32)]
    known = [error for error in errors if error is not None and math.isfinite(error)]
    highest = min(max([1e-4, *(10 * error for error in known)]), CEILING)
    frame = Frame(*size, len(layers), highest)
    inside = [index for index, error in enumerate(layers) if error.block == bad_block]
    return _TEMPLATE.render(
        frame=frame,
        prefix=prefix,
        left=LEFT,
        right=size[0] - RIGHT,
        top=TOP,
        bottom=size[1] - BOTTOM,
        limit=frame.y(LAYER),
        limit_text=f"limit {LAYER:.3g}",
        decades=_decades(frame, has_zero=0 in known),
        stages=_stages(frame, stages or [error.block.partition(".")[0] for error in layers]),
        shade=_shade(frame, str(bad_block), inside) if inside else None,
        lines=[
            (name, style, _path(frame, [getattr(error, name) for error in layers]))
            for name, style in LINES
        ],
        missing=[
            frame.x(index)
            for index, error in enumerate(layers)
            if has_float64 and is_missing(error)
        ],
    )


def is_missing(error: LayerError) -> bool:
    """Whether the port has no number for a layer, so that its line has a gap there."""
    return error.port64 is None or math.isnan(error.port64)


def graph_stages(names: Sequence[str]) -> list[str]:
    """The stage of every node of a graph, by its name: the first word after those that all names
    share, if enough neighbours have it, else nothing."""
    words = [name.replace("/", "_").split("_") for name in names]
    while len({parts[0] for parts in words}) == 1 and all(len(parts) > 1 for parts in words):
        words = [parts[1:] for parts in words]
    stages: list[str] = []
    for word, members in groupby(parts[0] for parts in words):
        count = len(list(members))
        stages += [word if 20 * count >= len(words) else ""] * count
    return stages


def _path(frame: Frame, errors: Sequence[float | None]) -> str:
    """The commands of a line through all errors, which begins again after each gap."""
    commands, pen = [], "M"
    for index, error in enumerate(errors):
        if error is None or math.isnan(error):
            pen = "M"
        else:
            commands.append(f"{pen}{frame.x(index)} {frame.y(max(error, FLOOR))}")
            pen = "L"
    return "".join(commands)


def _decades(frame: Frame, has_zero: bool) -> list[Label]:
    powers = [power for power in range(-16, 3, 2) if 10.0**power <= frame.highest]
    labels = [Label(LEFT - 6, frame.y(10.0**power), f"1e{power}", "end") for power in powers]
    return [*labels, Label(LEFT - 6, frame.y(FLOOR), "0", "end")] if has_zero else labels


def _stages(frame: Frame, stages: Sequence[str]) -> tuple[list[float], list[Label]]:
    """Where stages meet, and the stages' names that do not overlap a longer stage's name."""
    spans, start = [], 0
    for stage, members in groupby(stages):
        count = len(list(members))
        spans.append((count, start, stage))
        start += count
    kept: list[Label] = []
    for count, first, stage in sorted(spans, reverse=True):
        x = frame.x(first + (count - 1) / 2)
        if all(abs(x - k.x) > CHARACTER * (len(stage) + len(k.text)) for k in kept):
            kept.append(Label(x, frame.height - BOTTOM + 18, stage))
    return [frame.x(second - 0.5) for (_, _, _), (_, second, _) in pairwise(spans)], kept


def _shade(frame: Frame, block: str, inside: Sequence[int]) -> tuple[float, float, Label]:
    """The left and right edge of a block, and its name above the middle."""
    first, last = frame.x(inside[0] - 0.5), frame.x(inside[-1] + 0.5)
    middle = (first + last) / 2
    share = (middle - LEFT) / (frame.width - LEFT - RIGHT)
    anchor = "start" if share < 0.1 else "end" if share > 0.9 else "middle"
    return first, last, Label(round(middle, 2), TOP - 10, block, anchor)


_SVG = """\
<svg viewBox="0 0 {{ frame.width }} {{ frame.height }}" xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink" style="font-size: 12px">
{% macro label(at, colour) %}
<text x="{{ at.x }}" y="{{ at.y }}" text-anchor="{{ at.anchor }}" fill="var(--{{ colour }})"
{{- caller() if caller }}>{{ at.text }}</text>
{% endmacro %}
<path d="M{{ left }} {{ limit }}H{{ right }}V{{ bottom }}H{{ left }}z"
 style="fill: var(--pass); opacity: 0.07"/>
<g stroke="var(--hairline)" stroke-width="0.8">
{% for at in decades %}<path d="M{{ left }} {{ at.y }}H{{ right }}"/>
{% endfor %}
{% for x in stages[0] %}<path d="M{{ x }} {{ top }}V{{ bottom }}"/>
{% endfor %}
</g>
{% for at in decades %}{% call label(at, "muted") %} dominant-baseline="middle"{% endcall %}
{% endfor %}
{% for at in stages[1] %}{{ label(at, "muted") }}{% endfor %}
<path d="M{{ left }} {{ bottom }}H{{ right }}" stroke="var(--muted)"/>
<path d="M{{ left }} {{ limit }}H{{ right }}" stroke="var(--pass)" stroke-width="1.2"/>
<text x="{{ right - 4 }}" y="{{ limit - 4 }}" text-anchor="end" fill="var(--pass)">
{{- limit_text }}</text>
{% if shade %}
<path d="M{{ shade[0] }} {{ top }}H{{ shade[1] }}V{{ bottom }}H{{ shade[0] }}z"
 style="fill: var(--fail); opacity: 0.16"/>
{% call label(shade[2], "fail") %} font-weight="bold"{% endcall %}
{% endif %}
{% for name, style, path in lines %}
<g id="{{ prefix }}-{{ name }}"><path d="{{ path }}" fill="none"
 style="stroke: var(--{{ name }}); {{ style }}; stroke-linejoin: round"/></g>
{% endfor %}
<g id="{{ prefix }}-missing">
<defs><path id="{{ prefix }}-cross" d="M-3 -3L3 3M-3 3L3 -3" stroke="var(--fail)"/></defs>
{% for x in missing %}<use xlink:href="#{{ prefix }}-cross" x="{{ x }}" y="{{ top }}"/>
{% endfor %}
</g>
</svg>
"""

_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_SVG)
