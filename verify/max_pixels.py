"""The most pixels of an image: the limit, and the option that moves it."""

from __future__ import annotations

import click

MAX_PIXELS = 178_956_970
"""As many as Pillow opens (two times its ``MAX_IMAGE_PIXELS``), and so timm's own pipeline. As RGB
they take half a GiB. The largest cameras have 151 million."""

max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=MAX_PIXELS,
    show_default=True,
    metavar="N",
    help="Refuse larger images before they are decoded.",
)
