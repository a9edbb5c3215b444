"""The accuracy report says what was counted, where it is wrong and what changed sides; a row of
results is timm's."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import timm
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.numpy import load_file, save_file

import gluonport
from architectures import find_model
from gluonport.commands.verify import main
from tests.support.needs import cannot_run
from tests.support.report_page import CHROMIUM, Page, chromium_dom
from verify.accuracy.prediction import Prediction
from verify.accuracy.results_row import TITLES
from verify.datasets.expectation import imagenet_names
from verify.report.accuracy_facts import MATRIX, classes, confusions, halves, margins
from verify.report.accuracy_page import accuracy_html

NAME = "gluon_seresnext8_digits"
MXNET = Path("architectures", "samples", f"{NAME}.csv").resolve()
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"


FRAME = """<!doctype html>
<iframe width="390" height="800" style="border: 0" srcdoc="{page}"></iframe>
<p id="found"></p><script>
addEventListener("load", () => {{
  const seen = document.querySelector("iframe").contentDocument
  const pictures = [...seen.images]
  const range = seen.createRange()
  range.selectNodeContents(seen.querySelector(".word"))
  document.getElementById("found").textContent = [
    seen.documentElement.scrollWidth,
    getComputedStyle(seen.body).backgroundColor,
    pictures.filter(image => image.naturalWidth).length + " of " + pictures.length,
    range.getBoundingClientRect().width,
  ].join("|")
  document.querySelectorAll("iframe, script").forEach(element => element.remove())
}})
</script>"""
"""A page in a window as wide as a phone's, and what a browser makes of it."""


def accuracy(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["accuracy", NAME, *map(str, arguments)])


@dataclass(frozen=True)
class Ran:
    """A run with everything it can write: against MXNet's own answers, six of them changed."""

    folder: Path
    checkpoint: Path
    result: Result

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.report / "accuracy.json").read_text())
        return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("ran")
    checkpoint = folder / "digits.safetensors"
    gluonport.convert(NAME, checkpoint)
    title, *rest = csv.reader(io.StringIO(MXNET.read_text()))
    wrong = [row for row in rest if row[1] != row[2]]
    for row in (*[row for row in rest if row[1] == row[2]][:4], *wrong[:2]):
        best = row[2:7].index(row[1]) or 1
        row[2], row[2 + best] = row[2 + best], row[2]
    other = folder / "other.csv"
    with other.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([title, *rest])
    options = {
        "--against": other,
        "--report": folder / "report",
        "--ledger": folder / "ledger",
        "--results-row": folder / "results.csv",
        "--predictions": folder / "ours.csv",
    }
    result = accuracy(checkpoint, *(part for option in options.items() for part in option))
    assert result.exit_code == 0, result.output
    return Ran(folder, checkpoint, result)


def test_the_page_says_the_verdict_first_and_every_part_in_numbers(
    ran: Ran, read_page: Callable[[Path], Page]
) -> None:
    page, facts = read_page(ran.report / "index.html"), ran.facts
    result = facts["result"]
    assert result == json.loads(ran.checkpoint.with_suffix(".accuracy.json").read_text())
    headline = "REPRODUCED gluon_seresnext8_digits: 352 of 360 images right, 97.778 %"
    assert page.text.index(headline) < page.text.index("Two halves")
    assert result["why"] in page.text and "NOT" not in page.text
    for row in facts["classes"]:
        share = f"{100 * row['top1'] / row['images']:.1f} %"
        shown = next(r for r in page.rows if r.startswith(f"{row['label']} {row['images']} "))
        assert f" {row['top1']} {share}" in shown
    assert sum(row["images"] for row in facts["classes"]) == 360
    assert sum(row["top1"] for row in facts["classes"]) == 352
    assert facts["confusions"]["wrong"] == 8 and "8 wrong answers" in page.text
    label, answer, number, _, _ = facts["confusions"]["pairs"][0]
    assert page.row(f"{label} {answer} {number} ")
    assert sum(map(sum, facts["confusions"]["matrix"])) <= 360
    rate = facts["rate"]
    assert rate["images"] == 360 and f"360 images in {rate['seconds']:.1f} seconds" in page.text
    assert result["checkpoint_sha256"] in page.row("sha256 of the checkpoint")
    assert f"torch {result['environment']['torch']}" in page.row("Software")


def test_images_that_changed_sides_stand_with_their_crops(ran: Ran) -> None:
    page, changed = Page((ran.report / "index.html").read_text()), ran.facts["changed"]
    against = ran.facts["result"]["against"]
    assert (changed["gained"], changed["lost"]) == (4, 2) and changed["file"] == "other.csv"
    assert changed["different_answers"] == 6
    shown = [*changed["shown"]["gained"], *changed["shown"]["lost"]]
    assert [image["path"] for image in shown] == [*against["gained"], *against["lost"]]
    pictures = page.all("img")
    assert len(pictures) == 6
    for image, picture in zip(shown, pictures, strict=True):
        assert image["path"] in picture["alt"] and image["path"] in page.text
        kind, _, held = picture["src"].partition(";base64,")
        assert kind == "data:image/jpeg"
        assert Image.open(io.BytesIO(base64.b64decode(held))).size == (32, 32)
        assert image["label"] in (image["here"], image["there"])
        assert image["here"] != image["there"]
    assert "Right only here: 4" in page.text and "Right only there: 2" in page.text


def test_the_page_is_made_of_its_json_alone(ran: Ran) -> None:
    assert accuracy_html(ran.facts) == (ran.report / "index.html").read_text("utf-8")
    assert sorted(path.name for path in ran.report.iterdir()) == [
        "accuracy.json",
        "index.html",
        "results.csv",
    ]


def test_the_same_run_from_its_ledger_gives_the_same_page_but_no_rate(
    ran: Ran, tmp_path: Path
) -> None:
    options = ("--ledger", ran.folder / "ledger", "--against", ran.folder / "other.csv")
    done = accuracy(ran.checkpoint, *options, "--report", tmp_path)
    assert done.exit_code == 0 and "report: " in done.stderr
    facts = json.loads((tmp_path / "accuracy.json").read_text())
    assert facts["rate"] is None and facts["result"]["fast_path"] is None
    assert "all answers were in the ledger" in (tmp_path / "index.html").read_text()
    before = ran.facts
    before["rate"] = before["result"]["fast_path"] = None
    assert facts == before


def test_the_page_needs_no_network_and_no_script(ran: Ran) -> None:
    page = Page((ran.report / "index.html").read_text())
    kinds = {tag for tag, _ in page.elements}
    assert not kinds & {"script", "iframe", "object", "embed", "base", "link", "foreignobject"}
    files = {"accuracy.json", "results.csv"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "srcset", "action"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:image/")) or target in files
    assert "url(" not in page.styles and "@import" not in page.styles
    assert "prefers-color-scheme: dark" in page.styles and "max-width: 40rem" in page.styles
    assert page.all("html")[0]["lang"] == "en" and page.all("title")
    viewport = [a for a in page.all("meta") if a.get("name") == "viewport"]
    assert viewport[0]["content"] == "width=device-width, initial-scale=1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_in_both_colour_schemes(
    scheme: str, ran: Ran, tmp_path: Path
) -> None:
    if CHROMIUM is None:
        cannot_run("no chromium is installed: apt-get install chromium")
    facts = ran.facts  # with the longest names that ImageNet has
    facts["names"] = {
        str(k): name for k, name in enumerate(sorted(imagenet_names(), key=len)[-10:])
    }
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(page=html.escape(accuracy_html(facts))), "utf-8")
    setting = f"--blink-settings=preferredColorScheme={('dark', 'light').index(scheme)}"
    page = Page(chromium_dom(frame, tmp_path / "chromium", setting, "--hide-scrollbars"))
    width, background, pictures, wordy = page.text.split("|")
    assert int(width) == 390  # nothing makes the page wider than the screen
    assert background == {"light": "rgb(252, 252, 251)", "dark": "rgb(21, 23, 26)"}[scheme]
    assert pictures == "6 of 6" and float(wordy) <= 390 - 2 * 32


def test_hostile_names_are_only_text(
    ran: Ran, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    facts = ran.facts
    result, changed = facts["result"], facts["changed"]
    result |= {"model": EVIL, "why": EVIL, "regime": EVIL, "data": EVIL, "device": EVIL}
    result |= {"problems": [EVIL], "undecoded": [EVIL], "environment": {EVIL: EVIL}}
    result["published"] |= {"source": EVIL}
    changed["file"] = changed["shown"]["gained"][0]["path"] = EVIL
    facts |= {"names": {str(k): EVIL for k in range(10)}, "row": [EVIL] * 9}
    (tmp_path / "index.html").write_text(accuracy_html(facts), "utf-8")
    page = read_page(tmp_path / "index.html")
    assert not page.all("script") and "{{ 7 * 7 }}" in page.text
    assert len(page.all("img")) == len([1 for side in changed["shown"].values() for _ in side])
    assert all(not name.startswith("on") for _, a in page.elements for name in a)
    assert page.text.count("<script>alert(1)</script>") > 20


def test_what_is_not_reproduced_or_not_judged_is_said_first(
    ran: Ran, scans: Path, tmp_path: Path
) -> None:
    limited = accuracy(ran.checkpoint, "--limit", 20, "--report", tmp_path / "limited")
    assert limited.exit_code == 0, limited.output
    page = Page((tmp_path / "limited" / "index.html").read_text())
    assert "NOT JUDGED gluon_seresnext8_digits: 20 of 20 images right" in page.text
    assert "limited to 20 of 360 images" in page.text and "not a whole set" in page.text
    assert "too few images" in page.text and "No other run was named" in page.text
    assert not (tmp_path / "limited" / "results.csv").exists()
    swapped = tmp_path / "swapped.safetensors"
    shutil.copy(ran.checkpoint, swapped)
    weights = load_file(swapped)
    weights["fc.bias"] = weights["fc.bias"][::-1].copy()
    weights["fc.weight"] = weights["fc.weight"][::-1].copy()
    save_file(weights, swapped)
    wrong = accuracy(swapped, "--report", tmp_path / "wrong")
    assert wrong.exit_code == 1 and wrong.stderr.splitlines()[-1].startswith("error: ")
    page = Page((tmp_path / "wrong" / "index.html").read_text())
    assert "NOT REPRODUCED" in page.text and [
        a for a in page.all("div") if a.get("class") == "verdict fail"
    ]


def test_a_report_does_not_take_the_place_of_another_page(ran: Ran, tmp_path: Path) -> None:
    theirs = tmp_path / "site" / "index.html"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    (tmp_path / "file").write_text("")
    for folder, expected in (
        (theirs.parent, "holds an index.html that is no accuracy report"),
        (tmp_path / "file", "is not a writable folder"),
        (tmp_path / "file" / "under", "is not a writable folder"),
    ):
        done = accuracy(ran.checkpoint, "--report", folder)
        assert done.exit_code == 1 and expected in done.stderr and done.stderr.count("\n") == 1
    assert theirs.read_text() == "mine" and len(list(theirs.parent.iterdir())) == 1


def test_a_row_of_results_is_as_timm_writes_it(ran: Ran) -> None:
    [titles, row] = csv.reader(io.StringIO((ran.folder / "results.csv").read_text()))
    assert tuple(titles) == TITLES and ",".join(titles) == (
        "model,top1,top1_err,top5,top5_err,param_count,img_size,crop_pct,interpolation"
    )
    assert (
        row == "gluon_seresnext8_digits 97.778 2.222 100.000 0.000 0.27 32 1.000 bilinear".split()
    )
    assert (ran.report / "results.csv").read_bytes() == (ran.folder / "results.csv").read_bytes()


def test_a_row_is_added_once_to_a_table_and_to_nothing_else(ran: Ran, tmp_path: Path) -> None:
    table = tmp_path / "results.csv"
    known = 'eva_giant_patch14_224,88.880,11.120,98.680,1.320,"1,012.56",224,0.900,bicubic'
    table.write_text(f"{','.join(TITLES)}\n{known}")  # no line break at its end
    options = ("--ledger", ran.folder / "ledger", "--results-row", table)
    for _ in range(2):
        done = accuracy(ran.checkpoint, *options)
        assert done.exit_code == 0 and f"results: {table}" in done.stderr
        lines = table.read_text().splitlines()
        assert lines[1] == known and lines[2].startswith(f"{NAME},97.778,") and len(lines) == 3
    before = table.read_bytes()
    limited = accuracy(ran.checkpoint, "--limit", 20, "--results-row", table)
    assert limited.exit_code == 0 and "not a whole data set" in limited.stderr
    assert table.read_bytes() == before
    table.write_text("a,b\n1,2\n")
    refused = accuracy(ran.checkpoint, *options)
    assert refused.exit_code == 1 and "not a table of results" in refused.stderr
    assert table.read_text() == "a,b\n1,2\n"
    missing = accuracy(ran.checkpoint, "--results-row", tmp_path / "no" / "r.csv")
    assert missing.exit_code == 1 and "missing or not writable" in missing.stderr


def test_parameters_crop_and_resize_are_timms(tmp_path: Path) -> None:
    """The same columns, computed as timm's validate.py does, for a network that timm has."""
    from types import SimpleNamespace

    from verify.accuracy.reducer import Count
    from verify.accuracy.results_row import results_row

    model = find_model("gluon_seresnext50_32x4d")
    theirs = timm.create_model("seresnext50_32x4d.gluon_in1k", pretrained=False)
    parameters = sum(p.numel() for p in gluonport.create_model(model.name).parameters())
    assert parameters == sum(p.numel() for p in theirs.parameters())
    result: Any = SimpleNamespace(
        identity=SimpleNamespace(model=model.name, regime="timm"),
        count=Count(50_000, 39_937, 47_404),
    )
    cfg = theirs.pretrained_cfg
    assert results_row(result, model, parameters) == (
        model.name,
        *("79.874", "20.126", "94.808", "5.192"),
        f"{parameters / 1e6:.2f}",
        str(cfg["input_size"][-1]),
        f"{cfg['crop_pct']:.3f}",
        cfg["interpolation"],
    )
    assert results_row(result, model, 1_014_450_000)[5] == "1,014.45"


def drawn(images: int, right: Callable[[float], float]) -> tuple[list[Prediction], list[str]]:
    """Answers with a margin, right with the probability that ``right`` gives it; their hashes."""
    source = random.Random(7)
    predictions = []
    for k in range(images):
        label, margin = k % 20, source.expovariate(0.5)
        answer = label if source.random() < right(margin) else (label + 1 + k % 2) % 20
        others = [c for c in range(20) if c != answer][:4]
        predictions.append(
            Prediction(str(k), label, (answer, *others), (margin, 0.0, -1.0, -2.0, -3.0))
        )
    return predictions, [hashlib.sha256(str(k).encode()).hexdigest() for k in range(images)]


def test_halves_depend_on_the_images_alone() -> None:
    predictions, digests = drawn(2000, lambda margin: 0.8)
    found = halves(predictions, digests)
    turned = list(zip(predictions, digests, strict=True))
    random.Random(1).shuffle(turned)
    assert halves([p for p, _ in turned], [d for _, d in turned]) == found
    assert sum(part["images"] for part in found["parts"]) == 2000
    assert found["parts"][0]["images"] == sum(int(d[0], 16) < 8 for d in digests)
    assert found["difference"] < 4 * found["error"]
    assert halves([], [])["difference"] is None


def test_margins_are_calibrated_on_one_half_and_checked_on_the_other() -> None:
    predictions, digests = drawn(4000, lambda margin: min(1.0, 0.3 + margin / 5))
    found = margins(predictions, digests)
    assert found and len(found["groups"]) == 10 and found["error"] < 0.05
    shares = [right / images for images, right in (g["checked"] for g in found["groups"])]
    assert shares[0] < 0.5 and shares[-1] > 0.95
    assert sum(g["checked"][0] + g["calibrated"][0] for g in found["groups"]) == 4000
    # A half in which margins mean something else is found out.
    spoiled = [
        Prediction(p.path, p.label, p.classes, p.logits) if int(d[0], 16) < 8 else p
        for p, d in zip(predictions, digests, strict=True)
    ]
    spoiled = [
        Prediction(p.path, (p.classes[0] + 1) % 20, p.classes, p.logits) if int(d[0], 16) > 7 else p
        for p, d in zip(spoiled, digests, strict=True)
    ]
    assert (margins(spoiled, digests) or {})["error"] > 0.5
    assert margins(predictions[:100], digests[:100]) is None
    single = [Prediction(p.path, 0, (0,), (1.0,)) for p in predictions]
    assert margins(single, digests) is None
    equal = [Prediction(p.path, 0, (0, 1), (1.0, 1.0)) for p in predictions]
    assert (margins(equal, digests) or {})["error"] == 0


def test_classes_and_confusions_count_every_answer_once() -> None:
    predictions, _ = drawn(4000, lambda margin: min(1.0, 0.3 + margin / 5))
    predictions.append(Prediction("undecoded", 3, (), ()))
    rows, found = classes(predictions), confusions(predictions)
    assert sum(row["images"] for row in rows) == 4000
    assert sum(row["images"] - row["top1"] for row in rows) == found["wrong"]
    shares = [row["top1"] / row["images"] for row in rows]
    assert shares == sorted(shares)
    for row in rows:
        [[taken, number]] = row["taken_for"]
        assert number == max(
            sum(p.label == row["label"] and p.classes[:1] == (k,) for p in predictions)
            for k in range(20)
            if k != row["label"]
        )
        assert (row["label"], taken) in {(p.label, p.classes[0]) for p in predictions if p.decoded}
    assert len(found["labels"]) <= MATRIX and found["labels"] == sorted(found["labels"])
    totals = {row["label"]: row["images"] for row in rows}
    for label, cells in zip(found["labels"], found["matrix"], strict=True):
        assert sum(cells) == totals[label] and len(cells) == len(found["labels"]) + 1
    numbers = [number for _, _, number, _, _ in found["pairs"]]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 15
    assert confusions([Prediction("x", 1, (1,), (0.0,))])["pairs"] == []
