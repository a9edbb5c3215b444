"""What the pages share: templates that escape every name, and figures in words."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image


def templates(**filters: Callable[..., Any]) -> Environment:
    """The templates of this folder; ``filters`` are those of one page alone."""
    environment = Environment(
        loader=FileSystemLoader(str(files("verify.report"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (dimensions, figure, share, unbroken):
        environment.filters[function.__name__] = function
    environment.filters.update(filters)
    return environment


def figure(value: float | None) -> str:
    """A figure with three digits; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.3g}" if math.isfinite(value) else "not finite"


def dimensions(shape: Sequence[int]) -> str:
    """A shape as people write it: ``1 x 17 x 64 x 48``; empty for a single number."""
    return " \N{MULTIPLICATION SIGN} ".join(map(str, shape))


def share(value: float) -> str:
    """A share, 0 to 1, in percent with seven digits: almost all is not shown as 100 %."""
    return f"{100 * value:.7g} %"


def unbroken(text: str) -> Markup:
    """Text whose figures keep their exponents on the same line."""
    return Markup(re.sub(r"\S+e-\d+", r'<span class="number">\g<0></span>', str(escape(text))))


def data_uri(image: Image.Image, kind: Literal["png", "jpeg"], quality: int = 82) -> str:
    """An image as a ``data:`` URI, which a page holds in itself."""
    held = io.BytesIO()
    image.save(held, kind, quality=quality)
    return f"data:image/{kind};base64,{base64.b64encode(held.getvalue()).decode()}"
