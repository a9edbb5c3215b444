"""MDS shards and LitData chunks made by hand; another test has them written by the libraries."""

from __future__ import annotations

import json
import os
import pickle
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset
from verify.datasets.expectation import wordnet_ids

NETWORK = find_model("gluon_resnext50_32x4d")
IDS = wordnet_ids()
NAMES = ("filename", "image", "label", "note")
FORMAT = ("str", "bytes", "int", "pickle")


class Boom:
    """Its pickle makes a file when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("was-run",)


NOTE = pickle.dumps(Boom())


def image(number: int) -> bytes:
    return random.Random(number).randbytes(number * 997 % 3000)


def sample(number: int, fixed: bool) -> bytes:
    name = f"ILSVRC2012_val_{number:08}_{IDS[number]}.JPEG".encode()
    parts = [name, image(number), struct.pack("<q", number), NOTE]
    sizes = [len(part) for k, part in enumerate(parts) if not (fixed and k == 2)]
    return struct.pack(f"<{len(sizes)}I", *sizes) + b"".join(parts)


def shard(numbers: Sequence[int], fixed: bool = True, between: bytes = b"") -> bytes:
    samples = [sample(number, fixed) for number in numbers]
    offsets = [4 * (len(samples) + 2) + len(between)]
    for one in samples:
        offsets.append(offsets[-1] + len(one))
    head = struct.pack(f"<{len(offsets) + 1}I", len(samples), *offsets)
    return head + between + b"".join(samples)


PARTS = (range(3), range(3, 5))


def mds(folder: Path, packed: bool = False, **changed: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for k, numbers in enumerate(PARTS):
        data = shard(numbers, between=b'{"config": 1}')
        name = f"shard.{k:05}.mds"
        zipped = {"basename": f"{name}.zstd", "bytes": 0, "hashes": {}} if packed else None
        shards.append(
            {
                "column_names": list(NAMES),
                "column_encodings": ["str", "bytes", "int", "pkl"],
                "column_sizes": [None, None, 8, None],
                "compression": "zstd:3" if packed else None,
                "format": "mds",
                "version": 2,
                "samples": len(numbers),
                "raw_data": {"basename": name, "bytes": len(data), "hashes": {}},
                "zip_data": zipped,
                **changed,
            }
        )
        if packed:
            (folder / f"{name}.zstd").write_bytes(zstandard.compress(data))
        else:
            (folder / name).write_bytes(data)
    (folder / "index.json").write_text(json.dumps({"version": 2, "shards": shards}))
    return folder


def litdata(folder: Path, packed: bool = False, **changed: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    chunks = []
    for k, numbers in enumerate(PARTS):
        data = shard(numbers, fixed=False)
        name = f"chunk-0-{k}.zstd.bin" if packed else f"chunk-0-{k}.bin"
        chunks.append({"chunk_bytes": len(data), "chunk_size": len(numbers), "filename": name})
        (folder / name).write_bytes(zstandard.compress(data) if packed else data)
    leaf = {"type": None, "context": None, "children_spec": []}
    tree = {"type": "builtins.dict", "context": json.dumps(NAMES), "children_spec": [leaf] * 4}
    config = {
        "compression": "zstd" if packed else None,
        "data_format": list(FORMAT),
        "data_spec": json.dumps([1, tree]),
        "encryption": None,
        "item_loader": "PyTreeLoader",
        **changed,
    }
    (folder / "index.json").write_text(json.dumps({"chunks": chunks, "config": config}))
    return folder


WRITERS = {"MDS shards": mds, "LitData chunks": litdata}


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "packed"])
@pytest.mark.parametrize("title", WRITERS)
def test_the_evaluated_split_is_read_and_no_pickle_is(
    title: str, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write = WRITERS[title]
    write(tmp_path / "train", packed)
    write(tmp_path / "val", packed)
    dataset = open_dataset(tmp_path, model=NETWORK)
    assert dataset.kind == f"{title}, split val" and not dataset.found
    assert [entry.label for entry in dataset.entries] == list(range(5))
    assert [dataset.read(k) for k in range(5)] == [image(k) for k in range(5)]
    assert [entry.size for entry in dataset.entries] == [len(image(k)) for k in range(5)]
    assert dataset.entries[3].id.endswith(f"/00000000/ILSVRC2012_val_00000003_{IDS[3]}.JPEG")
    assert not Path("was-run").exists()
    by_index = open_dataset(tmp_path / "val" / "index.json", model=NETWORK)
    assert [entry.label for entry in by_index.entries] == list(range(5))


def test_the_users_names_say_the_order(tmp_path: Path) -> None:
    order = [*IDS[1:], IDS[0]]
    (tmp_path / "names.txt").write_text("\n".join(order))
    with pytest.raises(DatasetError, match=r"has label 0, which is 1 .*, but its name says 0"):
        open_dataset(mds(tmp_path / "a"), model=NETWORK, label_names=tmp_path / "names.txt")


def test_labels_in_an_unknown_order_are_refused(tmp_path: Path) -> None:
    names = ["note", "image", "label", "other"]
    folder = mds(tmp_path / "a", column_names=names)
    with pytest.raises(DatasetError, match=r"nothing says .*: give --label-names FILE"):
        open_dataset(folder, model=NETWORK)
    (tmp_path / "names.txt").write_text("\n".join(IDS))
    dataset = open_dataset(folder, model=NETWORK, label_names=tmp_path / "names.txt")
    assert [entry.label for entry in dataset.entries] == list(range(5))


@pytest.mark.parametrize("title", WRITERS)
def test_missing_and_unlisted_shards_are_said(title: str, tmp_path: Path) -> None:
    folder = WRITERS[title](tmp_path / "a")
    first, last = sorted(path for path in folder.iterdir() if path.name != "index.json")
    last.rename(last.with_name(last.name.replace("1", "7")))
    assert open_dataset(folder, model=NETWORK).found == (
        f"1 of 2 shards is missing: {last.name}",
        f"1 shard that index.json does not list, left out: {last.name.replace('1', '7')}",
    )
    (folder / "index.json").unlink()
    with pytest.raises(DatasetError, match=r"read by the index.json beside it: give the folder"):
        open_dataset(first, model=NETWORK)


PIXELS = ["str", "pil", "int", "pkl"]
REFUSED = {
    "pixels": (mds, {"column_encodings": ["str", "pil", "int", "str"]}, r"pixels or lists"),
    "pickles": (mds, {"column_encodings": PIXELS}, r"'note' holds Python pickles"),
    "pixels of LitData": (litdata, {"data_format": ["str", "pil", "int", "str"]}, "pixels or"),
    "pickled labels": (litdata, {"data_format": ["str", "bytes", "pickle", "str"]}, "pickles"),
    "tensors": (litdata, {"data_format": ["str", "bytes", "tensor", "str"]}, r"'label' \(tensor"),
    "two images": (
        mds,
        {"column_encodings": ["jpeg", "jpeg", "int", "str"], "column_names": list("abcd")},
        "2 columns of image files and 1 column of labels among a .jpeg., b",
    ),
    "format": (mds, {"format": "csv"}, "a shard of format 'csv', version 2: expected 'mds'"),
    "elsewhere": (mds, {"raw_data": {"basename": "../a"}}, "expected the name of a file beside"),
    "twice": (mds, {"raw_data": {"basename": "shard.00000.mds", "bytes": 9}}, "a shard twice"),
    "no counts": (mds, {"samples": -1}, "expected counts of samples and bytes"),
    "samples": (mds, {"samples": 4}, "holds 3 samples, where index.json says 4 samples"),
    "many samples": (mds, {"samples": 20_000_000}, "20000000 samples, expected at most"),
    "columns": (mds, {"column_sizes": [None]}, "expected names, encodings and sizes"),
    "label": (mds, {"column_sizes": [None, None, 4, None]}, "has 4 bytes, expected 8"),
    "wide": (mds, {"column_sizes": [None, 1 << 60, 8, None]}, "a sample of .* whose columns take"),
    "encrypted": (litdata, {"encryption": {"algorithm": "fernet"}}, "its chunks are encrypted"),
    "tokens": (litdata, {"item_loader": "TokensLoader"}, "its chunks are for 'TokensLoader'"),
    "compression": (litdata, {"compression": "lz"}, "its chunks are compressed as 'lz'"),
    "no spec": (litdata, {"data_format": 3}, "expected names, encodings and sizes"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_shards_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    write, changed, said = REFUSED[kind]
    folder = write(tmp_path / "a", **changed)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(folder, model=NETWORK)
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith(f"{folder}/")


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    folder = mds(tmp_path / "a", packed=True, compression="br:11")
    with pytest.raises(DatasetError, match="compressed as 'br:11': only 'zstd' is read"):
        open_dataset(folder, model=NETWORK)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_shard_that_unpacks_to_more_than_it_says_is_refused(write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", packed=True)
    path = min(path for path in folder.iterdir() if path.name != "index.json")
    path.write_bytes(zstandard.compress(bytes(100 << 20)))
    with pytest.raises(DatasetError, match=r"unpacks to more than the [0-9]{4} bytes"):
        open_dataset(folder, model=NETWORK)
    path.write_bytes(b"no zstandard")
    with pytest.raises(DatasetError, match="cannot be unpacked by Zstandard"):
        open_dataset(folder, model=NETWORK)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"has (only )?0 bytes, where index.json says"):
        open_dataset(folder, model=NETWORK)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    raw = {"basename": "shard.00000.mds", "bytes": (1 << 30) + 1}
    folder = mds(tmp_path / "a", packed=True, raw_data=raw)
    index = json.loads((folder / "index.json").read_text())
    index["shards"].pop()
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(DatasetError, match="unpacks to 1073741825 bytes, expected at most"):
        open_dataset(folder, model=NETWORK)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_shards_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    write = chance.choice([mds, litdata])
    folder = write(tmp_path / "a", packed=bool(seed % 2))
    path = chance.choice(sorted(folder.iterdir()))
    data = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(min(len(data), chance.choice([40, len(data)])))
        data[at] = chance.choice([0, 255, chance.randrange(256)])
    path.write_bytes(data)
    try:
        dataset = open_dataset(folder, model=NETWORK)
        sizes = [len(dataset.read(k)) for k in range(len(dataset))]
        assert sizes == [entry.size for entry in dataset.entries]
    except DatasetError as refusal:
        assert "\n" not in str(refusal)


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    for write, said in ((mds, "where index.json says"), (litdata, "up to the end of the")):
        folder = write(tmp_path / write.__name__)
        path = min(path for path in folder.iterdir() if path.name != "index.json")
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(DatasetError, match=said):
            open_dataset(folder, model=NETWORK)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    folder = mds(tmp_path / "a")
    (folder / "shard.00001.mds").unlink()
    os.mkfifo(folder / "shard.00001.mds")
    with pytest.raises(DatasetError, match="this is a named pipe"):
        open_dataset(folder, model=NETWORK)
