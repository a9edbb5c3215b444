"""What is said where the package of an extra is missing."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from click.testing import CliRunner

import gluonport
from gluonport import extras
from gluonport.commands import demo
from gluonport.commands.main import main

ROOT = Path(__file__).parents[1]
PACKAGES = {"cv2": "opencv-python-headless", "PIL": "pillow", "OpenSSL": "pyopenssl"}


def brings(extra: str) -> set[str]:
    """The packages that ``gluonport[extra]`` installs, as pyproject.toml names them."""
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = set()
    for line in offered["optional-dependencies"][extra]:
        if line.startswith("gluonport["):
            for other in line.removeprefix("gluonport[").removesuffix("]").split(","):
                found |= brings(other)
        else:
            found.add(line.partition(">")[0])
    return found


@pytest.mark.parametrize("table", [extras.EXTRAS, extras.PUBLISHING], ids=["all", "publishing"])
def test_the_extra_that_is_named_installs_the_package(table: dict[str, str]) -> None:
    for package, extra in table.items():
        assert PACKAGES.get(package, package).replace("_", "-") in brings(extra), package


def test_the_demo_needs_nothing_that_the_publish_extra_does_not_bring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = {"huggingface_hub", *brings("publish"), *PACKAGES}
    missing = {p for p in extras.EXTRAS if p.replace("_", "-") not in present} - present

    def find(name: str) -> ModuleSpec | None:
        return None if name in missing else importlib.util.find_spec(name)

    assert "pyarrow" in missing and "gcsfs" in missing
    monkeypatch.setattr(demo, "find_spec", find)
    monkeypatch.setattr(demo, "_run", lambda _: None)
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == 0, done.stderr


def test_python_names_the_extra_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extras, "HOME", tmp_path)  # no checkout
    monkeypatch.setitem(sys.modules, "verify.preprocessing", None)
    with pytest.raises(ModuleNotFoundError):  # which no extra installs: left as it is
        gluonport.preprocess("x.png", "gluon")
    monkeypatch.delitem(sys.modules, "verify.preprocessing")
    monkeypatch.setattr(sys, "meta_path", [_Without("cv2"), *sys.meta_path])
    for name in [n for n in sys.modules if n == "cv2" or n.startswith("verify.preprocessing")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(gluonport.GluonportError) as caught:
        gluonport.preprocess("x.png", "gluon")
    assert isinstance(caught.value, ModuleNotFoundError) and caught.value.name == "cv2"
    assert str(caught.value) == (
        "this needs the package cv2, which gluonport[verify] installs: "
        "pip install 'gluonport[verify]'"
    )


def test_convert_names_the_extra_of_the_hub(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "meta_path", [_Without("huggingface_hub"), *sys.meta_path])
    for name in [n for n in sys.modules if n.partition(".")[0] == "huggingface_hub"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(gluonport.GluonportError, match=r"huggingface_hub, which gluonport\[hub\]"):
        gluonport.convert("auto", tmp_path / "out.safetensors", "hf-hub:timm/resnet50.gluon_in1k")


class _Without:
    """A finder to which one package is missing."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("left", "command"),
    [
        (None, "pip install 'gluonport[verify]'"),
        ("uv-receipt.toml", "uv tool install 'gluonport[verify]'"),
        ("pipx_metadata.json", "pipx runpip gluonport install 'gluonport[verify]'"),
        ("pyproject.toml", "uv sync --extra verify"),
    ],
)
def test_the_command_that_installs_is_the_one_of_this_environment(
    left: str | None, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if left:
        tmp_path.joinpath(left).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(extras, "HOME", tmp_path)
    assert extras.install_command("verify") == command
