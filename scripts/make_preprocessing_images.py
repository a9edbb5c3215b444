# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["numpy==2.4.6", "opencv-python-headless==5.0.0.93", "pillow==13.0.0"]
# ///
"""Make tests/preprocessing/images: every kind of file that a photograph comes in.

    uv run --script scripts/make_preprocessing_images.py [--check]

They are cut out of verify/reference/images, whose README names their authors. ``--check`` makes
them again and compares every byte.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SOURCES, IMAGES = (
    ROOT / "verify" / "reference" / "images",
    ROOT / "tests" / "preprocessing" / "images",
)
ORIENTATION = 0x0112


def photograph(name: str, box: tuple[int, int, int, int], size: Any = None) -> Image.Image:
    with Image.open(SOURCES / name) as image:
        cut = image.crop(box)
    return cut.resize(size, Image.Resampling.LANCZOS) if size else cut


def encode(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 75} | options if kind == "JPEG" else options))
    return file.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags.tobytes()


def without_jfif(jpeg: bytes) -> bytes:
    """As cameras write it: EXIF where libjpeg puts its JFIF segment."""
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6]) :]


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """Another segment, right at the beginning."""
    return jpeg[:2] + bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content + jpeg[2:]


def opencv(pixels: Any, suffix: str, *options: int) -> bytes:
    return bytes(cv2.imencode(suffix, pixels, options)[1])


def make() -> dict[str, bytes]:
    cat = photograph("cat.jpg", (60, 30, 263, 181))  # 203 x 151
    grey = photograph("camera.jpg", (140, 60, 291, 173))  # 151 x 113
    woman = photograph("astronaut.jpg", (90, 0, 411, 250), (81, 63))
    small = photograph("cat.jpg", (150, 60, 271, 147), (61, 43))
    bgr, tiny = np.asarray(cat)[..., ::-1], np.asarray(small)[..., ::-1]
    plain, cmyk = encode(cat), encode(cat.convert("CMYK"))
    progressive = encode(cat, progressive=True)
    adobe = cmyk.index(b"Adobe")
    halved = opencv(
        bgr, ".jpg", cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440
    )
    fade = Image.linear_gradient("L")
    made = {
        "grey.jpg": encode(grey),
        "odd.jpg": plain,
        "even.jpg": encode(photograph("china.jpg", (100, 50, 356, 306))),
        "large.jpg": encode(photograph("rocket.jpg", (0, 0, 640, 427)), quality=40),
        "portrait.jpg": encode(photograph("raccoon.jpg", (200, 100, 261, 600))),
        "panorama.jpg": encode(photograph("china.jpg", (0, 150, 640, 201))),
        "ribbon.jpg": encode(photograph("china.jpg", (0, 150, 640, 157))),
        "tiny.jpg": encode(photograph("coffee.jpg", (0, 0, 600, 400), (37, 23))),
        "pixel.jpg": encode(photograph("coffee.jpg", (300, 200, 301, 201))),
        "chroma-444.jpg": encode(cat, subsampling="4:4:4"),
        "chroma-422.jpg": encode(cat, subsampling="4:2:2"),
        "chroma-411.jpg": opencv(
            bgr, ".jpg", cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411
        ),
        "chroma-440.jpg": halved,
        "chroma-440-turned.jpg": with_segment(without_jfif(halved), 0xE1, exif(6)),
        "rgb.jpg": encode(cat, keep_rgb=True),
        "cmyk.jpg": cmyk,
        "cmyk-without-adobe.jpg": cmyk[: adobe - 4] + cmyk[adobe + 12 :],
        "ycck.jpg": cmyk[: adobe + 11] + b"\2" + cmyk[adobe + 12 :],
        "progressive.jpg": progressive,
        "restarts.jpg": encode(cat, restart_marker_blocks=3),
        "damaged.jpg": plain[:3000] + bytes(40) + plain[3040:],
        "trailing.jpg": plain + b"more bytes" * 20,
        "cut.jpg": plain[: len(plain) * 3 // 5],
        "cut-grey.jpg": encode(grey)[:-900],
        "cut-at-the-end.jpg": plain[:-2],
        "cut-progressive.jpg": progressive[: len(progressive) * 2 // 5],
        "cut-turned.jpg": without_jfif(encode(cat, exif=exif(6)))[:4000],
        "cut-in-header.jpg": plain[:300],
        "page.jpg": b"<html>404 Not Found</html>\n",
        "empty.jpg": b"",
    }
    for orientation in range(1, 9):
        made[f"exif-{orientation}.jpg"] = without_jfif(encode(woman, exif=exif(orientation)))
    turned = made["exif-6.jpg"]
    made |= {
        "exif-3-jfif.jpg": encode(woman, exif=exif(3)),
        "exif-6-jfif.jpg": encode(woman, exif=exif(6)),
        "exif-6-comment.jpg": with_segment(turned, 0xFE, b"a comment"),
        "exif-6-xmp.jpg": with_segment(turned, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
        "exif-6.png": encode(small, "PNG", exif=exif(6)),
        "grey16.png": opencv(np.asarray(grey)[:60, :90].astype(np.uint16) * 251, ".png"),
        "colour16.png": opencv(tiny.astype(np.uint16) * 251 + 77, ".png"),
        "alpha16.png": opencv(np.dstack([tiny, tiny[..., 0]]).astype(np.uint16) * 251, ".png"),
        "palette.png": encode(small.quantize(200), "PNG"),
        "palette-16.png": encode(small.quantize(13), "PNG", bits=4),
        "palette-transparent.png": encode(
            small.quantize(100), "PNG", transparency=bytes(range(99))
        ),
        "bilevel.png": encode(grey.convert("1"), "PNG"),
        "grey-transparent.png": encode(grey.crop((0, 0, 61, 43)), "PNG", transparency=128),
        "cut.png": encode(small, "PNG")[:4000],
        "other.bmp": encode(small, "BMP"),
        "other.tiff": encode(small, "TIFF"),
        "other.gif": encode(small, "GIF"),
        "other.webp": encode(small, "WEBP"),
    }
    for name, image in (("alpha.png", small), ("grey-alpha.png", small.convert("L"))):
        image.putalpha(fade.resize(image.size))
        made[name] = encode(image, "PNG")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check, made = parser.parse_args().check, make()
    if not check:
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name, data in made.items():
            (IMAGES / name).write_bytes(data)
    there = {path.name: path.read_bytes() for path in IMAGES.iterdir()}
    wrong = [n for n in sorted(made.keys() | there.keys()) if made.get(n) != there.get(n)]
    for name in wrong:
        print(f"error: {IMAGES / name} is not what the script makes", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
