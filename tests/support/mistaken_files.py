"""A folder of files that a user could name by mistake, for the table of messages."""

from __future__ import annotations

import copy
import json
import os
import shutil
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image
from safetensors.numpy import save_file

import gluonport
from gluonport.commands.main import main
from tests.support.params_lies import SOUND
from tests.test_convert_formats_symbol_hostile import SOUND as SYMBOL

NAME = "gluon_seresnext8_digits"


def run(*words: str) -> None:
    """A command that must succeed."""
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output


def make(folder: Path) -> None:
    """Fill ``folder``, the working directory, so that records name files without their folder."""
    assert Path.cwd() == folder.resolve()
    gluonport.convert(NAME, "random.safetensors", "synthetic")
    gluonport.convert("cifar_resnet20_v1", "cifar.params", "synthetic")
    gluonport.convert(NAME, "trained.safetensors")
    for name in ("lone", "unproven"):
        shutil.copy("trained.safetensors", f"{name}.safetensors")
    shutil.copy("trained.provenance.json", "unproven.provenance.json")
    _texts()
    _tensors()
    _graphs()
    _images()
    _releases()


def _texts() -> None:
    Path("text.txt").write_text("Dear colleague, ...\n")
    Path("page.params").write_text("<!DOCTYPE html><html></html>")
    Path("lfs.params").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    Path("two.txt").write_text("one\ntwo\n")
    Path("key.pem").write_text("no key")
    for name in ("folder", "full", "folder.safetensors"):
        os.mkdir(name)
    Path("full", "file").touch()
    os.mkfifo("pipe.params")
    os.symlink("nowhere", "link.params")


def _tensors() -> None:
    Path("empty.params").touch()
    Path("sound.params").write_bytes(SOUND)
    Path("cut.params").write_bytes(SOUND[:-3])
    Path("cut.npz").write_bytes(b"PK\3\4")
    Path("cut.safetensors").write_bytes(Path("trained.safetensors").read_bytes()[:-1])
    save_file({"w": np.ones((2, 3), "float32")}, "w.safetensors")
    save_file({"w": np.full((2, 3), np.nan, "float32")}, "nan.safetensors")
    save_file({"w": np.full((2, 3), 1e30, "float32")}, "large.safetensors")
    Path("index.safetensors.index.json").write_text('{"weight_map": {"w": "gone.safetensors"}}')


def _graphs() -> None:
    Path("net-symbol.json").write_text(json.dumps(SYMBOL))
    Path("other-symbol.json").write_text('{"model": 1}')
    odd = copy.deepcopy(SYMBOL)
    odd["nodes"][3]["op"] = "Unheard"
    Path("odd-symbol.json").write_text(json.dumps(odd))
    save_file({"fc_weight": np.ones((4, 3), "float32")}, "fc.safetensors")


def _images() -> None:
    Image.new("RGB", (40, 40)).save("image.png")
    Path("bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    os.makedirs("images/0")
    shutil.copy("image.png", "images/0/a.png")


def _releases() -> None:
    run("verify", "parity", NAME, "--checkpoint", "trained.safetensors")
    run("publish", NAME, "trained.safetensors", "release", "--without-accuracy", "a test")
    for name in ("changed", "shorter", "longer", "bare"):
        shutil.copytree("release", name)
    with Path("changed", "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    Path("shorter", "README.md").unlink()
    Path("longer", "more.txt").touch()
    Path("bare", "SHA256SUMS").unlink()
