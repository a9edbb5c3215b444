"""Labelled images are recognised wherever they lie, and what is wrong with them is said."""

import pickle
from pathlib import Path

import pytest

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset
from verify.datasets.expectation import wordnet_ids

DIGITS = find_model("gluon_seresnext8_digits")
NETWORK = find_model("gluon_resnext50_32x4d")


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_the_sample_has_its_packaged_scans() -> None:
    dataset = open_dataset(model=DIGITS)
    assert len(dataset) == 360 and dataset.complete and not dataset.problems
    assert dataset.entries[0].id == "0/digit-1445.png" and dataset.entries[0].label == 0
    assert all(len(dataset.read(i)) == entry.size for i, entry in enumerate(dataset.entries))


def test_a_dataset_goes_to_another_process_whole() -> None:
    dataset = pickle.loads(pickle.dumps(open_dataset(model=DIGITS)))
    assert dataset.read(7).startswith(b"\x89PNG")


def test_folders_of_wordnet_ids_are_imagenets_classes(tmp_path: Path) -> None:
    ids = wordnet_ids()
    root = write(tmp_path, f"{ids[3]}/b.JPEG", f"{ids[999]}/a.JPEG", f"{ids[0]}/notes.txt")
    dataset = open_dataset(root, model=NETWORK)
    assert [(e.id, e.label) for e in dataset.entries] == [
        (f"{ids[3]}/b.JPEG", 3),
        (f"{ids[999]}/a.JPEG", 999),
    ]
    assert dataset.read(0) == f"{ids[3]}/b.JPEG".encode()
    assert not dataset.complete
    assert dataset.problems[0].startswith("2 images with a label, where the validation set of Imag")


def test_folders_of_numbers_are_class_indices(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, "10/a.png", "2/a.png"), model=NETWORK, num_classes=11)
    assert [entry.label for entry in dataset.entries] == [10, 2]
    assert dataset.problems == ("9 classes have no images, none should be empty: 0..1, 3..9",)


def test_as_many_folders_as_classes_are_taken_in_order(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, "dog/1.png", "cat/1.png"), model=NETWORK, num_classes=2)
    assert [(e.id, e.label) for e in dataset.entries] == [("cat/1.png", 0), ("dog/1.png", 1)]
    assert dataset.complete


def test_unknown_classes_are_named(tmp_path: Path) -> None:
    dataset = open_dataset(write(tmp_path, "n01440764/a.png", "n9/b.png"), model=NETWORK)
    assert "1 folder without a class, left out: n9" in dataset.problems


def test_folders_that_do_not_say_the_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"2 folders .train, val., but the model has .*; or give .*/val"
    ):
        open_dataset(write(tmp_path, "train/n01440764/a.png", "val/a.png"), model=NETWORK)


def test_what_holds_no_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no image: expected a folder with"):
        open_dataset(write(tmp_path, "readme.txt"), model=NETWORK)
    with pytest.raises(DatasetError, match="no such file or folder"):
        open_dataset(tmp_path / "absent", model=NETWORK)
