"""Parquet files as the hub keeps them: rows streamed, labels checked against WordNet ids."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset, parquet_rows
from verify.datasets.expectation import imagenet_names, wordnet_ids

NETWORK = find_model("gluon_resnext50_32x4d")
IDS, LEMMAS = wordnet_ids(), imagenet_names()
LEMMAS_ONCE = tuple("crane2" if k == 517 else name for k, name in enumerate(LEMMAS))


def image(number: int, size: int = 40) -> bytes:
    return random.Random(number).randbytes(size)


def write(
    path: Path,
    numbers: Sequence[int],
    labels: Sequence[int | None] | None = None,
    names: Sequence[str] | None = LEMMAS_ONCE,
    files: Sequence[str | None] | None = None,
    size: int = 40,
    **options: object,
) -> Path:
    """A file as ``datasets`` writes it; an image for each number."""
    files = files or [f"ILSVRC2012_val_{number:08}.JPEG" for number in numbers]
    rows = [{"bytes": image(n, size), "path": file} for n, file in zip(numbers, files, strict=True)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {
        "image": pa.array(rows, kind),
        "label": pa.array(labels or [n % 1000 for n in numbers], pa.int64()),
    }
    info = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    metadata = {b"huggingface": json.dumps(info).encode()} if names else None
    table = pa.table(columns).replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path, **{"row_group_size": 3, **options})
    return path


def test_the_evaluated_split_is_read_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data / "validation-00000-of-00002.parquet", range(7))
    write(data / "validation-00001-of-00002.parquet", range(7, 12), [7, 8, 9, None, -1])
    write(data / "train-00000-of-00001.parquet", range(5))
    write(data / "test-00000-of-00001.parquet", range(5), [-1] * 5)
    dataset = open_dataset(tmp_path, model=NETWORK)
    assert dataset.kind == "Parquet files, split validation"
    assert [entry.label for entry in dataset.entries] == list(range(10))
    assert dataset.entries[8].id == (
        "data/validation-00001-of-00002.parquet/00000001/ILSVRC2012_val_00000008.JPEG"
    )
    order = random.Random(0).sample(range(10), 10)
    assert [dataset.read(k) for k in order] == [image(k) for k in order]
    assert dataset.found == (
        "1 image without a label: data/validation-00001-of-00002.parquet/00000003/"
        "ILSVRC2012_val_00000010.JPEG",
        "1 image of classes beyond the model's 0 to 999, left out: class -1",
    )


@pytest.mark.parametrize("names", [LEMMAS_ONCE, IDS, [n.partition(",")[0] for n in LEMMAS]])
def test_names_of_classes_say_the_order(tmp_path: Path, names: Sequence[str]) -> None:
    path = write(tmp_path / "val.parquet", range(1000), names=names, row_group_size=400)
    dataset = open_dataset(path, model=NETWORK)
    assert [entry.label for entry in dataset.entries] == list(range(1000))


def test_numbers_in_another_order_are_taken_by_their_names(tmp_path: Path) -> None:
    order = random.Random(1).sample(IDS, 1000)
    path = write(tmp_path / "val.parquet", [0, 1, 2], names=order)
    found = [entry.label for entry in open_dataset(path, model=NETWORK).entries]
    assert found == [IDS.index(order[k]) for k in range(3)]
    listed = tmp_path / "order.txt"
    listed.write_text("\n".join(order) + "\n")
    bare = write(tmp_path / "bare" / "val.parquet", [0, 1, 2], names=None)
    dataset = open_dataset(bare, model=NETWORK, label_names=listed)
    assert [entry.label for entry in dataset.entries] == found


def test_names_of_images_say_the_order(tmp_path: Path) -> None:
    files = [f"ILSVRC2012_val_{k:08}_{IDS[k]}.JPEG" for k in range(4)]
    path = write(tmp_path / "val.parquet", range(4), names=None, files=files)
    assert len(open_dataset(path, model=NETWORK)) == 4


UNCLEAR = {
    "unsaid": ({"names": None}, r"nothing says which classes are meant by 4 label numbers \(0, 1,"),
    "one unsaid": (
        {"names": None, "files": [f"{IDS[0]}_1.jpg", f"{IDS[1]}_1.jpg", "x.jpg", "y.jpg"]},
        r"meant by 2 label numbers \(2, 3\)",
    ),
    "contradicted": (
        {"files": [f"{IDS[k]}_1.jpg" for k in (0, 1, 3, 2)]},
        f"has label 2, which is 2 .{IDS[2]}. by .*, but its name says 3 .{IDS[3]}.",
    ),
    "no classes of ImageNet": ({"names": ["cat"] * 1000}, "label 0: 'cat' is not one of ImageN"),
    "two of one name": (
        {"names": [LEMMAS[134]] * 1000},
        "label 0: 'crane' is the name of two class",
    ),
    "fewer": ({"names": IDS[:100]}, "names 100 classes, but the model has 1000"),
    "twice": ({"names": [*IDS[:999], IDS[0]]}, "1 class more than once"),
}


@pytest.mark.parametrize("kind", UNCLEAR)
def test_labels_in_an_unclear_order_are_refused(tmp_path: Path, kind: str) -> None:
    options, said = UNCLEAR[kind]
    write(tmp_path / "val.parquet", range(4), **options)  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(tmp_path, model=NETWORK)
    assert "\n" not in str(refusal.value)
    assert ("--label-names FILE" in str(refusal.value)) == (kind not in ("fewer", "twice"))


def test_a_missing_file_is_said_and_a_second_copy_refused(tmp_path: Path) -> None:
    for number in (0, 2):
        write(tmp_path / f"val-{number:05}-of-00004.parquet", range(2))
    problems = open_dataset(tmp_path, model=NETWORK).problems
    assert problems[0] == (
        "2 of 4 files are missing: val-00001-of-00004.parquet, val-00003-of-00004.parquet"
    )
    write(tmp_path / "val-00000-of-00005.parquet", range(2))
    with pytest.raises(DatasetError, match="are not of one set of files: every image counts once"):
        open_dataset(tmp_path, model=NETWORK)


def test_a_large_row_group_is_streamed(tmp_path: Path) -> None:
    """A row group of 48 MB; one stream keeps a fraction of it."""
    path = write(
        tmp_path / "val.parquet", range(48), size=1 << 20, row_group_size=48, write_batch_size=4
    )
    dataset = open_dataset(path, model=NETWORK)
    parquet_rows._streams.clear()
    before, most = pa.total_allocated_bytes(), 0
    for k in range(48):
        assert len(dataset.read(k)) == 1 << 20
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < parquet_rows.KEPT + 3 * parquet_rows.BATCH
    assert dataset.read(3) == image(3, 1 << 20)  # decoded once more


def hostile(path: Path, kind: str) -> str:
    """Write a file that is not what it should be; what is said of it."""
    whole = write(path, range(9)).read_bytes()
    match kind:
        case "text":
            path.write_bytes(b"no parquet\n" * 100)
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(whole[:-300])
        case "footer":
            path.write_bytes(whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:])
        case "pipe":
            path.unlink()
            os.mkfifo(path)
            return "this is a named pipe"
        case "no image":
            parquet.write_table(pa.table({"label": [1, 2]}), path)
            return r"0 columns of image bytes and 1 column of labels among label \(int64\)"
        case "two images":
            parquet.write_table(pa.table({"a": [b"1"], "b": [b"2"], "label": [1]}), path)
            return "2 columns of image bytes"
        case "no label":
            parquet.write_table(pa.table({"image": [b"1"]}), path)
            return "0 columns of labels"
    return "not a whole Parquet file"


@pytest.mark.parametrize(
    "kind", ["text", "empty", "cut", "footer", "pipe", "no image", "two images", "no label"]
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "val.parquet"
    said = hostile(path, kind)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(path, model=NETWORK)
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith(f"{path}: ")


def test_a_row_without_bytes_is_named(tmp_path: Path) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = pa.array([{"bytes": None, "path": f"{IDS[0]}_1.JPEG"}], kind)
    parquet.write_table(pa.table({"image": rows, "label": [0]}), tmp_path / "val.parquet")
    with pytest.raises(DatasetError, match="row group 0, row 0: has no image bytes"):
        open_dataset(tmp_path, model=NETWORK).read(0)


def test_a_damaged_page_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "val.parquet", range(9))
    dataset = open_dataset(path, model=NETWORK)
    data = bytearray(path.read_bytes())
    data[4:60] = bytes(56)
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="not a whole Parquet file"):
        dataset.read(0)


def test_ffcv_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "val_500_0.50_90.beton").write_bytes(b"\2\0\2\0")
    for path in (tmp_path, tmp_path / "val_500_0.50_90.beton"):
        with pytest.raises(DatasetError, match="FFCV resizes and encodes images again"):
            open_dataset(path, model=NETWORK)
