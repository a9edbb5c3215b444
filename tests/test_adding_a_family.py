"""docs/adding-a-family.md is true: its files exist, its code is the project's, and no file besides
those that it lists knows a family by name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from architectures import MODELS, Model

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding-a-family.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:python|text)\n(.*?)\n```", PAGE, re.DOTALL)
PATHS = sorted(set(re.findall(r"`([a-z_]+/[\w./-]+\.\w+)`", PAGE)))
LISTED = re.findall(r"^\| `(.+?)` \|", PAGE, re.MULTILINE)
SAMPLE = {"Sample", "gluon_seresnext8_digits", "seresnext8_digits"}
# The reference scripts run in environments of their own and import nothing of ours, on purpose.
INDEPENDENT = {"gluon_reference.py", "module_reference.py", "torch_reference.py"}
OTHERS = [
    path
    for room in ("convert", "verify", "gluonport")
    for path in sorted(ROOT.glob(f"{room}/**/*.py"))
    if path.name not in INDEPENDENT
]


def family_words() -> set[str]:
    """What only one family's files may say: names of families and models, and flat prefixes."""
    words = {model.flat_prefix for model in MODELS if model.flat_prefix}
    for model in MODELS:
        words |= {model.family.name, model.name, model.source.name}
    return words - SAMPLE  # the demo runs on the packaged sample


def texts(path: Path) -> Iterator[str]:
    """Every string of a module but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("path", PATHS)
def test_every_file_that_the_page_names_exists(path: str) -> None:
    example = path.replace("FAMILY", "resnet_v1").replace("MODEL", "gluon_resnet50_v1")
    assert (ROOT / example).is_file()


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.splitlines()[0])
def test_every_block_of_code_is_an_excerpt_of_a_file_that_the_page_names(code: str) -> None:
    files = [ROOT / path for path in PATHS if path.endswith(".py") and "FAMILY" not in path]
    assert any(code in path.read_text(encoding="utf-8") for path in files)


def test_the_page_lists_every_file_of_the_example() -> None:
    """Every file whose code says ``resnet_v1``, or that belongs to one of its models, is listed."""
    listed = {name.replace("FAMILY", "resnet_v1") for name in LISTED}
    found = {
        str(path.relative_to(ROOT))
        for room in ("mappings", "architectures", "convert", "verify", "gluonport")
        for path in ROOT.glob(f"{room}/**/*.py")
        if re.search(r"^from \S*\bresnet_v1 import|^    resnet_v1,", path.read_text(), re.MULTILINE)
        or path.stem == "resnet_v1"
    }
    shared = {
        "architectures/networks/preactivation.py",  # it has the same gates
        "architectures/catalogue/thumbnail.py",  # the same networks for small images
    }
    assert found - shared <= listed


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_knows_a_family_by_name(path: Path) -> None:
    words = family_words()
    said = [text for text in texts(path) if any(word in text for word in words)]
    assert not said, f"{path}: make it a field of the record: {said}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_record_states_how_its_family_is_named_in_gluon(model: Model) -> None:
    """Nothing is another family's by default: a table in ``features`` needs its first stage, and
    every network of GluonCV the beginning of its flat names."""
    numbered = any("{feature}" in row.source for rows in model.rows for row in rows)
    assert numbered == (model.first_feature is not None)
    of_mxnet = model.source.framework in ("gluoncv", "mxnet")
    assert of_mxnet == (model.flat_prefix is not None)
    assert model.family.description and model.family.papers and model.regimes
