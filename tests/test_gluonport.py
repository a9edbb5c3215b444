"""The front door: the Python interface and the command."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import gluonport


def test_create_model_loads_a_checkpoint_with_its_own_class_count(tmp_path: Path) -> None:
    gluonport.convert("gluon_seresnext8_digits", tmp_path / "d.safetensors")
    network = gluonport.create_model("gluon_seresnext8_digits", tmp_path / "d.safetensors")
    assert not network.training
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    other = gluonport.create_model("gluon_seresnext8_digits", tmp_path / "d.safetensors", 4)
    assert torch.equal(other.get_parameter("conv1.weight"), network.get_parameter("conv1.weight"))
    assert other.get_parameter("fc.weight").shape == (4, 512)


def test_create_model_refuses_another_models_checkpoint(tmp_path: Path) -> None:
    gluonport.convert("gluon_seresnext8_digits", tmp_path / "d.safetensors")
    with pytest.raises(gluonport.GluonportError, match="does not fit gluon_resnext50_32x4d"):
        gluonport.create_model("gluon_resnext50_32x4d", tmp_path / "d.safetensors")


def test_create_model_without_weights_takes_options() -> None:
    network = gluonport.create_model("gluon_seresnext8_digits", num_classes=3, in_chans=1)
    assert network.eval()(torch.zeros(1, 1, 32, 32)).shape == (1, 3)


@pytest.mark.parametrize("command", ["convert", "inspect", "models", "verify"])
def test_every_command_is_a_subcommand(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gluonport", command, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith("Usage:")


def test_the_version_is_the_packages() -> None:
    from importlib.metadata import version

    done = subprocess.run(
        [sys.executable, "-m", "gluonport", "--version"], capture_output=True, text=True
    )
    assert version("gluonport") in done.stdout


def test_create_model_reads_a_file_and_maps_none_of_it(tmp_path: Path) -> None:
    """A file that is cut short after it was opened must not end the process by a signal."""
    path = tmp_path / "d.safetensors"
    gluonport.convert("gluon_seresnext8_digits", path)
    network = gluonport.create_model("gluon_seresnext8_digits", path)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    path.write_bytes(b"")
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    with pytest.raises(gluonport.GluonportError, match="not a safetensors file"):
        gluonport.create_model("gluon_seresnext8_digits", path)
    with pytest.raises(gluonport.GluonportError, match="no such regular file"):
        gluonport.create_model("gluon_seresnext8_digits", tmp_path)


def test_a_model_takes_the_channels_of_its_file(tmp_path: Path) -> None:
    gluonport.convert("gluon_seresnext8_digits", tmp_path / "d.safetensors")
    with pytest.raises(gluonport.GluonportError, match="images of 3 channels, not 1"):
        gluonport.create_model("gluon_seresnext8_digits", tmp_path / "d.safetensors", in_chans=1)
