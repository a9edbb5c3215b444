"""The picture of the largest difference over a map, as SVG for a page."""

from __future__ import annotations

import base64
import io

import numpy as np
from jinja2 import Environment
from PIL import Image

from verify.parity.result import DifferenceMap

LONGER_SIDE = 440.0  # units of the SVG that the longer side of a map is drawn with
LEFT, TOP, BOTTOM = 44, 12, 26  # margins, in units
GAP, BAR, RIGHT = 26, 14, 84  # between map and scale, the scale's width, the room for its figures


def difference_chart(drawn: DifferenceMap, prefix: str) -> str:
    """An ``svg`` element; every id in it begins with ``prefix``. The colour is the page's own, and
    the stronger it is, the larger the difference: the scale beside the map goes from 0 to the peak.
    """
    unit = LONGER_SIDE / max(drawn.height, drawn.width)
    width, height = (max(round(unit * side, 1), 24.0) for side in (drawn.width, drawn.height))
    right = LEFT + width
    return _TEMPLATE.render(
        drawn=drawn,
        prefix=prefix,
        left=LEFT,
        top=TOP,
        width=width,
        height=height,
        right=right,
        bottom=TOP + height,
        bar=right + GAP,
        bar_width=BAR,
        view=(round(right + GAP + BAR + RIGHT, 1), round(TOP + height + BOTTOM, 1)),
        x=round(LEFT + width * (drawn.column + 0.5) / drawn.width, 1),
        y=round(TOP + height * (drawn.row + 0.5) / drawn.height, 1),
        picture=_picture(drawn),
        ticks=[(TOP + height * (1 - share), f"{share * drawn.peak:.2g}") for share in (0, 0.5, 1)],
    )


def _picture(drawn: DifferenceMap) -> str:
    """The levels as a grey image, a ``data:`` URI."""
    levels = np.array([list(bytes.fromhex(row)) for row in drawn.levels], np.uint8)
    held = io.BytesIO()
    Image.fromarray(levels).save(held, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"


_SVG = """\
<svg viewBox="0 0 {{ view[0] }} {{ view[1] }}" xmlns="http://www.w3.org/2000/svg"
 style="font-size: 12px; max-width: {{ view[0] }}px">
<defs>
<mask id="{{ prefix }}-levels"><image x="{{ left }}" y="{{ top }}" width="{{ width }}"
 height="{{ height }}" preserveAspectRatio="none" style="image-rendering: pixelated"
 href="{{ picture }}"/></mask>
<linearGradient id="{{ prefix }}-scale" x1="0" y1="1" x2="0" y2="0">
<stop offset="0" style="stop-color: var(--{{ drawn.precision|colour }}); stop-opacity: 0"/>
<stop offset="1" style="stop-color: var(--{{ drawn.precision|colour }})"/>
</linearGradient>
</defs>
<rect x="{{ left }}" y="{{ top }}" width="{{ width }}" height="{{ height }}" fill="var(--panel)"/>
<rect x="{{ left }}" y="{{ top }}" width="{{ width }}" height="{{ height }}"
 fill="var(--{{ drawn.precision|colour }})" mask="url(#{{ prefix }}-levels)"/>
<rect x="{{ left }}" y="{{ top }}" width="{{ width }}" height="{{ height }}" fill="none"
 stroke="var(--hairline)"/>
<circle cx="{{ x }}" cy="{{ y }}" r="8" fill="none" stroke="var(--page)" stroke-width="4"/>
<circle cx="{{ x }}" cy="{{ y }}" r="8" fill="none" stroke="var(--ink)" stroke-width="1.5"/>
<g fill="var(--muted)">
<text x="{{ left }}" y="{{ bottom + 17 }}">0</text>
<text x="{{ right }}" y="{{ bottom + 17 }}" text-anchor="end">{{ drawn.width - 1 }}</text>
<text x="{{ left - 8 }}" y="{{ top + 10 }}" text-anchor="end">0</text>
<text x="{{ left - 8 }}" y="{{ bottom }}" text-anchor="end">{{ drawn.height - 1 }}</text>
</g>
<rect x="{{ bar }}" y="{{ top }}" width="{{ bar_width }}" height="{{ height }}"
 fill="var(--panel)"/>
<rect x="{{ bar }}" y="{{ top }}" width="{{ bar_width }}" height="{{ height }}"
 fill="url(#{{ prefix }}-scale)" stroke="var(--hairline)"/>
{% for y, text in ticks %}
<text x="{{ bar + bar_width + 8 }}" y="{{ [[y + 4, top + 10]|max, bottom]|min }}"
 fill="var(--muted)">{{ text }}</text>
{% endfor %}
</svg>
"""

_ENVIRONMENT = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
_ENVIRONMENT.filters["colour"] = {"float64": "port64", "float32": "port32"}.__getitem__
_TEMPLATE = _ENVIRONMENT.from_string(_SVG)
