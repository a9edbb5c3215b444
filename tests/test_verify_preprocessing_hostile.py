"""Whatever the bytes of an image are, they give a crop or an ImageError, in bounded memory."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from architectures import find_model
from architectures.catalogue.figure import Regime
from convert.formats.limits import MAX_PIXELS
from mappings.errors import ImageError
from tests.support.memory import memory_below
from verify.preprocessing import chroma, crop, preprocess
from verify.preprocessing.decode import by_opencv
from verify.preprocessing.size import MAX_SCANS, image_size

NETWORK = find_model("gluon_seresnext8_digits")
REGIMES: tuple[Regime, ...] = ("gluon", "timm", "mmpretrain")
SEED = 20240607


def picture(mode: str = "RGB", width: int = 24, height: int = 20) -> Image.Image:
    pixels = np.random.RandomState(7).randint(0, 256, (height // 4, width // 4, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    picture(mode).save(file, "JPEG", quality=40, **options)
    return file.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation
    return jpeg(exif=exif)


def chroma_440(orientation: bytes = b"") -> bytes:
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440]
    data = cv2.imencode(".jpg", np.asarray(picture()), sampling)[1].tobytes()
    return data[:2] + orientation + data[20:]  # without its JFIF segment, EXIF counts


@pytest.mark.parametrize("height", [1, 2, 3, 41, 64])
def test_a_440_jpeg_is_the_same_in_strips_and_at_once(
    height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440]
    pixels = np.asarray(picture(height=64))[:height]
    data = cv2.imencode(".jpg", pixels, sampling)[1].tobytes()
    whole, strips = (decoded_in_strips(data, rows, monkeypatch) for rows in (64, 2))
    assert whole.shape == pixels.shape and (whole == strips).all()


def decoded_in_strips(
    data: bytes, rows: int, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    monkeypatch.setattr(chroma, "STRIP", rows)
    found = chroma.decode_440(data)
    assert found is not None
    return found


def test_a_440_jpeg_takes_no_more_memory_than_other_images() -> None:
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440]
    data = cv2.imencode(".jpg", np.asarray(picture("RGB", 1000, 2000)), sampling)[1].tobytes()
    with memory_below(16 * 1000 * 2000):
        chroma.decode_440(data)


def exif_of(data: bytes) -> bytes:
    at = data.index(b"Exif\0\0") - 4
    return data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4])]


JPEGS = {
    "baseline": jpeg(),
    "progressive": jpeg(progressive=True),
    "grey": jpeg("L"),
    "cmyk": jpeg("CMYK"),
    "restarts": jpeg(restart_marker_blocks=1),
    "exif": turned(),
    "4:4:0": chroma_440(),
    "4:4:0 turned": chroma_440(exif_of(turned())),
}


def other(kind: str) -> bytes:
    file = io.BytesIO()
    picture().save(file, kind)
    return file.getvalue()


OTHERS = {kind: other(kind) for kind in ("PNG", "BMP", "TIFF", "GIF", "WebP", "PPM")}


def decode(data: bytes, regime: Regime) -> bool:
    """Whether there is a crop; where not, one line says why."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about corrupt EXIF
        try:
            pixels = crop(data, regime, NETWORK)
        except ImageError as error:
            assert "\n" not in str(error) and "in an unknown way" not in str(error)
            return False
    assert pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8
    return True


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_ends_at_any_byte_is_decoded_or_refused(kind: str, regime: Regime) -> None:
    whole = JPEGS[kind]
    assert decode(whole, regime)
    for size in range(len(whole)):
        decode(whole[:size], regime)


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("kind", [*JPEGS, *OTHERS])
def test_an_image_with_flipped_bytes_is_decoded_or_refused(kind: str, regime: Regime) -> None:
    whole = {**JPEGS, **OTHERS}[kind]
    chance = random.Random(SEED)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice([0, 255, chance.randrange(256)])
        decode(bytes(data), regime)


def test_the_header_says_the_size_of_every_format() -> None:
    for kind, data in {**JPEGS, **OTHERS}.items():
        assert image_size(data) == (24, 20), kind
    for options in ({"lossless": True}, {"exif": b"Exif\0\0"}):
        file = io.BytesIO()
        picture("RGBA").save(file, "WebP", **options)
        assert image_size(file.getvalue()) == (24, 20), options


SIDE = 30_000


def bombs() -> Iterator[tuple[str, bytes]]:
    """Images of a few bytes that claim 900 million pixels."""
    both, size = struct.pack(">HH", 20, 24), struct.pack(">HH", SIDE, SIDE)
    for kind, data in JPEGS.items():
        frame = data.index(both, data.index(b"\xff\xc2" if kind == "progressive" else b"\xff\xc0"))
        yield f"jpeg {kind}", data[:frame] + size + data[frame + 4 :]
    png = bytearray(OTHERS["PNG"])
    png[16:24] = struct.pack(">II", SIDE, SIDE)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    yield "png", bytes(png)
    bmp = bytearray(OTHERS["BMP"])
    bmp[18:26] = struct.pack("<ii", SIDE, -SIDE)
    yield "bmp", bytes(bmp)
    yield "gif", b"GIF89a" + struct.pack("<HH", SIDE, SIDE) + OTHERS["GIF"][10:]
    yield "ppm", f"P6 {SIDE} {SIDE} 255\n".encode()
    entries = [(256, 4, 1, SIDE), (257, 4, 1, SIDE), (259, 3, 1, 1), (262, 3, 1, 1)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    yield "tiff", b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4)
    entries += [(256, 3, 1, 1), (257, 3, 1, 1), (322, 4, 1, SIDE), (323, 4, 1, SIDE)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries[2:])
    yield (
        "tiff of a tile",
        b"II*\0" + struct.pack("<IH", 8, len(entries) - 2) + directory + bytes(4),
    )


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(("kind", "data"), list(bombs()), ids=lambda value: str(value)[:20])
def test_an_image_of_too_many_pixels_is_refused_by_its_header(
    kind: str, data: bytes, regime: Regime
) -> None:
    said = f"the image has {SIDE} x {SIDE} pixels.*--max-pixels {SIDE * SIDE}$"
    with pytest.raises(ImageError, match=said):
        crop(data, regime, NETWORK)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_chunk_that_claims_a_gigabyte_is_refused_before_memory_is_taken(regime: Regime) -> None:
    png = OTHERS["PNG"]
    with pytest.raises(ImageError, match="the image is damaged: a chunk ends beyond the file"):
        crop(png[:33] + struct.pack(">I", 1 << 30) + png[37:], regime, NETWORK)
    assert decode(png + b"\xff" * 40, regime)  # what follows the image is not a chunk of it


def test_a_webp_of_the_largest_size_is_refused_by_its_header() -> None:
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\0" * 2
    data = b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk
    with pytest.raises(ImageError, match="the image has 16384 x 16384 pixels"):
        crop(data, "timm", NETWORK)


@pytest.mark.parametrize("regime", REGIMES)
def test_the_limit_is_exact_and_can_be_moved(regime: Regime) -> None:
    data = OTHERS["PNG"]
    assert crop(data, regime, NETWORK, max_pixels=480).shape == (32, 32, 3)
    with pytest.raises(ImageError, match="24 x 20 pixels, which is more than 479"):
        crop(data, regime, NETWORK, max_pixels=479)


def test_pillows_own_limit_is_not_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Image.MAX_IMAGE_PIXELS is not None and MAX_PIXELS == 2 * Image.MAX_IMAGE_PIXELS
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for kind, data in {**JPEGS, **OTHERS}.items():
        assert crop(data, "timm", NETWORK).shape == (32, 32, 3), kind
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("regime", REGIMES)
def test_a_sliver_is_refused_before_it_is_resized(regime: Regime) -> None:
    file = io.BytesIO()
    Image.new("L", (100_000, 1)).save(file, "PNG")
    with pytest.raises(ImageError, match="too narrow: resized, it would have 3"):
        crop(file.getvalue(), regime, NETWORK)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_jpeg_of_endless_scans_is_refused(regime: Regime) -> None:
    data = JPEGS["progressive"]
    scan = data.rindex(b"\xff\xda")
    for scans, said in ((MAX_SCANS, None), (MAX_SCANS + 1, f"a JPEG of {MAX_SCANS + 1} scans")):
        more = scans - data.count(b"\xff\xda")
        image = data[:scan] + data[scan:-2] * more + data[scan:]
        if said:
            with pytest.raises(ImageError, match=said):
                crop(image, regime, NETWORK)
        else:
            decode(image, regime)


def test_an_image_from_a_pipe_or_device_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "image.jpg"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/zero", tmp_path, f"{pipe}\0"):
        with pytest.raises(ImageError, match=r"no regular file|a directory|cannot be read"):
            preprocess(path, "gluon")


SHORT_OF_MEMORY = """
import io, resource, sys
import numpy as np
from PIL import Image
from architectures import find_model
from convert.formats.limits import MAX_PIXELS
from verify.preprocessing import crop
from mappings.errors import ImageError

file = io.BytesIO()
Image.new("L", (8_000, 8_000)).save(file, sys.argv[2], **eval(sys.argv[3]))
data = file.getvalue()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (100 << 20),) * 2)
try:
    crop(data, sys.argv[1], find_model("gluon_seresnext8_digits"))
except MemoryError:
    print("MemoryError")
"""


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("kind", ["JPEG", "progressive", "PNG"])
def test_missing_memory_is_never_taken_for_a_damaged_image(kind: str, regime: Regime) -> None:
    options = "{'progressive': True}" if kind == "progressive" else "{}"
    arguments = [regime, "PNG" if kind == "PNG" else "JPEG", options]
    done = subprocess.run(
        [sys.executable, "-c", SHORT_OF_MEMORY, *arguments], capture_output=True, text=True
    )
    assert done.stdout == "MemoryError\n", done.stderr


def test_opencv_writes_no_warning_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32), np.nan, "float32")).save(file, "TIFF")
    with pytest.raises(ImageError, match="OpenCV does not decode this image"):
        by_opencv(file.getvalue())
    assert capfd.readouterr() == ("", "")
