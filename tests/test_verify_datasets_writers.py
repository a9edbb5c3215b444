"""Data sets as their own libraries write them give the answers of a class folder of the images."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gluonport
from architectures import find_model
from gluonport.commands.verify import main
from verify.accuracy.hashing import make_manifest
from verify.accuracy.ranks import Ranks
from verify.datasets import open_dataset

pytestmark = pytest.mark.exhaustive  # each library is installed in an environment of its own

NAME = "gluon_seresnext8_digits"
SUPPORT = Path(__file__).parent / "support"
WRITTEN = {
    "write_hub_parquet": ("", "Parquet files, split validation"),
    "write_webdataset": ("", "WebDataset shards"),
    "write_tfds": ("digits/1.0.0", "TFRecord files, split validation"),
    "write_mds": ("plain", "MDS shards, split val"),
    "write_mds --compression zstd:3": ("packed", "MDS shards, split val"),
    "write_litdata": ("plain", "LitData chunks, split val"),
    "write_litdata --compression zstd": ("packed", "LitData chunks, split val"),
}


def answers(checkpoint: Path, data: Path, folder: Path) -> dict[str, list[str]]:
    """The answer to each image, by the hash of its bytes, from a whole run."""
    arguments = ["accuracy", NAME, str(checkpoint), "--data", str(data), "--json"]
    arguments += ["--ledger", str(folder), "--predictions", str(folder) + ".csv"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["complete"] and found["images"] == 360
    with open(folder / "manifest.csv", newline="") as file:
        hashes = {row["path"]: row["sha256"] for row in csv.DictReader(file)}
    with open(f"{folder}.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {hashes[path]: answer for path, *answer in rows}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("writers") / "digits.safetensors"
    gluonport.convert(NAME, out)
    return out


@pytest.mark.parametrize("writer", WRITTEN)
def test_what_a_library_writes_is_read_where_it_lies(
    writer: str, scans: Path, checkpoint: Path, tmp_path: Path
) -> None:
    name, *options = writer.split()
    script, out = SUPPORT / f"{name}.py", tmp_path / "written"
    command = ["uv", "run", "--quiet", "--script", str(script), str(scans), str(out), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where, kind = WRITTEN[writer]
    dataset = open_dataset(out / where, model=find_model(NAME))
    assert (dataset.kind, dataset.problems) == (kind, ())
    manifest = make_manifest(dataset, range(len(dataset)), Ranks(), 2, None)
    ids = [entry.id for entry in dataset.entries]
    assert ids == sorted(set(ids)) and [image.path for image in manifest.images] == ids
    expected = answers(checkpoint, scans, tmp_path / "folder")
    assert len(expected) == len({image.sha256 for image in manifest.images})
    assert answers(checkpoint, out / where, tmp_path / "packed") == expected
