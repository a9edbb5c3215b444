"""Networks whose images have other channels than RGB's three: grey, and with a fourth."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import gluonport
from architectures import find_model
from gluonport.commands.main import main
from tests.conftest import GluonCheckpoints
from tests.support.mxnet_scripts import in_mxnet
from verify.reference.inputs import reference_inputs

Gluon = Callable[..., GluonCheckpoints]

SAMPLE, WIDE, PLAIN = "gluon_seresnext8_digits", "gluon_cifar_resnet20_v2", "gluon_resnet18_v1b"
CASES = [
    (SAMPLE, "grey", 1, "structural"),
    (SAMPLE, "rgba", 4, "export"),
    (WIDE, "grey", 1, "structural"),  # the network normalises its images itself
    (WIDE, "rgba", 4, "prefixed"),
    (PLAIN, "grey", 1, "structural"),
]


def run(*words: object) -> Any:
    return CliRunner().invoke(main, list(map(str, words)))


def write(gluon: Gluon, name: str, variant: str, scheme: str) -> GluonCheckpoints:
    return gluon(f"{find_model(name).source.name}-{variant}", scheme)


@pytest.fixture
def grey(gluon: Gluon, tmp_path: Path) -> Path:
    """A converted checkpoint of the sample's network for grey images."""
    out = tmp_path / "grey.safetensors"
    gluonport.convert(SAMPLE, out, write(gluon, SAMPLE, "grey", "structural").file())
    return out


@pytest.mark.parametrize(("name", "variant", "channels", "scheme"), CASES)
def test_the_port_computes_what_mxnet_computes(
    name: str, variant: str, channels: int, scheme: str, gluon: Gluon, tmp_path: Path
) -> None:
    written = write(gluon, name, variant, scheme)
    done = gluonport.convert("auto", tmp_path / "out.safetensors", written.file(scheme))
    assert (done.model, done.in_chans, done.naming) == (name, channels, scheme)
    network = gluonport.create_model(name, done.target)
    assert network.in_chans == channels
    with torch.inference_mode():
        logits = network(torch.from_numpy(written.inputs)).numpy()
    assert np.ptp(written.logits) > 0.5 and np.abs(logits - written.logits).max() <= 1e-4
    record = json.loads((tmp_path / "out.provenance.json").read_text())
    assert record["in_chans"] == channels
    assert record["parameters"] == sum(p.numel() for p in network.parameters())


def test_timm_loads_it_with_its_own_in_chans(gluon: Gluon, tmp_path: Path) -> None:
    written = write(gluon, PLAIN, "grey", "structural")
    done = gluonport.convert(PLAIN, tmp_path / "out.safetensors", written.file())
    theirs = timm.create_model("resnet18", in_chans=1).eval()
    theirs.load_state_dict(load_file(done.target), strict=True)
    with torch.inference_mode():
        logits = theirs(torch.from_numpy(written.inputs)).numpy()
    assert np.abs(logits - written.logits).max() <= 1e-4


def test_a_file_of_timm_converts_and_goes_back_to_mxnet(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = timm.create_model("resnet18", in_chans=2, num_classes=7).eval()
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    done = gluonport.convert(PLAIN, tmp_path / "back.params", tmp_path / "theirs.pth")
    assert (done.num_classes, done.in_chans) == (7, 2)
    inputs = np.random.RandomState(3).randn(2, 2, 64, 64).astype("f4")
    np.savez(tmp_path / "inputs.npz", inputs=inputs)
    script = Path(__file__).parent / "support" / "gluon_loads.py"
    arguments = ["resnet18_v1b", 7, done.target, "inputs.npz", "logits.npy"]
    in_mxnet(script, *arguments, cwd=tmp_path)
    with torch.inference_mode():
        expected = theirs(torch.from_numpy(inputs)).numpy()
    assert np.abs(np.load(tmp_path / "logits.npy") - expected).max() <= 1e-4


def test_all_channels_of_a_file_must_agree(gluon: Gluon, tmp_path: Path) -> None:
    source = find_model(WIDE).source.name
    own, other = (gluon(source, "structural"), gluon(f"{source}-rgba", "structural"))
    mixed = tmp_path / "mixed.safetensors"
    for path, written in (("own", own), ("other", other)):
        gluonport.convert(WIDE, tmp_path / f"{path}.safetensors", written.file())
    weights = load_file(tmp_path / "own.safetensors")
    weights["conv1.weight"] = load_file(tmp_path / "other.safetensors")["conv1.weight"]
    save_file(weights, mixed)
    done = run("convert", WIDE, tmp_path / "out.safetensors", "--from", mixed)
    assert done.exit_code == 1
    assert "of another shape" in done.stderr
    assert "conv1.weight is (16, 4, 3, 3), expected (16, 3, 3, 3)" in done.stderr
    assert not (tmp_path / "out.safetensors").exists()
    with pytest.raises(gluonport.GluonportError, match="does not fit"):
        gluonport.create_model(WIDE, mixed)


def test_inspect_says_how_many_channels_the_images_have(gluon: Gluon) -> None:
    file = write(gluon, SAMPLE, "grey", "structural").file()
    assert f"{SAMPLE}, 10 classes, images of 1 channel\n" in run("inspect", file).stdout
    assert json.loads(run("inspect", file, "--json").stdout)["in_chans"] == 1


def test_parity_by_golden_and_live_holds_for_the_file_itself(grey: Path) -> None:
    for reference in ("golden", "live"):
        done = run("verify", "parity", SAMPLE, "--checkpoint", grey, "--reference", reference)
        assert done.exit_code == 0, done.stderr


def test_live_parity_finds_a_first_convolution_that_is_wrong(grey: Path, gluon: Gluon) -> None:
    weights = load_file(grey)
    weights["conv1.weight"] = weights["conv1.weight"].flip(3)
    save_file(weights, grey, {"format": "pt"})
    source = write(gluon, SAMPLE, "grey", "structural").file()
    done = run(
        *("verify", "parity", SAMPLE, "--checkpoint", grey, "--from", source),
        *("--reference", "live", "--json"),
    )
    assert done.exit_code == 1
    judged = json.loads(done.stdout)["models"][0]
    assert judged["finding"]["block"] == "stem"
    passed = {criterion["name"]: criterion["passed"] for criterion in judged["criteria"]}
    assert passed["inputs"] and not passed["layers"]


def test_tensors_are_paired_with_those_of_the_source(grey: Path, gluon: Gluon) -> None:
    source = write(gluon, SAMPLE, "grey", "structural").file()
    done = run("verify", "tensors", source, grey, "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["model"] == SAMPLE


def test_no_regime_feeds_it_and_that_is_said_in_one_line(grey: Path, tmp_path: Path) -> None:
    shutil.copy("architectures/samples/gluon_seresnext8_digits.params", tmp_path)
    said = (
        f"error: {grey}: its network takes images of 1 channel, and the regimes gluon, timm, "
        f"mmpretrain give RGB, 3 channels: prepare its images yourself and give them to the "
        f"network of gluonport.create_model\n"
    )
    for words in (
        ("predict", grey, tmp_path / "no such image"),
        ("verify", "accuracy", SAMPLE, grey),
        ("verify", "accuracy", SAMPLE, grey, "--data", tmp_path / "no such folder"),
    ):
        done = run(*words)
        assert (done.exit_code, done.stderr) == (1, said)
    assert not list(tmp_path.glob("*ledger*"))


def test_it_is_not_published_since_nothing_says_how_its_images_are_prepared(
    grey: Path, tmp_path: Path
) -> None:
    done = run("publish", SAMPLE, grey, tmp_path / "release")
    assert done.exit_code == 1 and not (tmp_path / "release").exists()
    assert done.stderr.startswith(
        f"error: {grey}: the network takes images of 1 channel, but a release needs a network for "
    )


def test_other_inputs_are_rgbs_channels_moved_so_that_no_two_are_the_same() -> None:
    model = find_model(WIDE)
    rgb, five = reference_inputs(model), reference_inputs(model, 5)
    assert five.shape == (len(rgb), 5, 32, 32) and np.array_equal(five[:, :3], rgb)
    assert np.array_equal(five[:, 3:], np.roll(rgb[:, :2], 1, axis=-1))
    assert np.array_equal(reference_inputs(model, 1), rgb[:, :1])
