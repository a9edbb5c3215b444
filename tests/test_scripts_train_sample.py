"""The trained sample that ships with the package: its files agree, and MXNet agrees with them."""

import csv
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "architectures" / "samples"
NAME = "gluon_seresnext8_digits"


@pytest.fixture(scope="module")
def entries() -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(SAMPLES / f"{NAME}.tar", "r:") as tar:
        return [(entry, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (SAMPLES / f"{NAME}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def ranked(row: dict[str, str], field: str) -> list[str]:
    return [row[f"{field}{rank}"] for rank in range(1, 6)]


def test_tar_holds_360_greyscale_8x8_pngs_in_ten_class_folders(
    entries: list[tuple[tarfile.TarInfo, bytes]],
) -> None:
    images = [Image.open(io.BytesIO(data)) for _, data in entries]
    assert len(images) == 360
    assert {(image.format, image.mode, image.size) for image in images} == {("PNG", "L", (8, 8))}
    assert {entry.name.split("/")[0] for entry, _ in entries} == set("0123456789")


def test_tar_pixels_are_the_seventeen_levels_of_the_scans(
    entries: list[tuple[tarfile.TarInfo, bytes]],
) -> None:
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(data))) for _, data in entries])
    assert np.unique(pixels).tolist() == [round(value * 255 / 16) for value in range(17)]


def test_tar_records_nothing_but_names_and_bytes(
    entries: list[tuple[tarfile.TarInfo, bytes]],
) -> None:
    names = [entry.name for entry, _ in entries]
    assert names == sorted(names)
    owners = {(e.mtime, e.uid, e.gid, e.uname, e.gname, e.mode) for e, _ in entries}
    assert owners == {(0, 0, 0, "", "", 0o644)}
    assert not any(entry.pax_headers for entry, _ in entries)


def test_tar_holds_every_scan_after_the_training_scans_once(
    entries: list[tuple[tarfile.TarInfo, bytes]],
) -> None:
    numbers = sorted(int(entry.name[len("0/digit-") : -len(".png")]) for entry, _ in entries)
    assert numbers == list(range(1437, 1797))


def test_csv_names_the_images_of_the_tar_in_order_with_their_labels(
    rows: list[dict[str, str]], entries: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    assert [(row["path"], row["label"]) for row in rows] == [
        (entry.name, entry.name.split("/")[0]) for entry, _ in entries
    ]


def test_csv_ranks_five_different_classes_by_finite_float32_logits(
    rows: list[dict[str, str]],
) -> None:
    for row in rows:
        logits = np.array(ranked(row, "logit"), np.float32)
        assert np.isfinite(logits).all() and (np.diff(logits) <= 0).all()
        assert list(map(str, logits)) == ranked(row, "logit")
        assert len(set(ranked(row, "class")) & set("0123456789")) == 5


def test_sample_recognises_at_least_96_percent_of_the_held_out_scans(
    rows: list[dict[str, str]],
) -> None:
    right = sum(row["class1"] == row["label"] for row in rows)
    assert right >= 0.96 * 360
    assert f"**{right} of 360**" in (SAMPLES / "README.md").read_text()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_readme_states_the_hash_of_the_parameters(algorithm: str) -> None:
    digest = hashlib.new(algorithm, (SAMPLES / f"{NAME}.params").read_bytes()).hexdigest()
    assert f"- {algorithm} `{digest}`" in (SAMPLES / "README.md").read_text()


@pytest.mark.exhaustive
def test_mxnet_predicts_again_what_the_files_say(rows: list[dict[str, str]]) -> None:
    command = ["uv", "run", "--script", str(ROOT / "scripts" / "train_sample.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    right = sum(row["class1"] == row["label"] for row in rows)
    assert done.stdout.startswith(f"{right} of 360 right; logits within ")
