"""``gluonport predict``: folders and patterns, pictures, bars in a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rich.console import Console

import gluonport
from gluonport.commands.bars import print_bars
from gluonport.commands.main import main
from verify.prediction.album import check_album, open_album
from verify.prediction.classifier import Classifier, Guess, open_classifier
from verify.prediction.contact_sheet import CELL, MOST, draw_sheet
from verify.prediction.find_images import find_images
from verify.prediction.lettering import drawable, fitted, fitted_name, font
from verify.prediction.picture import (
    FIRST,
    MARGIN,
    ROWS,
    WARNING,
    Caption,
    Pictured,
    draw_picture,
    shrunk,
)

NAME = "gluon_seresnext8_digits"
IMAGES = Path("verify", "reference", "images").resolve()
LONG = "great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    gluonport.convert(NAME, target)
    return target


@pytest.fixture(scope="module")
def classifier(digits: Path) -> Classifier:
    return open_classifier(digits)


@pytest.fixture
def folder(scans: Path, tmp_path: Path) -> Path:
    """Six scans, two of them in a subfolder, beside a file that is no image and a hidden one."""
    here = tmp_path / "images"
    (here / "more").mkdir(parents=True)
    for k, name in enumerate(("b.png", "a.png", "d.png", "c.png", "more/a.png", "more/e.png")):
        shutil.copy(sorted((scans / str(k)).iterdir())[0], here / name)
    (here / "notes.txt").write_text("no image")
    (here / ".hidden.png").write_bytes(b"")
    return here


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def test_a_folder_stands_for_its_images_and_a_pattern_for_what_it_matches(folder: Path) -> None:
    inside = ["a.png", "b.png", "c.png", "d.png", "more/a.png", "more/e.png"]
    assert find_images([folder]).images == tuple(folder / name for name in inside)
    assert find_images([folder / "[bd].png", folder / "a.png"]).images == tuple(
        folder / name for name in ("b.png", "d.png", "a.png")
    )
    (folder / "[x].png").write_bytes(b"")
    assert find_images([folder / "[x].png"]).images == (folder / "[x].png",)  # a file's own name
    (folder / "empty").mkdir()
    found = find_images([folder / "empty", folder / "*.jpg", folder / "none.png"])
    assert found.images == (folder / "none.png",)  # which is refused when it is read
    empty, unmatched = found.problems
    assert "has no image" in empty and "no file matches" in unmatched


def test_files_of_a_sheet_whose_names_cannot_be_drawn_are_told_apart_by_number() -> None:
    def sheet(names: list[str], first: int = 1) -> bytes:
        small = Image.new("RGB", (8, 8))
        cells = [Pictured(Path(name), small, []) for name in names]
        return draw_sheet(cells, Caption("m"), "2 images", first).tobytes()

    assert sheet(["\u56f3.png", "\u66f8.png"]) == sheet(["image 1", "image 2"])
    assert sheet(["\u56f3.png", "b.png"], MOST + 1) == sheet(["image 241", "b.png"])


def test_an_image_that_does_not_decode_is_named_and_the_others_are_answered(
    digits: Path, folder: Path
) -> None:
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:30])
    done = predict(digits, folder, folder / "none.png", folder / "*.gif", "--json")
    assert done.exit_code == 1
    answered = [entry["image"] for entry in json.loads(done.stdout)["predictions"]]
    assert answered == [
        str(folder / name) for name in ("a.png", "c.png", "d.png", "more/a.png", "more/e.png")
    ]
    lines = done.stderr.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: ") for line in lines)
    named = zip(("*.gif", "b.png", "none.png"), lines, strict=True)
    assert all(name in line for name, line in named)
    shown = predict(digits, folder)
    assert shown.exit_code == 1 and shown.stdout.count(".png") == 5


def test_a_file_gets_the_picture_of_one_image_and_the_sheet_of_several(
    digits: Path, folder: Path, tmp_path: Path
) -> None:
    one, sheet = tmp_path / "one.png", tmp_path / "sheet.jpg"
    assert predict(digits, folder / "a.png", "--save", one, "--top", 1).exit_code == 0
    assert predict(digits, folder, "--save", sheet).exit_code == 0
    with Image.open(one) as image, Image.open(sheet) as several:
        assert (image.format, several.format) == ("PNG", "JPEG")
        assert image.height < 500 and several.height > 2 * CELL
    before = one.read_bytes()
    refused = predict(digits, folder / "b.png", "--save", one)
    assert refused.exit_code == 1 and "already exists: --force replaces it" in refused.stderr
    assert refused.stdout == "" and one.read_bytes() == before
    assert predict(digits, folder / "b.png", "--save", one, "--force").exit_code == 0
    assert one.read_bytes() != before


def test_a_folder_gets_a_picture_of_each_image_and_a_sheet(
    digits: Path, folder: Path, tmp_path: Path
) -> None:
    (folder / "c.png").write_bytes(b"damaged")
    done = predict(digits, folder, "--save", tmp_path / "out")
    assert done.exit_code == 1 and "c.png" in done.stderr
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["a-2.png", "a.png", "b.png", "contact-sheet.png", "d.png", "e.png"]
    again = predict(digits, folder / "a.png", "--save", tmp_path / "out")
    assert again.exit_code == 1 and "is not empty" in again.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == made


def test_nothing_appears_where_nothing_can_be_drawn(
    digits: Path, folder: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    for target, image, expected in (
        ("out", folder / "notes.txt", "notes.txt"),
        ("out.png", folder / "notes.txt", "notes.txt"),
        ("no/out.png", folder / "a.png", "missing or not writable"),
        ("no/out", folder / "a.png", "does not exist"),
        ("out.gif", folder / "a.png", "not the name of a picture"),
    ):
        done = predict(digits, image, "--save", tmp_path / target)
        assert done.exit_code == 1 and expected in done.stderr and done.stderr.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
    assert predict(digits, folder / "a.png", "--force").exit_code == 2


def test_many_images_need_a_folder_and_fill_several_sheets(
    classifier: Classifier, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(gluonport.GluonportError, match=f"at most {MOST} images"):
        check_album(tmp_path / "sheet.png", MOST + 1, False)
    monkeypatch.setattr("verify.prediction.album.MOST", 2)
    guesses = classifier.classify(folder / "a.png", 5)
    with open_album(tmp_path / "out", classifier, 5, False) as album:
        for _ in range(5):
            album.add(folder / "a.png", guesses)
    sheets = sorted(path.name for path in (tmp_path / "out").glob("contact*"))
    assert sheets == ["contact-sheet-2.png", "contact-sheet-3.png", "contact-sheet.png"]


def test_a_picture_holds_the_image_and_a_bar_as_long_as_each_share(tmp_path: Path) -> None:
    colours = np.full((300, 100, 3), (200, 30, 90), np.uint8)
    guesses = [Guess(k, LONG, 1.0, share) for k, share in enumerate((1.0, 0.5, 0.25, 0.0, 0.0))]
    drawn = draw_picture(
        Pictured(Path("x" * 300), Image.fromarray(colours), guesses), Caption("model", "beware")
    )
    pixels = np.asarray(drawn)
    assert (pixels[MARGIN : MARGIN + 300, MARGIN : MARGIN + 100] == colours).all()
    dark = (pixels == tuple(bytes.fromhex(FIRST[1:]))).all(2)
    assert dark.sum(1).max() == ROWS and 8 < (dark.sum(1) == ROWS).sum() < 12
    bars = (pixels == (0x8F, 0xB4, 0xDD)).all(2).sum(1)
    assert sorted({int(n) for n in bars if n}) == [ROWS // 4, ROWS // 2]
    assert (pixels == tuple(bytes.fromhex(WARNING[1:]))).all(2).any()
    assert (pixels[:, -MARGIN:] == 255).all() and (pixels[-10:] == 255).all()  # all fits inside


@pytest.mark.parametrize(
    ("size", "box", "shown"),
    [
        ((8, 8), 380, (376, 376)),
        ((28, 28), 208, (196, 196)),
        ((3000, 200), 380, (380, 25)),
        ((100, 4000), 208, (5, 208)),
        ((200, 300), 380, (200, 300)),
        ((1, 1000), 208, (1, 208)),
    ],
)
def test_images_of_every_shape_fit(
    size: tuple[int, int], box: int, shown: tuple[int, int], tmp_path: Path
) -> None:
    Image.new("RGB", size, "navy").save(tmp_path / "x.png")
    small = shrunk(tmp_path / "x.png", "gluon", box)
    assert small.size == shown and small.getpixel((0, 0)) == (0, 0, 128)
    sheet = draw_sheet([Pictured(Path("x.png"), small, [])] * 30, Caption("m"), "30 images")
    assert (sheet.width < 1500 and sheet.height > 5 * CELL) or box > CELL


def test_a_turned_photograph_is_drawn_as_its_regime_sees_it(tmp_path: Path) -> None:
    with Image.open(IMAGES / "cat.jpg") as image:
        exif = image.getexif()
        exif[0x0112] = 6  # turned by a quarter
        image.save(tmp_path / "turned.jpg", exif=exif)
    sizes = {r: shrunk(tmp_path / "turned.jpg", r, 300).size for r in ("gluon", "mmpretrain")}
    assert sizes == {"gluon": (300, 200), "mmpretrain": (200, 300)}  # MXNet does not turn it


def test_text_is_drawn_in_letters_that_the_font_has_and_fits() -> None:
    assert drawable("tench, Tinca tinca", "class 0") == "tench, Tinca tinca"
    assert drawable("fünf Löß, Ærø, Łódź, naïve", "class 5") == "funf Loss, AEro, Lodz, naive"
    assert drawable("日本", "class 6") == "class 6"
    assert drawable("a\nb\x1b[31m", "class 7") == r"a\nb\x1b[31m"
    assert drawable(" ", "class 8") == "class 8"
    short = fitted(LONG, 19, 300)
    assert short.endswith("...") and short[:-3] in LONG and font(19).getlength(short) <= 300
    name = fitted_name("IMG_20260101_" * 9 + "0042.jpeg", 22, 200)
    assert name.startswith("IMG") and name.endswith(".jpeg") and font(22).getlength(name) <= 200
    assert fitted("W" * 10_000_000, 19, 100).startswith("WWW")


def test_bars_are_as_long_as_the_shares_and_names_are_only_text() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, record=True)
    guesses = [Guess(0, "[red]cat[/red]", 2.0, 1.0), Guess(1, None, 0.0, 0.5), Guess(2, "x", 0, 0)]
    print_bars(console, Path("a\n[b].png"), guesses)
    text = console.export_text(clear=False)
    lines = text.splitlines()
    assert lines[0].startswith(r"a\n[b].png") and "[red]cat[/red]" in lines[1]
    assert [line.split()[0] for line in lines[1:]] == ["0", "1", "2"] and "class 1" in lines[2]
    styled = console.export_text(styles=True)
    assert styled.count("\x1b[1;32m") == 1


@pytest.mark.exhaustive
def test_a_terminal_shows_bars(digits: Path, folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gluonport", "predict", digits, folder / "a.png"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "90"}
    with subprocess.Popen(
        command, stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other end is closed
            pass
        assert process.wait() == 0
    os.close(ours)
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 8 in shown.decode() and b"\x1b[1m" in shown
