"""Labels files: each of the known kinds says the same classes of the same images."""

import random
import tarfile
from pathlib import Path

import pytest

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset
from verify.datasets.devkit import GROUND_TRUTH, kit_ids
from verify.datasets.expectation import wordnet_ids

NETWORK = find_model("gluon_resnext50_32x4d")
CLASSES = random.Random(0).choices(range(1000), k=20)


def name(number: int) -> str:
    return f"ILSVRC2012_val_{number:08}"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "val"
    folder.mkdir()
    for number in range(1, len(CLASSES) + 1):
        (folder / f"{name(number)}.JPEG").write_bytes(b"image %d" % number)
    return folder


def lines(kind: str) -> str:
    numbered = list(enumerate(CLASSES, 1))
    ids = wordnet_ids()
    match kind:
        case "kaggle":
            rows = [f"{name(n)},{ids[c]} 1 2 3 4 {ids[c]} 5 6 7 8 " for n, c in reversed(numbered)]
            return "\n".join(["ImageId,PredictionString", *rows])
        case "caffe":
            return "".join(f"{name(n)}.JPEG {c}\n" for n, c in numbered)
        case "lst":
            return "".join(f"{n - 1}\t{c}.000000\tval/{name(n)}.JPEG\n" for n, c in numbered)
        case "csv":
            return "path,label\n" + "".join(f"{name(n)}.JPEG,{c}\n" for n, c in numbered)
        case "wordnet":
            return "".join(f"{ids[c]}\n" for _, c in numbered)
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["kaggle", "caffe", "csv", "wordnet"])
def test_a_labels_file_says_each_images_class(images: Path, tmp_path: Path, kind: str) -> None:
    labels = tmp_path / "labels"
    labels.write_text(lines(kind))
    dataset = open_dataset(images, labels=labels, model=NETWORK)
    assert [entry.label for entry in dataset.entries] == CLASSES
    assert [entry.id for entry in dataset.entries] == [f"{name(n)}.JPEG" for n in range(1, 21)]
    assert not any("label" in problem for problem in dataset.problems[1:])


def test_a_list_file_of_mxnet_names_whole_paths(images: Path, tmp_path: Path) -> None:
    labels = tmp_path / "val.lst"
    labels.write_text(lines("lst"))
    dataset = open_dataset(images.parent, labels=labels, model=NETWORK)
    assert [entry.label for entry in dataset.entries] == CLASSES


KNOWN = {490: "n01751748", 361: "n09193705", 171: "n02105855", 297: "n03125729", 1: "n02119789"}


def test_the_development_kits_numbers_are_its_own(images: Path, tmp_path: Path) -> None:
    """The validation set begins 490, 361, 171, 822, 297."""
    assert {number: kit_ids()[number] for number in KNOWN} == KNOWN
    assert sorted(kit_ids().values()) == list(wordnet_ids()) and [*kit_ids()] == [*range(1, 1001)]
    data = tmp_path / "data"
    data.mkdir()
    numbers = {name: number for number, name in kit_ids().items()}
    rows = [f"{numbers[wordnet_ids()[label]]}\n" for label in CLASSES]
    (data / GROUND_TRUTH).write_text("".join(rows))
    (data / "meta.mat").write_bytes(b"is not read")
    for labels in (data / GROUND_TRUTH, data, tmp_path):
        dataset = open_dataset(images, labels=labels, model=NETWORK)
        assert [entry.label for entry in dataset.entries] == CLASSES


def test_a_synset_list_that_contradicts_the_kit_is_refused(images: Path, tmp_path: Path) -> None:
    (tmp_path / GROUND_TRUTH).write_text("1\n" * len(CLASSES))
    rows = [f"{name} {number} a_name\n" for number, name in kit_ids().items()]
    table = tmp_path / "map_clsloc.txt"
    table.write_text("".join(rows))
    open_dataset(images, labels=tmp_path, model=NETWORK)
    for wrong, said in (
        (rows[:-1], "1000 is missing, expected n03255030"),
        (["n02100735 1 a\n", "n02119789 2 b\n", *rows[2:]], "1 is n02100735, expected n02119789"),
    ):
        table.write_text("".join(wrong))
        with pytest.raises(DatasetError, match=f"does not pair 1 to 1000.* {said}") as refusal:
            open_dataset(images, labels=tmp_path, model=NETWORK)
        assert "\n" not in str(refusal.value)


def test_the_official_archive_is_read_with_a_labels_file(images: Path, tmp_path: Path) -> None:
    path = tmp_path / "ILSVRC2012_img_val.tar"
    with tarfile.open(path, "w") as archive:
        for file in sorted(images.iterdir()):
            archive.add(file, file.name)
    labels = tmp_path / "LOC_val_solution.csv"
    labels.write_text(lines("kaggle"))
    dataset = open_dataset(path, labels=labels, model=NETWORK)
    assert [entry.label for entry in dataset.entries] == CLASSES
    assert dataset.read(6) == b"image 7"
    with pytest.raises(DatasetError, match="20 images in no class folder: give --labels FILE"):
        open_dataset(path, model=NETWORK)


def test_images_and_labels_without_each_other_are_counted(images: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text(lines("caffe").replace(name(3), "other"))
    dataset = open_dataset(images, labels=labels, model=NETWORK)
    assert len(dataset) == 19
    assert dataset.problems[:2] == (
        "1 label without an image: other.JPEG",
        f"1 image without a label: {name(3)}.JPEG",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.jpg 1\na.jpg 1\n", "line 2: 'a.jpg' has a label already"),
        ("a.jpg 1\nb.jpg cat\n", "line 2: class 'cat', expected an index or a WordNet id"),
        ("1\n2\n3\n", "a column of classes, and nothing says how they are numbered"),
        ("", "has no labels"),
        ("\0\xff", "a column of classes|not text"),
    ],
)
def test_labels_that_cannot_be_trusted_are_refused(
    images: Path, tmp_path: Path, text: str, said: str
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text(text)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(images, labels=labels, model=NETWORK)
    assert "\n" not in str(refusal.value)
