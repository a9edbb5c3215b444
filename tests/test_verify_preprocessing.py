"""Preprocessing is each original's own, bit for bit."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gluonport
from architectures import MODELS, Model, find_model
from architectures.catalogue.dataset import CIFAR10, IMAGENET
from architectures.catalogue.figure import Regime
from mappings.errors import ImageError
from verify.preprocessing import crop, normalise
from verify.reference.inputs import IMAGES, reference_inputs, reference_names, reference_pixels

NETWORK = find_model("gluon_resnext50_32x4d")
CIFAR = replace(NETWORK, dataset=CIFAR10)
FOLDER = Path(__file__).with_name("preprocessing")
GOLDENS = json.loads((FOLDER / "goldens.json").read_text())
IMAGES_OF_ALL_KINDS = sorted(path.name for path in (FOLDER / "images").iterdir())


def model(size: int, share: float) -> Model:
    return replace(NETWORK, input_size=size, crop=share)


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize("setting", GOLDENS)
def test_every_kind_of_image_becomes_what_the_original_makes_of_it(setting: str) -> None:
    regime, size, share = setting.split()
    network = model(int(size), float(share))
    assert list(GOLDENS[setting]) == IMAGES_OF_ALL_KINDS
    wrong = []
    for name, golden in GOLDENS[setting].items():
        try:
            pixels = crop((FOLDER / "images" / name).read_bytes(), regime, network)
        except ImageError:
            answer: object = "refused"
        else:
            tensor = normalise(pixels[None], regime, network)[0]
            answer = {"crop": sha256(pixels), "tensor": sha256(tensor)}
            if regime == "gluon":
                answer["cifar"] = sha256(normalise(pixels[None], regime, CIFAR)[0])
        if answer != golden:
            wrong.append(name)
    assert not wrong


@pytest.mark.parametrize("regime", ["gluon", "timm", "mmpretrain"])
def test_not_one_level_is_off_in_the_crops_held_in_full(regime: Regime) -> None:
    network = model(32, 1.0)
    with np.load(FOLDER / "crops.npz", allow_pickle=False) as goldens:
        stored = {key.partition("/")[2]: goldens[key] for key in goldens if key.startswith(regime)}
    off = {}
    for name, golden in stored.items():
        ours = crop((FOLDER / "images" / name).read_bytes(), regime, network)
        off[name] = int(np.abs(ours.astype(int) - golden).max())
    assert len(off) > 40 and not any(off.values())


def test_the_regimes_are_three() -> None:
    data = (FOLDER / "images" / "odd.jpg").read_bytes()
    made = {sha256(crop(data, regime, NETWORK)) for regime in ("gluon", "timm", "mmpretrain")}
    assert len(made) == 3


def test_what_timm_does_for_each_model_is_what_the_regime_does() -> None:
    """Only then are timm's figures of these weights figures in this regime."""
    from timm import get_pretrained_cfg

    published = json.loads(
        (Path(__file__).parent / "support" / "published_figures.json").read_text()
    )["timm"]
    assert {model.name for model in MODELS if model.figure("timm")} == published.keys()
    for model in MODELS:
        there = model.client
        if model.name in published:
            name = published[model.name]["timm_name"]
            assert there is None or name == f"{there.timm}.{there.tag}"
        elif there is not None and there.tag:
            name = f"{there.timm}.{there.tag}"  # timm has the weights and printed no figure
        else:
            continue
        configuration = get_pretrained_cfg(name, allow_unregistered=False)
        assert configuration is not None, name
        assert configuration.input_size == (3, model.input_size, model.input_size), name
        assert (configuration.crop_pct, configuration.crop_mode) == (model.crop, "center"), name
        assert configuration.interpolation == model.timm_interpolation, name
        assert (configuration.mean, configuration.std) == (IMAGENET.mean, IMAGENET.std), name


@pytest.mark.parametrize(
    ("name", "model"),
    [("resnext50_32x4d", "gluon_resnext50_32x4d"), ("resnest14d", "gluon_resnest14")],
)
def test_timms_own_transform_gives_the_same_tensor(name: str, model: str) -> None:
    import timm
    from PIL import Image
    from timm.data import create_transform, resolve_data_config

    configuration = timm.get_pretrained_cfg(f"{name}.gluon_in1k").to_dict()
    transform = create_transform(**resolve_data_config({}, configuration))
    for path in sorted(IMAGES.glob("*.jpg")):
        theirs = transform(Image.open(path).convert("RGB")).numpy()
        assert np.array_equal(gluonport.preprocess(path, "timm", model), theirs), path.name


def test_normalising_a_batch_is_normalising_each_image() -> None:
    crops = reference_pixels(NETWORK)
    for regime in ("gluon", "timm", "mmpretrain"):
        batch = normalise(crops, regime)
        assert batch.flags.c_contiguous and batch.dtype == np.float32
        alone = [normalise(pixels[None], regime)[0] for pixels in crops]
        assert np.array_equal(batch, np.stack(alone))


@pytest.mark.exhaustive
def test_the_originals_give_the_goldens_again() -> None:
    for command in (
        ["uv", "run", "--quiet", "--script", "scripts/make_preprocessing_images.py", "--check"],
        [sys.executable, "-W", "ignore", "scripts/make_preprocessing_goldens.py", "--check"],
    ):
        done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


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
