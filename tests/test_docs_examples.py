"""The Python examples in the documentation run as they are printed."""

from __future__ import annotations

import doctest
import inspect
import re
import tarfile
from pathlib import Path

import pytest

import gluonport

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "architectures" / "samples"
API = (ROOT / "docs" / "api.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the examples run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_of_the_api_page_give_what_it_prints(folder: Path) -> None:
    with tarfile.open(SAMPLES / "gluon_seresnext8_digits.tar") as scans:
        scan = scans.extractfile("3/digit-1460.png")
        assert scan is not None
        (folder / "digit-1460.png").write_bytes(scan.read())
    text = "\n".join(blocks(API, "pycon"))
    examples = doctest.DocTestParser().get_doctest(text, {}, "docs/api.md", None, None)
    assert len(examples.examples) > 15
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(examples, out=said.append)
    assert result.failed == 0, "".join(said)


@pytest.mark.parametrize("name", gluonport.__all__)
def test_the_api_page_has_every_public_name_and_argument(name: str) -> None:
    section = re.search(rf"^##+ `{name}\b.*?(?=^##+ |\Z)", API, re.MULTILINE | re.DOTALL)
    assert section is not None
    public = getattr(gluonport, name)
    if inspect.isfunction(public):
        assert set(inspect.signature(public).parameters) <= set(re.findall(r"\w+", section[0]))
    elif public is gluonport.Conversion:
        assert set(public.__dataclass_fields__) <= set(re.findall(r"\w+", section[0]))
