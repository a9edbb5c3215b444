"""Every command and every Python example in the documentation runs, in the order of its page.

Each page runs in a folder of its own, with the files that it speaks of. What cannot run here stands
in ``ONLY_PARSED``, each with its reason: ``test_docs_commands.py`` parses those with the real
parser, so that a wrong flag fails. The default run takes the commands of the light install and the
Python examples, but not the README's, whose network has 25 million parameters; the exhaustive run
takes everything.
"""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from doctest import ELLIPSIS, REPORT_NDIFF, OutputChecker
from pathlib import Path

import pytest
from click.testing import CliRunner

import gluonport
from tests.support import docs_files
from tests.support.docs_pages import PAGES, Step, commands_of, find, steps

SAMPLE = "gluon_seresnext8_digits"
ONLY_PARSED = {
    r"hf-hub:|https://": "it needs a model hub or the web",
    r"--push ": "it needs a model hub and a token",
    r"^verify release release/|^gluonport releases release/": "publishing.md makes a release first",
    r"^torchrun ": "it needs 16 GPUs",
    r"--data ": "it needs ImageNet",
    r"^convert gluon_resnext50_32x4d \S+ *(#|$)": "it fetches the published checkpoint",
    r"^verify parity --all|^verify metadata": "it takes every model; tests of their own do",
    r"^convert --all|^convert auto \w+/ ": "many networks: tests/test_convert_many.py",
    r"\*\.safetensors|^gluonport merge": "many networks: tests/test_verify_many.py",
    r"^uv run verify parity gluon_resnet50_v1$": "tests of its own",
}
"""Our own commands that do not run here, by the line that shows them."""

NOT_RUN = {
    r"^(pip|uv tool|uv sync|uv build|uv publish|uvx|pipx)\b": "it installs, or uploads",
    r"^uv run pytest|^bash \.ci/|^uv run (ruff|mypy)": "these are the tests",
    r"^uv run (python |python -m |--script )?scripts[/.]|^uv run --group docs ": "own tests",
}
"""Other programs' commands that do not run here; those that are in neither list do."""

QUICK = {"convert", "inspect", "models", "tensors"}
TESTED_ELSEWHERE = {"adding-a-family.md"}
"""Pages whose Python is compared with the code, by ``test_adding_a_family.py``."""


def sample(folder: Path) -> None:
    docs_files.write_common(folder)
    gluonport.convert(SAMPLE, folder / "out.safetensors")


def graph(folder: Path) -> None:
    docs_files.write_common(folder)
    gluonport.convert(SAMPLE, folder / "out.safetensors")
    gluonport.convert("auto", folder / "net.safetensors", folder / "model-symbol.json")


def named_graph(folder: Path) -> None:
    docs_files.write_graph(folder / "NAME")


def two_sets(folder: Path) -> None:
    docs_files.write_two_sets(folder)


def photos(folder: Path) -> None:
    """The sample's scans are its photos."""
    gluonport.convert(SAMPLE, folder / "digits.safetensors")
    docs_files.write_scan(folder)
    (folder / "digit-1460.png").rename(folder / "photo.png")
    for where, name in (("photos", "one.png"), ("more", "two.jpg")):
        (folder / where).mkdir()
        shutil.copy(folder / "photo.png", folder / where / name)


def two_runs(folder: Path) -> None:
    gluonport.convert(SAMPLE, folder / "digits.safetensors")
    run_own(
        next(commands_of(f"verify accuracy {SAMPLE} digits.safetensors --predictions other.csv"))
    )


def tuned(folder: Path) -> None:
    gluonport.convert(SAMPLE, folder / "tuned.safetensors")


def resnext(folder: Path) -> None:
    docs_files.write_common(folder)
    docs_files.write_two_sets(folder)
    gluonport.convert("gluon_resnext50_32x4d", folder / "mine.params", "synthetic", force=True)


FILES: dict[str, Callable[[Path], None]] = {
    "accuracy-report.md": two_runs,
    "README.md": resnext,
    "fine-tuning.md": tuned,
    "formats.md": two_sets,
    "graphs.md": named_graph,
    "ledger.md": sample,
    "predict.md": photos,
    "proof.md": graph,
}
"""What lies in the folder of a page; of the others, ``write_common``."""


def reason(step: Step, listed: dict[str, str]) -> str | None:
    return next((why for text, why in listed.items() if re.search(text, step.text)), None)


def called(step: Step) -> str:
    """The name of our command that a line calls."""
    return step.words[1 if step.words[0] in ("gluonport", "verify") else 0]


def run_own(step: Step) -> None:
    command, rest = find(list(step.words))
    result = CliRunner().invoke(command, rest)
    failed = (step.said or "").startswith("error: ")
    assert result.exit_code == int(failed), f"{step.text}\n{result.output}"
    if step.into:
        Path(step.into).write_text(result.stdout)
    if step.said:
        checker, flags = OutputChecker(), ELLIPSIS | REPORT_NDIFF
        assert checker.check_output(step.said, result.output, flags), (
            f"{step.text}\n{result.output}\nis not\n{step.said}"
        )


def run_page(page: Path, brief: bool) -> int:
    """Run what a page shows, and count it."""
    names: dict[str, object] = {}
    ran = 0
    for step in steps(page):
        if not step.words:
            if page.name in TESTED_ELSEWHERE:
                continue
            importlib.invalidate_caches()  # a command may have written a module
            exec(compile(step.text, page.name, "exec"), names)
        elif step.own:
            if reason(step, ONLY_PARSED) or (brief and not quick(step)):
                continue
            run_own(step)
        elif reason(step, NOT_RUN) or brief:
            continue
        else:
            subprocess.run(step.words, check=True)
        ran += 1
    return ran


def shows(page: Path) -> bool:
    return any(
        not reason(step, ONLY_PARSED) if step.own else not reason(step, NOT_RUN)
        for step in steps(page)
    )


def quick(step: Step) -> bool:
    return not step.words or (step.own and called(step) in QUICK and not reason(step, ONLY_PARSED))


SHOWING = [page for page in PAGES if shows(page)]
BRIEF = [page for page in SHOWING if page.name != "README.md" and any(map(quick, steps(page)))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a page runs; Python finds modules in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path  # type: ignore[misc]
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("page", BRIEF, ids=lambda page: page.name)
def test_light_commands_and_python_run_as_the_page_shows_them(page: Path, folder: Path) -> None:
    FILES.get(page.name, docs_files.write_common)(folder)
    run_page(page, brief=True)


@pytest.mark.exhaustive
@pytest.mark.parametrize("page", SHOWING, ids=lambda page: page.name)
def test_everything_runs_as_the_page_shows_it(page: Path, folder: Path) -> None:
    FILES.get(page.name, docs_files.write_common)(folder)
    assert run_page(page, brief=False) or page.name in TESTED_ELSEWHERE


def test_each_reason_not_to_run_is_in_use() -> None:
    shown = [step for page in PAGES for step in steps(page) if step.words]
    for listed, own in ((ONLY_PARSED, True), (NOT_RUN, False)):
        for text in listed:
            assert any(step.own == own and re.search(text, step.text) for step in shown), text


def test_other_programs_that_pages_run_are_few() -> None:
    programs = {
        step.words[0]
        for page in PAGES
        for step in steps(page)
        if step.words and not step.own and not reason(step, NOT_RUN)
    }
    assert programs <= {"cmp", "openssl"} and all(map(shutil.which, programs))
