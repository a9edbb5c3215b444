"""Data and ledger in an object storage: the same hashes, answers and files as on a disk."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

import gluonport
from architectures import find_model
from gluonport.commands.verify import main
from mappings.errors import DatasetError, GluonportError
from tests import test_verify_datasets_recordio as recordio
from tests import test_verify_datasets_sample_shards as sample_shards
from tests import test_verify_datasets_tfrecord as tfrecord
from verify.accuracy.hashing import fingerprint, hash_images
from verify.accuracy.ledger import RUN
from verify.accuracy.object_store import ObjectFolder
from verify.accuracy.runner import Answers
from verify.datasets import cloud, open_dataset

NAME = "gluon_seresnext8_digits"
MODEL = find_model(NAME)
ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # gcsfs's
SERVER = ROOT / "tests" / "support" / "object_storage.py"


def forget() -> None:
    """Let the next request find address and credentials again."""
    cloud.file_system.cache_clear()
    from gcsfs import GCSFileSystem
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    GCSFileSystem.clear_instance_cache()


def settings_of(scheme: str, port: int, home: Path) -> dict[str, str]:
    """The environment in which the server is found, and nothing else of this machine."""
    if scheme == "gs":
        return {
            "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
            "CLOUDSDK_CONFIG": str(home),
            "NO_GCE_CHECK": "true",
        }
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
    }


@pytest.fixture(scope="module", params=["s3", "gs"])
def bucket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The address of an empty bucket on a server of this machine."""
    home, scheme = tmp_path_factory.mktemp("home"), request.param
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, str(SERVER), scheme], **pipes)
    assert server.stdin and server.stdout
    try:
        port = int(server.stdout.readline())
        with pytest.MonkeyPatch.context() as settings:
            for name, value in settings_of(scheme, port, home).items():
                settings.setenv(name, value)
            forget()
            cloud.file_system(f"{scheme}://").mkdir("bucket")
            yield f"{scheme}://bucket"
        forget()
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait(60)


@pytest.fixture(scope="module")
def storage(bucket: str) -> Any:
    """The file system of the bucket."""
    return cloud.system_of(bucket)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("checkpoint") / "digits.safetensors"
    gluonport.convert(NAME, out)
    return out


@pytest.fixture(scope="module")
def sets(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first images of each class: as folders, an archive, shards and Parquet files."""
    sets = tmp_path_factory.mktemp("sets")
    rows: list[tuple[str, bytes, int]] = []
    for folder in sorted(path for path in scans.iterdir() if path.is_dir()):
        (sets / "folders" / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[:4]:
            shutil.copy(file, sets / "folders" / folder.name / file.name)
            rows.append((f"{folder.name}-{file.name}", file.read_bytes(), int(folder.name)))
    with tarfile.open(sets / "archive.tar", "w") as archive:
        archive.add(sets / "folders", ".")
    (sets / "shards").mkdir()
    lengths = {}
    for shard in range(2):
        part = rows[shard::2]
        lengths[f"digits-validation-{shard:02}.tar"] = len(part)
        with tarfile.open(sets / "shards" / f"digits-validation-{shard:02}.tar", "w") as archive:
            for name, data, label in part:
                stem, suffix = name.rsplit(".", 1)
                for member, text in ((f"{stem}.{suffix}", data), (f"{stem}.cls", b"%d" % label)):
                    info = tarfile.TarInfo(member)
                    info.size = len(text)
                    archive.addfile(info, io.BytesIO(text))
    split = {"filenames": [*lengths], "shard_lengths": [*lengths.values()]}
    (sets / "shards" / "_info.json").write_text(json.dumps({"splits": {"validation": split}}))
    (sets / "parquet" / "data").mkdir(parents=True)
    for k in range(2):
        part = rows[k::2]
        images = [{"bytes": data, "path": name} for name, data, _ in part]
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        labels = pa.array([label for _, _, label in part], pa.int64())
        table = pa.table({"image": pa.array(images, kind), "label": labels})
        file = sets / "parquet" / "data" / f"validation-{k:05}-of-00002.parquet"
        parquet.write_table(table, file, row_group_size=7)
    return sets


@pytest.fixture(scope="module")
def uploaded(sets: Path, storage: Any, bucket: str) -> str:
    """The address of the same files in the bucket."""
    storage.put(str(sets), f"{bucket}/sets", recursive=True)
    return f"{bucket}/sets"


def accuracy(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["accuracy", NAME, *map(str, arguments), "--json"])


def measured(*arguments: object) -> dict[str, Any]:
    result = accuracy(*arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(*arguments: object) -> str:
    result = accuracy(*arguments)
    assert result.exit_code == 1 and result.stdout == "", result.output
    [line] = result.stderr.splitlines()
    return str(line)


def test_a_missing_library_is_named_with_its_extra(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.file_system.cache_clear()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    for url, package in (("s3://bucket/val", "s3fs"), ("gs://bucket/val", "gcsfs")):
        needed = f"this command needs the package {package}, which gluonport[cloud] installs"
        assert needed in refused(checkpoint, "--data", url)
        assert needed in refused(checkpoint, "--ledger", url)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "path",
    [
        "folders",
        "archive.tar",
        "shards",
        "shards/digits-validation-{00..01}.tar",
        "shards/*.tar",
        "shards/digits-validation-00.tar",
        "parquet",
        "parquet/data/validation-*",
    ],
)
def test_a_set_reads_as_on_a_disk(path: str, sets: Path, uploaded: str) -> None:
    here = open_dataset(sets / path, model=MODEL)
    there = open_dataset(f"{uploaded}/{path}", model=MODEL)
    assert there.entries == here.entries and len(here) >= 20
    assert (there.kind, there.problems) == (here.kind, here.problems)
    positions = range(len(here))
    assert [*hash_images(there, positions, 2)] == [*hash_images(here, positions, 2)]
    assert [there.read(k) for k in positions] == [here.read(k) for k in positions]
    assert fingerprint(there) == fingerprint(open_dataset(f"{uploaded}/{path}", model=MODEL))


def recorded(folder: Path) -> None:
    """A .rec of three images, one of them in two parts because it holds the magic number."""
    rows = [b"JPEG1", b"JPE", b"JPEG-3"]
    parts = [recordio.part(0, recordio.image(label=k, data=row)) for k, row in enumerate(rows)]
    parts[1] = recordio.part(1, recordio.image(label=1)) + recordio.part(3, b"more")
    starts = [sum(map(len, parts[:k])) for k in range(3)]
    (folder / "val.rec").write_bytes(b"".join(parts))
    (folder / "val.idx").write_text("".join(f"{k}\t{start}\n" for k, start in enumerate(starts)))


PACKED: dict[str, Callable[[Path], object]] = {
    "TFRecord files, split validation": tfrecord.folder,
    "MDS shards": sample_shards.mds,
    "MDS shards, packed": partial(sample_shards.mds, packed=True),
    "LitData chunks": sample_shards.litdata,
    "LitData chunks, packed": partial(sample_shards.litdata, packed=True),
    "MXNet RecordIO": recorded,
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", PACKED)
def test_files_of_many_images_read_as_on_a_disk(
    kind: str, bucket: str, storage: Any, tmp_path: Path
) -> None:
    PACKED[kind](tmp_path)
    url, model = f"{bucket}/{kind}", find_model("gluon_resnext50_32x4d")
    storage.put(str(tmp_path), url, recursive=True)
    here, there = (open_dataset(place, model=model) for place in (tmp_path, url))
    assert there.entries == here.entries and len(here) >= 3
    assert there.kind == here.kind == kind.removesuffix(", packed")
    assert there.problems == here.problems
    positions = range(len(here))
    assert [*hash_images(there, positions, 2)] == [*hash_images(here, positions, 2)]
    assert [there.read(k) for k in positions] == [here.read(k) for k in positions]
    names = sorted(storage.ls(url, detail=False))
    if gone := [name for name in names if re.search(r"/(shard|chunk|.*-validation)[^/]*$", name)]:
        storage.rm(gone[0])
        assert "missing" in str(open_dataset(url, model=model).problems)


@pytest.mark.exhaustive
def test_a_run_counts_and_keeps_the_same_as_on_a_disk(
    sets: Path, uploaded: str, storage: Any, bucket: str, checkpoint: Path, tmp_path: Path
) -> None:
    options = "--allow-incomplete", "--batch-size", 8
    here = measured(checkpoint, "--data", sets / "folders", "--ledger", tmp_path / "run", *options)
    ledger = f"{bucket}/run"
    there = measured(checkpoint, "--data", f"{uploaded}/folders", "--ledger", ledger, *options)
    assert there == here
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert ObjectFolder(ledger).names() == set(names) and len(names) == 2 + 5
    for name in names:
        assert storage.cat_file(f"{ledger}/{name}") == (tmp_path / "run" / name).read_bytes()
    # A ledger there is taken over here, and refuses another run.
    taken = tmp_path / "taken"
    measured(
        checkpoint, "--data", sets / "folders", "--ledger", taken, "--ledger", ledger, *options
    )
    assert (taken / "000004.csv").read_bytes() == (tmp_path / "run" / "000004.csv").read_bytes()
    other = "--allow-incomplete", "--batch-size", 4
    line = refused(checkpoint, "--data", f"{uploaded}/folders", "--ledger", ledger, *other)
    assert line.startswith(f"error: {bucket}/run: this is the ledger of another run")


KILLED = """
import os, signal, sys
from verify.accuracy.object_store import ObjectFolder
from gluonport.commands.verify import main

real, kept = ObjectFolder.write, []

def write(self, name, texts):
    real(self, name, texts)
    kept.append(name)
    if sum(name.startswith("0") for name in kept) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

ObjectFolder.write = write
main(sys.argv[1:])
"""


@pytest.mark.exhaustive
def test_a_killed_run_goes_on(
    sets: Path, uploaded: str, bucket: str, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = f"{bucket}/killed"
    command = [checkpoint, "--data", f"{uploaded}/shards", "--ledger", ledger]
    command += ["--allow-incomplete", "--batch-size", 4]
    script = [sys.executable, "-c", KILLED, "accuracy", NAME, *map(str, command)]
    done = subprocess.run(script, cwd=ROOT, env=os.environ, capture_output=True, timeout=600)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = {name for name in ObjectFolder(ledger).names() if name.endswith(".csv")} - {
        "manifest.csv"
    }
    assert 2 <= len(left) < 10
    ran: list[int] = []
    real = Answers.predict
    monkeypatch.setattr(
        Answers, "predict", lambda self, chunk: (ran.append(chunk), real(self, chunk))[1]
    )
    found = measured(*command)
    assert sorted(ran) == sorted({*range(10)} - {int(name[:6]) for name in left})
    here = measured(checkpoint, "--data", sets / "shards", *command[5:])
    for result in (found, here):
        del result["fast_path"]  # it is proven on the first batch that is left to run
    assert found == here


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("401", 401, "no credentials that work were found (Anonymous caller does not have access"),
        ("403", None, "access was denied (Forbidden: b/bucket"),
    ],
)
def test_googles_refusals_are_told_from_other_errors(kind: str, code: Any, said: str) -> None:
    """As gcsfs raises them; the emulator refuses nobody."""
    from gcsfs.retry import HttpError

    error: Exception = OSError("Forbidden: b/bucket/o\nno access")
    if code:
        error = HttpError({"code": code, "message": "Anonymous caller does not have access"})
    assert said in str(cloud.trouble("gs://bucket/val", error))


@pytest.mark.exhaustive
def test_objects_appear_whole_or_not_at_all(storage: Any, bucket: str) -> None:
    folder = ObjectFolder(f"{bucket}/whole")
    folder.make()
    assert folder.names() == set() and not folder.exists(RUN)
    assert folder.begin(RUN, "one") and not folder.begin(RUN, "two")
    assert folder.read(RUN, 3) == b"one"
    with pytest.raises(GluonportError, match="more than 2 bytes"):
        folder.read(RUN, 2)
    assert (folder.part(RUN, 1, 1), folder.part(RUN, 2, 9), folder.part(RUN, 9, 9)) == (
        b"n",
        b"e",
        b"",
    )
    piece = "a line\n" * 150_000

    def texts(ends: bool) -> Iterator[str]:
        for _ in range(40):
            yield piece
        if not ends:
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        folder.write("large", texts(False))
    assert folder.names() == {RUN}
    folder.write("large", texts(True))
    assert storage.cat_file(f"{bucket}/whole/large") == (piece * 40).encode()
    folder.remove("large")
    folder.remove("large")
    assert folder.names() == {RUN}
    with pytest.raises(FileNotFoundError):
        folder.read("large", 9)


@pytest.mark.exhaustive
def test_what_is_wrong_takes_one_line(
    uploaded: str,
    sets: Path,
    storage: Any,
    bucket: str,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = bucket.replace("bucket", "nowhere")
    data = "--allow-incomplete", "--data", f"{uploaded}/folders"
    assert f"there is no bucket {nowhere}" in refused(checkpoint, "--data", f"{nowhere}/val")
    assert f"there is no bucket {nowhere}" in refused(
        checkpoint, *data, "--ledger", f"{nowhere}/run"
    )
    assert "no such object or prefix" in refused(checkpoint, "--data", f"{uploaded}/none")
    assert "no such object: expected" in refused(checkpoint, "--data", f"{uploaded}/x-{{0..1}}.tar")
    assert "nothing there is known" in refused(
        checkpoint, "--data", f"{uploaded}/shards/_info.json"
    )
    storage.put(str(sets / "folders"), f"{bucket}/fading", recursive=True)
    storage.put(str(sets / "parquet"), f"{bucket}/fading-parquet", recursive=True)
    for path in ("fading", "fading-parquet"):
        dataset = open_dataset(f"{bucket}/{path}", model=MODEL)
        storage.rm(dataset.locations[0].path)
        with pytest.raises(DatasetError, match=rf"^{bucket}/.* was removed since it was listed"):
            dataset.read(0)
    storage.pipe_file(f"{bucket}/cut.parquet", b"PAR1" + bytes(50))
    with pytest.raises(DatasetError, match="not a whole Parquet file"):
        open_dataset(f"{bucket}/cut.parquet", model=MODEL)
    if bucket.startswith("gs"):
        return  # gcsfs asks Google's own server then, without credentials
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    forget()
    try:
        assert "no credentials that work were found" in refused(checkpoint, *data)
        assert "no credentials that work were found" in refused(
            checkpoint,
            "--data",
            sets / "folders",
            "--allow-incomplete",
            "--ledger",
            f"{bucket}/x",
        )
    finally:
        monkeypatch.undo()
        forget()
