"""Preprocessing is each original's own, bit for bit."""

from pathlib import Path

import numpy as np
import pytest

import gluonport
from architectures import find_model
from architectures.record import Regime
from verify.inputs import IMAGES, reference_inputs, reference_names, reference_pixels
from verify.preprocessing import ImageError, crop, normalise

NETWORK = find_model("gluon_resnext50_32x4d")


def test_the_gluon_regime_makes_the_reference_inputs_of_the_photographs() -> None:
    names = reference_names(NETWORK)
    crops = np.stack([crop((IMAGES / name).read_bytes(), "gluon", NETWORK) for name in names])
    assert np.array_equal(crops, reference_pixels(NETWORK))
    assert np.array_equal(normalise(crops, "gluon", NETWORK), reference_inputs(NETWORK))


def test_the_front_door_gives_one_image_of_the_models_size() -> None:
    first = gluonport.preprocess(IMAGES / "astronaut.jpg", "gluon")
    assert first.dtype == np.float32 and first.shape == (3, 224, 224)
    assert np.array_equal(first, reference_inputs(NETWORK)[0])
    small = gluonport.preprocess(IMAGES / "cat.jpg", "timm", "gluon_seresnext8_digits")
    assert small.shape == (3, 32, 32)


@pytest.mark.parametrize("regime", ["gluon", "timm", "mmpretrain"])
@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"\xff\xd8\xff\xe0\0\x10JFIF\0"])
def test_what_is_no_image_is_refused_in_one_line(
    tmp_path: Path, regime: Regime, data: bytes
) -> None:
    path = tmp_path / "image.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError, match="image") as refusal:
        gluonport.preprocess(path, regime)
    assert str(refusal.value).startswith(f"{path}: ") and "\n" not in str(refusal.value)
