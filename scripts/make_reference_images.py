# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = [
#     "numpy==1.23.5",
#     "opencv-python-headless==4.11.0.86",
#     "pillow==11.3.0",
#     "scikit-image==0.20.0",
#     "scikit-learn==1.5.2",
#     "scipy==1.9.3",
# ]
# ///
"""Make verify/reference/images: the reference photographs, and the network inputs that they become.

    uv run --script scripts/make_reference_images.py [--check]

The photographs come out of the pinned packages above, so their origin can be checked at any time:
``--check`` makes everything again beside the repository and compares it byte by byte. Authors and
licences stand in verify/reference/images/README.md.
"""

from __future__ import annotations

import argparse
import bz2
import sys
import tarfile
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import cv2  # type: ignore[import-not-found, unused-ignore]
import numpy as np
from PIL import Image

Array = np.ndarray[Any, np.dtype[np.uint8]]
ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "verify" / "reference" / "images"
DIGITS = ROOT / "architectures" / "samples" / "gluon_seresnext8_digits.tar"

# What a photograph is called here: its package, its file there, and the box cut out of it.
PHOTOGRAPHS = {
    "astronaut.jpg": ("scikit-image", "skimage/data/astronaut.png", None),
    "camera.jpg": ("scikit-image", "skimage/data/camera.png", None),
    "cat.jpg": ("scikit-image", "skimage/data/chelsea.png", None),
    "china.jpg": ("scikit-learn", "sklearn/datasets/images/china.jpg", None),
    "coffee.jpg": ("scikit-image", "skimage/data/coffee.png", None),
    "galaxies.png": ("scikit-image", "skimage/data/hubble_deep_field.jpg", (640, 460, 760, 550)),
    "raccoon.jpg": ("scipy", "scipy/misc/face.dat", (420, 0, 900, 768)),
    "rocket.jpg": ("scikit-image", "skimage/data/rocket.jpg", None),
}


def photograph(package: str, file: str) -> Image.Image:
    path = Path(str(distribution(package).locate_file(file)))
    if path.suffix == ".dat":  # scipy keeps its raccoon as the bare pixels
        return Image.frombytes("RGB", (1024, 768), bz2.decompress(path.read_bytes()))
    return Image.open(path)


def network_input(encoded: bytes, resize: int, crop: int) -> Array:
    """GluonCV's regime up to the pixels, uint8 (crop, crop, 3) RGB: decoded by OpenCV, short side
    to ``resize`` by INTER_LINEAR with the long side rounded down, centre crop rounded down."""
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    height, width = decoded.shape[:2]
    short = min(height, width)
    width, height = resize * width // short, resize * height // short
    resized: Array = cv2.resize(decoded, (width, height), interpolation=cv2.INTER_LINEAR)
    top, left = (height - crop) // 2, (width - crop) // 2
    return resized[top : top + crop, left : left + crop, ::-1]


def make(folder: Path) -> None:
    for name, (package, file, box) in PHOTOGRAPHS.items():
        image = photograph(package, file)
        image = image.crop(box) if box else image
        # No metadata goes along: a colour profile would make decoders differ.
        clean = Image.frombytes(image.mode, image.size, image.tobytes())
        clean.save(folder / name, quality=85)
    with tarfile.open(DIGITS) as tar:
        names = sorted(member.name for member in tar if member.isfile())
        first = [next(name for name in names if name.startswith(f"{digit}/")) for digit in range(8)]
        scans = [member.read() for name in first if (member := tar.extractfile(name))]
    np.savez_compressed(
        folder / "inputs.npz",
        photographs=[network_input((folder / name).read_bytes(), 256, 224) for name in PHOTOGRAPHS],
        photograph_names=list(PHOTOGRAPHS),
        digits=[network_input(scan, 32, 32) for scan in scans],
        digit_names=first,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    if not parser.parse_args().check:
        make(IMAGES)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        made = sorted(Path(folder).iterdir())
        wrong = [f.name for f in made if f.read_bytes() != (IMAGES / f.name).read_bytes()]
    for name in wrong:
        print(
            f"error: verify/reference/images/{name} is not what the packages give", file=sys.stderr
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
