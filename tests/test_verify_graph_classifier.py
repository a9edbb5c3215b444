"""A network that came from a graph classifies images, and its right answers are counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

import gluonport
from gluonport.commands.main import main
from tests.support.mxnet_scripts import in_mxnet

SCRIPT = Path(__file__).parent / "support" / "mxnet_graphs.py"
SIZE = ("--input-size", "16", "--crop", "1", "--mean", "120,110,100", "--scale", "60")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks that MXNet saved, converted, and 12 images, each alone in its class."""
    folder = tmp_path_factory.mktemp("graphs")
    in_mxnet(SCRIPT, "write", folder)
    for name in ("face", "text", "pixels"):
        gluonport.convert("graph", folder / f"{name}.safetensors", folder / name)
    random = np.random.RandomState(3)
    for label in range(12):
        pixels = random.randint(0, 256, (16, 16, 3)).astype(np.uint8)
        (folder / "images" / f"{label:02}").mkdir(parents=True)
        Image.fromarray(pixels).save(folder / "images" / f"{label:02}" / "one.png")
    return folder


def best(folder: Path) -> list[int]:
    """The class of each image, by PyTorch itself."""
    network = gluonport.load(folder / "face.safetensors")
    found = []
    for path in sorted((folder / "images").glob("*/one.png")):
        pixels = np.asarray(Image.open(path), np.float32)
        x = (pixels - np.float32([120, 110, 100])) / np.float32(60)
        with torch.inference_mode():
            found.append(int(network(torch.from_numpy(x).permute(2, 0, 1)[None])[0].argmax()))
    return found


def test_predict_names_the_best_class(folder: Path) -> None:
    images = sorted((folder / "images").glob("*/one.png"))
    done = run("predict", folder / "face.safetensors", *images, *SIZE, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert answer["model"] == "graph"
    assert [one["classes"][0]["index"] for one in answer["predictions"]] == best(folder)


def test_a_graph_that_gives_probabilities_of_its_own_pixels_is_shown_by_them(folder: Path) -> None:
    """Its channels come last, the size stands in the graph, and softmax is taken once."""
    image = folder / "images" / "03" / "one.png"
    pixels = np.asarray(Image.open(image).resize((8, 8), Image.Resampling.NEAREST))
    Image.fromarray(pixels).save(folder / "small.png")
    crop = ("--crop", "1", "--mean", "128", "--scale", "64")
    checkpoint = folder / "pixels.safetensors"
    done = run("predict", checkpoint, folder / "small.png", *crop, "--json")
    assert done.exit_code == 0, done.output
    x = (pixels[None].astype(np.float32) - 128) / np.float32(64)
    with torch.inference_mode():
        expected = gluonport.load(checkpoint)(torch.from_numpy(x))[0].numpy()
    found = json.loads(done.output)["predictions"][0]["classes"]
    assert len(found) == 5
    assert all(abs(c["probability"] - expected[c["index"]]) < 1e-6 for c in found)
    assert max(expected) - min(expected) > 0.05


def test_right_answers_are_counted_and_nothing_is_compared(folder: Path) -> None:
    arguments = ["graph", folder / "face.safetensors", "--data", folder / "images", *SIZE]
    done = run("verify", "accuracy", *arguments, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    right = sum(found == label for label, found in enumerate(best(folder)))
    assert (answer["images"], answer["top1_correct"]) == (12, right)
    assert answer["reproduced"] is None and answer["model"] == "graph"
    record = json.loads((folder / "face.accuracy.json").read_text())
    assert record["checkpoint_sha256"] == answer["checkpoint_sha256"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["face.safetensors"],
            "the graph does not say how large its images are: give --input-size",
        ),
        (
            ["text.safetensors", "--input-size", "16"],
            "the network does not take images of shape (1, 3, 16, 16)",
        ),
    ],
)
def test_what_is_no_classifier_or_needs_a_size_says_so(
    arguments: list[str], message: str, folder: Path
) -> None:
    image = folder / "images" / "00" / "one.png"
    done = run("predict", folder / arguments[0], image, *arguments[1:])
    assert done.exit_code == 1 and message in done.output, done.output
    assert done.output.count("error:") == 1


def test_a_model_of_the_catalogue_takes_no_preparation(folder: Path, tmp_path: Path) -> None:
    gluonport.convert("gluon_seresnext8_digits", tmp_path / "digits.safetensors")
    image = folder / "images" / "00" / "one.png"
    done = run("predict", tmp_path / "digits.safetensors", image, *SIZE)
    assert done.exit_code == 1
    assert "gluon_seresnext8_digits: the catalogue says how its images are prepared" in done.output
