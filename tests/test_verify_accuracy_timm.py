"""In regime timm, on any folder of JPEGs, the answers are those of timm's transform and network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file
from timm.data import ImageDataset, create_transform, resolve_data_config

import gluonport
from gluonport.commands.verify import main
from verify.accuracy.prediction import best, read_csv
from verify.datasets.expectation import wordnet_ids

IMAGES = Path("verify", "reference", "images").resolve()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of many shapes, a folder for each class."""
    root = tmp_path_factory.mktemp("tree")
    for k, source in enumerate(sorted(IMAGES.glob("*.jpg"))):
        folder = root / wordnet_ids()[100 * k]
        folder.mkdir()
        shutil.copy(source, folder)
        with Image.open(source) as image:
            image.convert("L").rotate(90, expand=True).save(folder / "grey.JPEG")
            image.crop((0, 0, 150 + 9 * k, 90)).save(folder / "small.jpeg")
    return root


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # timm leaves them open
@pytest.mark.parametrize(
    ("name", "timms", "top1"),
    [
        ("gluon_seresnext50_32x4d", "seresnext50_32x4d.gluon_in1k", 79.916),  # bicubic
        ("gluon_resnest14", "resnest14d.gluon_in1k", 75.516),  # bilinear
    ],
)
def test_the_five_best_classes_are_timms_image_for_image(
    name: str, timms: str, top1: float, tree: Path, tmp_path: Path
) -> None:
    checkpoint, predictions = tmp_path / "out.safetensors", tmp_path / "ours.csv"
    gluonport.convert(name, checkpoint, source="synthetic")
    options = ["--data", tree, "--regime", "timm", "--predictions", predictions, "--json"]
    arguments = [name, checkpoint, *options, "--allow-incomplete"]
    result = CliRunner().invoke(main, ["accuracy", *map(str, arguments)])
    assert result.exit_code == 0, result.output

    network = timm.create_model(timms, pretrained=False).eval()
    network.load_state_dict(load_file(checkpoint), strict=True)
    transform = create_transform(**resolve_data_config({}, model=network))
    dataset = ImageDataset(str(tree), transform=transform)
    names = dataset.filenames()
    with torch.inference_mode():
        logits = network(torch.stack([dataset[k][0] for k in range(len(dataset))])).numpy()
    theirs = dict(zip(names, zip(best(logits), logits, strict=True), strict=True))

    ours = read_csv(predictions)
    assert {p.path for p in ours} == set(names) and len(ours) == 3 * 7
    for p in ours:
        classes, values = theirs[p.path]
        assert p.classes == tuple(classes)
        assert np.abs(np.array(p.logits) - values[list(p.classes)]).max() < 1e-5 * abs(values).max()
    found = json.loads(result.stdout)
    assert (found["regime"], found["images"], found["reproduced"]) == ("timm", 21, None)
    assert found["published"]["top1"] == top1
