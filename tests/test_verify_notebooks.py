"""Results show themselves in a notebook, and what takes long shows its progress there."""

from __future__ import annotations

import html
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbclient import NotebookClient

import gluonport
from convert.inspection import inspect_checkpoint
from mappings.notebook_card import COLOURS, notebook_card
from mappings.notebook_progress import notebook_progress
from tests.support.releases import NAME
from tests.support.report_page import Page
from verify.accuracy.progress import Progress
from verify.accuracy.reducer import Count
from verify.parity.result import Criterion, Finding, Parity

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\n\x1b[31m"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> gluonport.Conversion:
    return gluonport.convert(NAME, tmp_path_factory.mktemp("notebook") / "digits.safetensors")


def shown(result: object) -> Page:
    """What IPython shows of a result."""
    data, _ = DisplayFormatter().format(result)
    return Page(data["text/html"])


def parity(passed: bool, name: str = NAME) -> Parity:
    criterion = Criterion("structure", passed, f"detail of {name}", 1.0, 2.0, 1.0)
    return Parity(name, "golden", 8, (criterion,), None if passed else Finding(name, True, (name,)))


def test_a_conversion_shows_what_was_written(converted: gluonport.Conversion) -> None:
    page = shown(converted)
    assert page.text.startswith(f"CONVERTED {NAME} to digits.safetensors")
    assert converted.target_sha256 in page.text and "every one reread and equal" in page.text
    assert COLOURS["pass"] in page.all("strong")[0]["style"]
    synthetic = shown(replace(converted, synthetic=True))
    assert "not a model" in synthetic.text
    assert COLOURS["open"] in synthetic.all("strong")[0]["style"]


def test_an_inspection_and_a_verdict_show_it_first(converted: gluonport.Conversion) -> None:
    assert shown(inspect_checkpoint(converted.target)).text.startswith(f"RECOGNISED {NAME}")
    assert shown(parity(True)).text.startswith(f"PASS {NAME} (golden)")
    failed = shown(parity(False))
    assert failed.text.startswith(f"FAIL {NAME} (golden)") and "wrong here" in failed.text
    assert COLOURS["fail"] in failed.all("strong")[0]["style"]


def test_every_text_is_escaped_and_no_colour_but_the_verdicts_is_set(
    converted: gluonport.Conversion,
) -> None:
    evil = replace(converted, model=EVIL, source=EVIL, target=EVIL, notes=(EVIL,))
    for result in (evil, parity(False, EVIL)):
        page = shown(result)
        assert not page.all("script") and not page.all("img") and "<script>" in page.text
        assert "\x1b" not in page.text
        for tag, attributes in page.elements:
            style = attributes.get("style", "")
            assert "background" not in style and set(attributes) <= {"style"}
            assert tag == "strong" or "color:" not in style
    card = notebook_card("A", "open", "b", [("left out", ""), ("kept", 0)])
    assert "left out" not in card and "kept" in card


def test_progress_in_a_notebook_is_one_display_that_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert notebook_progress() is None  # this is no notebook
    calls: list[dict[str, Any]] = []

    def display(data: dict[str, str], **options: Any) -> None:
        calls.append({**data, **options})

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    progress = Progress(20)
    progress.add(Count(10, 9, 10), 10)
    progress.add(Count(10, 9, 10), 10)
    progress.end()
    assert [call["update"] for call in calls] == [False, True]
    assert len({call["display_id"] for call in calls}) == 1
    assert (
        calls[0]["text/plain"].startswith("10 of 20 images") and "90.00 %" in calls[1]["text/plain"]
    )
    assert Page(calls[1]["text/html"]).all("progress")[0]["value"] == "1.0000"
    line = notebook_progress()
    assert line is not None
    line.show("<b>cat</b>.params: 5 bytes")
    assert html.escape("<b>cat</b>") in calls[-1]["text/html"]


@pytest.mark.exhaustive
def test_a_notebook_shows_a_conversion_the_progress_and_the_accuracy(tmp_path: Path) -> None:
    cells = [
        f"import gluonport\ngluonport.convert({NAME!r}, 'digits.safetensors')",
        "from pathlib import Path\n"
        "from architectures import find_model\n"
        "from verify.accuracy.measure import measure\n"
        "from verify.accuracy.task import Task\n"
        f"measure(Task(find_model({NAME!r}), Path('digits.safetensors'), 'gluon'))",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    first, second = (cell["outputs"] for cell in book.cells)
    assert "CONVERTED" in first[-1]["data"]["text/html"]
    kinds = [output["output_type"] for output in second]
    assert kinds == ["display_data", "execute_result"], json.dumps(second)
    assert second[0]["data"]["text/plain"].startswith("360 of 360 images")
    assert "REPRODUCED" in second[1]["data"]["text/html"]
    assert "352 of 360 images right" in second[1]["data"]["text/html"]
