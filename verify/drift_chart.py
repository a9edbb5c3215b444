"""The drift chart: how far every layer is from the source, over depth, as SVG within a page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from verify.judge import LAYER
from verify.result import LayerError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLOOR, CEILING = 1e-17, 1e2
MARGINS = 48, 14, 30, 28  # left, right, bottom, top

# Colours that stand for the page's own, which differ in light and dark.
INK, MUTED, HAIRLINE = "#010101", "#020202", "#030303"
PORT64, PORT32, SOURCE32 = "#040404", "#050505", "#060606"
LIMIT, FAULT = "#070707", "#080808"
VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    HAIRLINE: "hairline",
    PORT64: "port64",
    PORT32: "port32",
    SOURCE32: "source32",
    LIMIT: "pass",
    FAULT: "fail",
}
LINES = (
    ("port64", PORT64, "solid", 2.0),
    ("source32", SOURCE32, (0, (1, 1.5)), 1.5),
    ("port32", PORT32, (0, (4, 1.5)), 1.3),
)


def drift_chart(
    layers: Sequence[LayerError], bad_block: str | None, size: tuple[int, int], prefix: str
) -> str:
    """An ``svg`` element of ``size`` units, width by height; every id in it begins with ``prefix``.

    One line per column of LayerError (their ids are the columns' names) on a logarithmic axis over
    the layers in execution order; zero is drawn at the floor, a missing layer as a cross on top.
    """
    import matplotlib
    from matplotlib.figure import Figure

    width, height = size
    left, right, bottom, top = MARGINS
    with matplotlib.rc_context(
        {
            "font.size": 12,
            "path.simplify": False,
            "svg.fonttype": "none",
            "svg.hashsalt": prefix,
            "text.parse_math": False,
        }
    ):
        figure = Figure((width / 72, height / 72), dpi=72)  # a pixel is a unit of the SVG
        box = (left / width, bottom / height)
        axes = figure.add_axes((*box, 1 - (left + right) / width, 1 - (bottom + top) / height))
        _draw(axes, layers, bad_block)
        svg = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(svg, format="svg", metadata=nothing, transparent=True)
    return _for_page(svg.getvalue(), prefix)


def is_missing(error: LayerError) -> bool:
    """Whether the port has no number for a layer, so that its line has a gap there."""
    return error.port64 is None or math.isnan(error.port64)


def _draw(axes: Axes, layers: Sequence[LayerError], bad_block: str | None) -> None:
    measured = [v for e in layers for v in (e.port64, e.port32, e.source32)]
    known = [value for value in measured if value is not None and math.isfinite(value)]
    highest = min(max([1e-4, *(10 * value for value in known)]), CEILING)
    axes.set_yscale("log")
    axes.set_ylim(FLOOR / 2, highest)
    axes.set_xlim(-0.5, len(layers) - 0.5)
    _draw_scales(axes, layers, has_zero=0 in known)
    axes.axhspan(FLOOR / 2, LAYER, color=LIMIT, alpha=0.07, linewidth=0)
    axes.axhline(LAYER, color=LIMIT, linewidth=1.2)
    axes.annotate(
        f"limit {LAYER:.3g}",
        (1, LAYER),
        (-4, 4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        color=LIMIT,
        horizontalalignment="right",
    )
    inside = [index for index, error in enumerate(layers) if error.block == bad_block]
    if bad_block is not None and inside:
        _shade(axes, bad_block, inside[0], inside[-1])
    for name, colour, dashes, weight in LINES:
        heights = [_height(getattr(error, name), highest) for error in layers]
        axes.plot(heights, color=colour, linestyle=dashes, linewidth=weight, gid=name)
    missing = [index for index, error in enumerate(layers) if is_missing(error)]
    if missing:
        axes.plot(missing, [highest] * len(missing), "x", color=FAULT, clip_on=False, gid="missing")


def _draw_scales(axes: Axes, layers: Sequence[LayerError], has_zero: bool) -> None:
    """Decades to the left, the stages below, a hairline at each."""
    top = axes.get_ylim()[1]
    decades = [10.0**power for power in range(-16, 3, 2) if 10.0**power <= top]
    axes.set_yticks(
        [*decades, FLOOR] if has_zero else decades,
        [*(f"1e{math.log10(y):.0f}" for y in decades), *(["0"] if has_zero else [])],
        color=MUTED,
    )
    axes.set_yticks([], minor=True)
    axes.grid(axis="y", color=HAIRLINE, linewidth=0.8)
    start, stages = 0, []
    for stage, members in groupby(layers, lambda error: error.block.partition(".")[0]):
        count = len(list(members))
        if start:
            axes.axvline(start - 0.5, color=HAIRLINE, linewidth=0.8)
        stages.append((count, start + (count - 1) / 2, stage))
        start += count
    labels = _apart(stages, axes.bbox.width / start)
    axes.set_xticks([x for x, _ in labels], [stage for _, stage in labels], color=MUTED)
    axes.tick_params(length=0, pad=6)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(MUTED)
    axes.set_axisbelow(True)


def _apart(stages: list[tuple[int, float, str]], scale: float) -> list[tuple[float, str]]:
    """Centres and names of the stages whose names do not overlap a longer stage's.

    ``stages`` are (layers, centre, name), ``scale`` the units per layer.
    """
    kept: list[tuple[float, str]] = []
    for _, centre, name in sorted(stages, reverse=True):
        room = [scale * abs(centre - x) - 3.7 * (len(name) + len(other)) for x, other in kept]
        if min(room, default=1) > 0:
            kept.append((centre, name))
    return kept


def _shade(axes: Axes, block: str, first: int, last: int) -> None:
    axes.axvspan(first - 0.5, last + 0.5, color=FAULT, alpha=0.16, linewidth=0)
    middle = (first + last) / 2
    left, right = axes.get_xlim()
    share = (middle - left) / (right - left)
    axes.annotate(
        block,
        (middle, 1),
        (0, 10),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color=FAULT,
        weight="bold",
        horizontalalignment="left" if share < 0.1 else "right" if share > 0.9 else "center",
    )


def _height(error: float | None, highest: float) -> float:
    """Where an error is drawn; NaN, which draws nothing, for a layer that is missing or NaN."""
    if error is None or math.isnan(error):
        return math.nan
    return min(max(error, FLOOR), highest)


def _for_page(svg: str, prefix: str) -> str:
    """The ``svg`` element alone, in the page's colours and type, its ids apart from all others."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<style.*?</style>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'(<svg [^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r" font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}-", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
