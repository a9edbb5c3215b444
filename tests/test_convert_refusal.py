"""What is said of files that fit no network: what they are, what is covered, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

import gluonport
from convert.formats import open_checkpoint
from gluonport.commands.main import main
from mappings.families import family_of
from tests.conftest import GluonCheckpoints
from tests.support.mxnet_scripts import in_mxnet

Gluon = Callable[..., GluonCheckpoints]

SCRIPT = Path(__file__).parent / "support" / "gluon_names.py"
FAMILIES = {
    "ssd_512_resnet50_v1_voc": "SSD, a detector",
    "faster_rcnn_resnet50_v1b_voc": "Faster R-CNN, a detector",
    "mask_rcnn_resnet50_v1b_coco": "Mask R-CNN, a detector",
    "yolo3_darknet53_voc": "YOLOv3, a detector",
    "center_net_resnet18_v1b_voc": "CenterNet, a detector",
    "fcn_resnet50_ade": "FCN, a segmentation network",
    "psp_resnet50_ade": "PSPNet, a segmentation network",
    "deeplab_resnet50_ade": "DeepLab, a segmentation network",
    "squeezenet1.1": "SqueezeNet, a classifier",
    "densenet121": "DenseNet, a classifier",
    "vgg11": "VGG, a classifier",
    "vgg11_bn": "VGG, a classifier",
    "alexnet": "AlexNet, a classifier",
    "inceptionv3": "Inception, a classifier",
}
COVERED = (
    "gluonport converts the classifiers that 'gluonport models' lists, and others by their graph "
    "(NAME-symbol.json, which 'export' writes)"
)


def said(*words: object) -> str:
    """The one line of a command that fails."""
    done: Any = CliRunner().invoke(main, list(map(str, words)))
    assert done.exit_code == 1 and done.stderr.count("\n") == 1, done.output
    return str(done.stderr)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with the names of networks that the catalogue has not."""
    folder = tmp_path_factory.mktemp("others")
    in_mxnet(SCRIPT, folder, *FAMILIES)
    return folder


@pytest.mark.parametrize("naming", ["params", "flat.params"])
@pytest.mark.parametrize("network", FAMILIES)
def test_a_refusal_says_which_family_the_names_are_of(
    network: str, naming: str, others: Path, tmp_path: Path
) -> None:
    file = others / f"{network}.{naming}"
    for name, what in (
        ("auto", "fits no model of the catalogue"),
        ("gluon_resnet50_v1b", "does not fit gluon_resnet50_v1b, nor any other model"),
    ):
        line = said("convert", name, tmp_path / "out.safetensors", "--from", file)
        if name == "auto" and line.startswith(f"error: {file} has the names of "):
            assert "other shapes: gluon_" in line  # of packaged graphs, which are named instead
            continue
        assert line.startswith(f"error: {file} {what}; by its names it is {FAMILIES[network]}")
        assert line.endswith(f"; {COVERED}\n") and "misfit" not in line


def test_inspect_says_it_too(others: Path) -> None:
    done = CliRunner().invoke(main, ["inspect", str(others / "alexnet.params")])
    assert "looks like  AlexNet, a classifier ('features.0' to " in done.stdout
    assert "nearest" not in done.stdout


def test_the_symbols_of_the_module_api_are_recognised(others: Path, tmp_path: Path) -> None:
    line = said("convert", "auto", tmp_path / "o.params", "--from", others / "module.params")
    what = "it is a network of MXNet's symbol scripts for its Module API ('stage1_unit1_...')"
    assert f"fits no model of the catalogue; by its names {what}; {COVERED}" in line


@pytest.mark.parametrize("network", ["resnet18_v1", "resnet18_v2", "resnest14", "resnext50_32x4d"])
def test_a_covered_network_is_never_called_another_familys(network: str, gluon: Gluon) -> None:
    names = [t.name for t in open_checkpoint(gluon(network, "structural").file()).tensors]
    assert family_of(names) is None
    assert family_of([name for name in names if not name.startswith(("output", "fc"))]) is None


@pytest.mark.parametrize("file", ["trainer.states", "plain.states"])
def test_the_states_of_a_trainer_are_called_that(file: str, others: Path, tmp_path: Path) -> None:
    line = said("convert", "auto", tmp_path / "out.safetensors", "--from", others / file)
    assert line == (
        f"error: {others / file}: this is the state of an optimizer that Trainer.save_states of "
        f"MXNet wrote, a Python pickle that holds momentum and no weights; name the .params file "
        f"that net.save_parameters wrote beside it\n"
    )


def test_a_file_of_another_model_is_given_that_models_name(gluon: Gluon, tmp_path: Path) -> None:
    file = gluon("seresnext8_digits", "structural").file()
    line = said("convert", "gluon_resnet18_v2", tmp_path / "out.safetensors", "--from", file)
    fits = "it fits gluon_seresnext8_digits: give that name instead"
    assert line == f"error: {file} does not fit gluon_resnet18_v2: {fits}\n"


def test_a_file_that_nearly_fits_has_its_misfits_counted_in_english(tmp_path: Path) -> None:
    out, cut = tmp_path / "out.safetensors", tmp_path / "cut.safetensors"
    gluonport.convert("gluon_cifar_resnet20_v1", out, "synthetic")
    weights = load_file(out)
    for count, name in (("1 misfit", "bn1.bias"), ("2 misfits", "bn1.weight")):
        del weights[name]
        save_file(weights, cut)
        line = said("convert", "auto", tmp_path / "no.safetensors", "--from", cut)
        assert line.startswith(
            f"error: {cut} fits no model of the catalogue; "
            f"nearest: gluon_cifar_resnet20_v1, {count}: "
        )
        assert "'auto'" not in line and f"'gluonport inspect --digests {cut}'" in line


def test_a_small_foreign_network_has_no_nearest_model(tmp_path: Path) -> None:
    """Not the packaged sample either, which is the smallest of the catalogue."""
    file = tmp_path / "small.safetensors"
    save_file({"conv1.weight": np.zeros((64, 3, 7, 7), "f4"), "fc.bias": np.zeros(10, "f4")}, file)
    line = said("convert", "auto", tmp_path / "out.safetensors", "--from", file)
    assert line.startswith(f"error: {file} fits no model of the catalogue; {COVERED}")


@pytest.mark.parametrize(
    ("network", "differ"),
    [
        (("resnet18", "gluon_resnet18_v1 and gluon_resnet18_v1b"), "the same"),
    ],
)
def test_of_two_models_that_fit_it_is_said_whether_they_give_the_same_tensors(
    network: tuple[str, str], differ: str, tmp_path: Path
) -> None:
    file, (name, both) = tmp_path / "r18.pth", network
    torch.manual_seed(0)
    torch.save(getattr(torchvision.models, name)(num_classes=5).state_dict(), file)
    line = said("convert", "auto", tmp_path / "out.safetensors", "--from", file)
    assert f"{file} fits {both} equally well, by names and by shapes; " in line
    assert f"these models give {differ} tensors" in line
    written = []
    for model in both.split(" and "):
        gluonport.convert(model, tmp_path / f"{model}.safetensors", file)
        written.append((tmp_path / f"{model}.safetensors").read_bytes())
    assert written[0] == written[1]


def test_of_two_models_that_fit_by_flat_names_each_gives_other_tensors(
    gluon: Gluon, tmp_path: Path
) -> None:
    made = gluon("resnet50_v1c", "stripped", "export")
    file = made.file("stripped")
    line = said("convert", "auto", tmp_path / "out.safetensors", "--from", file)
    assert "fits gluon_resnet50_v1c and gluon_resnet50_v1d equally well" in line
    assert (
        "these models give different tensors, and only whoever trained it knows the right ones"
        in line
    )
    assert "GluonCV begins" not in line
    line = said("convert", "auto", tmp_path / "out.safetensors", "--from", made.file("export"))
    assert "(GluonCV begins names with 'resnetv1c_' in gluon_resnet50_v1c): give the" in line


def test_a_name_that_is_the_beginning_of_another_is_completed(tmp_path: Path) -> None:
    line = said("convert", "resnext50", tmp_path / "out.safetensors")
    assert "no model is called 'resnext50': did you mean resnext50_32x4d or " in line


def test_models_of_no_such_name_are_an_error() -> None:
    line = said("models", "nosuch")
    assert line == "error: no model is called 'nosuch': 'gluonport models' lists them all\n"


def test_the_packaged_sample_is_nobodys_nearest_model(tmp_path: Path) -> None:
    """A file that is the sample but for one tensor is compared with no sample."""
    gluonport.convert("gluon_seresnext8_digits", tmp_path / "d.safetensors")
    arrays = load_file(tmp_path / "d.safetensors")
    arrays["layer1.0.conv2.weight"] = np.zeros((8, 4, 3, 3), np.float32)
    save_file(arrays, tmp_path / "other.safetensors")
    shown = CliRunner().invoke(main, ["inspect", str(tmp_path / "other.safetensors")])
    assert shown.exit_code == 0 and "gluon_seresnext8_digits" not in shown.stdout
    refused = said(
        "convert", "auto", tmp_path / "o.safetensors", "--from", tmp_path / "other.safetensors"
    )
    assert "gluon_seresnext8_digits" not in refused
