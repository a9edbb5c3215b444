"""The parity report: one page that says what was judged, how, and how far each layer drifts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

from convert.formats.appearing import write_text
from convert.formats.regular import sha256
from verify.parity.criteria import LAYER
from verify.parity.result import Criterion, CriterionName, Parity, by_task
from verify.reference.inputs import IMAGES
from verify.report.difference_chart import difference_chart
from verify.report.drift_chart import drift_chart, graph_stages, is_missing
from verify.report.rendering import data_uri, templates

WIDE, NARROW = (960, 380), (360, 320)  # CSS pixels; the page shows the one that fits
THUMBNAIL = 160  # pixels a side
QUESTIONS: dict[CriterionName, tuple[str, str]] = {
    "values": ("Does the file hold its source's values, bit for bit?", "tensors differ"),
    "inputs": ("Were both sides given the same bytes?", ""),
    "structure": ("In float64, does the port compute the same function?", "between logits"),
    "arithmetic": ("In float32, is it as close to the truth as the source is?", "times the source"),
    "evidence": ("Is there something to judge, and is it real?", "images"),
    "layers": ("Do all layers agree, not only the answer?", "of a layer's scale"),
    "top-1": ("Where the winner is clear, is it the same?", "images differ"),
    "operators": ("Does each operator of the graph compute what MXNet's does?", "problems"),
}
"""What each criterion asks, and the unit of its figure."""

GRAPH_UNITS = {
    "structure": "between outputs",
    "evidence": "cases",
    "layers": "of a node's scale",
}
"""The units for graphs, where they differ."""


@dataclass(frozen=True)
class Section:
    """A model's part of the page: its verdict, and what is drawn or measured for it."""

    parity: Parity
    charts: dict[str, Markup]
    maps: dict[str, Markup]
    missing: int
    checkpoint_sha256: str | None


def write_report(results: Sequence[Parity], folder: Path, root: Path = Path()) -> Path:
    """Write ``index.html`` and ``parity.json`` into ``folder``, and return the page's path.

    The page needs nothing else: it opens from disk, without scripts or a network connection. The
    same results give the same bytes. Names of checkpoints are relative to ``root``. Raises OSError
    if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    passed = bool(results) and all(result.passed for result in results)
    document = {"passed": passed, "models": [result.as_json() for result in results]}
    sections = [_section(result, f"m{index}", root) for index, result in enumerate(results)]
    page = templates(margin=margin, thumbnail=thumbnail).get_template("page.html.j2")
    html = page.render(
        passed=passed,
        sections=sections,
        tasks=by_task(results),
        questions=QUESTIONS,
        graph_units=GRAPH_UNITS,
        layer_limit=LAYER,
    )
    write_text(folder / "parity.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    write_text(folder / "index.html", html)
    return folder / "index.html"


def _section(parity: Parity, prefix: str, root: Path) -> Section:
    block = parity.first_bad_block
    exact = not parity.about.get("float64")  # else the reason why MXNet has float32 only
    stages = graph_stages([layer.source for layer in parity.layers]) if parity.leg else None
    charts = {
        name: Markup(drift_chart(parity.layers, block, size, f"{prefix}-{name}", stages, exact))
        for name, size in (("wide", WIDE), ("narrow", NARROW))
        if parity.layers
    }
    maps = {
        output.name: Markup(difference_chart(output.map, f"{prefix}-map{index}"))
        for index, output in enumerate(parity.outputs)
        if output.map is not None
    }
    digest = None
    if parity.checkpoint is not None and (root / parity.checkpoint).is_file():
        digest = sha256(root / parity.checkpoint)
    missing = sum(map(is_missing, parity.layers)) if exact else 0
    return Section(parity, charts, maps, missing, digest)


def margin(criterion: Criterion) -> str:
    """How far a figure is from its limit, in words; empty if there is nothing to say."""
    figure, limit = criterion.figure, criterion.limit
    if figure is None or not isinstance(limit, float) or not math.isfinite(figure) or not limit:
        return ""
    if figure == 0:
        return "no difference at all"
    if figure <= limit:
        return f"{limit / figure:,.0f} times below the limit"
    return f"{figure / limit:,.3g} times the limit"


def thumbnail(name: str) -> str | None:
    """The network's own crop of a reference image as a ``data:`` URI; None for another image."""
    pixels = _crops().get(name)
    if pixels is None:
        return None
    image = Image.fromarray(pixels)
    if image.width <= THUMBNAIL:
        return data_uri(image, "png")
    return data_uri(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS), "jpeg")


@cache
def _crops() -> dict[str, np.ndarray]:
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        return {
            str(name): crop
            for kind, names in (("photographs", "photograph_names"), ("digits", "digit_names"))
            for name, crop in zip(arrays[names], arrays[kind], strict=True)
        }
