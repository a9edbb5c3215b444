"""Labels files: each of the known kinds says the same classes of the same images."""

import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset
from verify.datasets.devkit import GROUND_TRUTH
from verify.datasets.expectation import wordnet_ids

NETWORK = find_model("gluon_resnext50_32x4d")
CLASSES = random.Random(0).choices(range(1000), k=20)
KIT = random.Random(1).sample(range(1000), 1000)  # the class index of the kit's number, less 1


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


def kit(folder: Path) -> Path:
    """The kit's ground truth; its synset list is still to come."""
    folder.mkdir()
    numbers = "".join(f"{KIT.index(label) + 1}\n" for label in CLASSES)
    (folder / GROUND_TRUTH).write_text(numbers)
    return folder


def test_the_development_kits_numbers_are_its_own(images: Path, tmp_path: Path) -> None:
    data = kit(tmp_path / "data")
    with pytest.raises(DatasetError, match=r"neither meta.mat nor map_clsloc.txt is beside it"):
        open_dataset(images, labels=data / GROUND_TRUTH, model=NETWORK)
    rows = [f"{wordnet_ids()[index]} {n} a_name\n" for n, index in enumerate(KIT, 1)]
    (data / "map_clsloc.txt").write_text("".join(rows))
    for labels in (data / GROUND_TRUTH, data, tmp_path):
        dataset = open_dataset(images, labels=labels, model=NETWORK)
        assert [entry.label for entry in dataset.entries] == CLASSES
    (data / "map_clsloc.txt").write_text("".join(rows[:-1]))
    with pytest.raises(DatasetError, match="does not pair 1 to 1000"):
        open_dataset(images, labels=data, model=NETWORK)


SAVE = """
import sys, numpy, scipy.io
ids, kit, path, compress = sys.argv[1].split(), sys.argv[2].split(), sys.argv[3], sys.argv[4]
fields = "ILSVRC2012_ID WNID words gloss num_children children wordnet_height num_train_images"
synsets = numpy.empty((1010, 1), [(field, object) for field in fields.split()])
for row in range(1010):
    wnid = ids[int(kit[row])] if row < 1000 else f"n9{row:07}"
    number = numpy.uint16(row + 1) if row % 2 else float(row + 1)
    synsets[row, 0] = number, wnid, "a word", "a gloss", 0, numpy.zeros((1, 0)), 0, 1300
scipy.io.savemat(path, {"other": 3.0, "synsets": synsets}, do_compression=bool(int(compress)))
"""


@pytest.mark.parametrize("compressed", [False, True])
def test_the_kits_matlab_file_is_read(images: Path, tmp_path: Path, compressed: bool) -> None:
    data = kit(tmp_path / "data")
    command = ["uv", "run", "--quiet", "--no-project", "--python", sys.executable]
    arguments = [" ".join(wordnet_ids()), " ".join(map(str, KIT)), data / "meta.mat"]
    subprocess.run(
        [*command, "--with", "scipy==1.15.3", "python", "-c", SAVE, *arguments, f"{compressed:d}"],
        check=True,
    )
    dataset = open_dataset(images, labels=data, model=NETWORK)
    assert [entry.label for entry in dataset.entries] == CLASSES
    whole = (data / "meta.mat").read_bytes()
    for size in (0, 100, 127, 128, 130, 200, 400, 1000, len(whole) // 2, len(whole) - 3):
        (data / "meta.mat").write_bytes(whole[:size])
        with pytest.raises(
            DatasetError, match=r"meta.mat: not the development kit's|does not pair"
        ):
            open_dataset(images, labels=data, model=NETWORK)


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
        "1 label of no image: other.JPEG",
        f"1 image without a label: {name(3)}.JPEG",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.jpg 1\na.jpg 1\n", "line 2: 'a.jpg' has a label already"),
        ("a.jpg 1\nb.jpg cat\n", "line 2: class 'cat', expected an index or a WordNet id"),
        ("1\n2\n3\n", "a column of classes, and no telling how they are numbered"),
        ("", "no labels in it"),
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
