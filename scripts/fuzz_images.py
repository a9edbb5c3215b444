# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#     "atheris>=2.3",
#     "click>=8.2",
#     "ml-dtypes>=0.5",
#     "numpy>=2.0",
#     "opencv-python-headless>=5.0",
#     "pillow>=13",
# ]
# ///
"""Looks for an image that makes a regime raise anything but ImageError.

uv run --script scripts/fuzz_images.py [CORPUS] [-runs=EXECUTIONS] [libFuzzer options]

A corpus worth having is ``tests/preprocessing/images``. The limit is 2**20 pixels, so that an
execution takes little; the regimes do not see it otherwise.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["verify.preprocessing", "PIL.JpegImagePlugin"]):
    from mappings.errors import ImageError
    from verify.preprocessing import crop

from architectures import find_model

MODEL = find_model("gluon_seresnext8_digits")
MAX_PIXELS = 1 << 20
NOT_UNDERSTOOD = "not understood"  # what the last guard says: a finding


def decode(data: bytes) -> None:
    for regime in ("gluon", "timm", "mmpretrain"):
        try:
            crop(data, regime, MODEL, MAX_PIXELS)
        except ImageError as error:
            if NOT_UNDERSTOOD in str(error):
                raise RuntimeError(str(error)) from error


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Pillow warns about damaged metadata
    atheris.Setup(sys.argv, decode)
    atheris.Fuzz()
