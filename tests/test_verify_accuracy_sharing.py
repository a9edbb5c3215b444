"""What runs keep is known by what was read, shared while anybody lives, and never waited for."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gluonport
from architectures import find_model
from convert.formats.limits import MAX_PIXELS
from gluonport.commands.verify import main
from mappings.errors import GluonportError
from verify.accuracy.crops import CropCache
from verify.accuracy.hashing import Hashes, make_manifest
from verify.accuracy.identity import Identity
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import HashedImage, Manifest
from verify.accuracy.prediction import read_csv
from verify.accuracy.ranks import Ranks
from verify.accuracy.runner import Answers
from verify.datasets import LabelledImages, open_dataset

NAME = "gluon_seresnext8_digits"
MODEL = find_model(NAME)
ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300  # seconds for a process to come as far as a gate; a minute is slow


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    out = tmp_path / "digits.safetensors"
    gluonport.convert(NAME, out)
    return out


def measured(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["accuracy", NAME, *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


GATED = """
import sys
from verify.accuracy.runner import Answers
from gluonport.commands.verify import main

arrived, go_on, real = sys.argv[1], sys.argv[2], Answers.predict

def gated(self, chunk):
    if chunk == 5:
        with open(arrived, "w") as file:
            file.write("here")
        with open(go_on) as file:
            file.read(1)
    return real(self, chunk)

Answers.predict = gated
main(sys.argv[3:])
"""


class Gated:
    """A run that waits in its sixth chunk until it may go on."""

    def __init__(self, folder: Path, checkpoint: Path) -> None:
        gates = arrived, go_on = folder / "arrived", folder / "go-on"
        for gate in gates:
            os.mkfifo(gate)
        waiting, self.go_on = os.open(arrived, os.O_RDONLY | os.O_NONBLOCK), go_on
        command = [sys.executable, "-c", GATED, *map(str, gates), "accuracy", NAME, str(checkpoint)]
        self.process = subprocess.Popen(
            [*command, "--json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert select.select([waiting], [], [], PATIENCE)[0], "the run did not come to its gate"
        os.close(waiting)

    def finish(self) -> dict[str, Any]:
        gate = os.open(self.go_on, os.O_RDWR)  # opens before the run does
        os.write(gate, b"!")
        out, said = self.process.communicate(timeout=PATIENCE)
        os.close(gate)
        assert self.process.returncode == 0, said
        found: dict[str, Any] = json.loads(out)
        return found


@contextlib.contextmanager
def gated(folder: Path, checkpoint: Path) -> Iterator[Gated]:
    run = Gated(folder, checkpoint)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.communicate()


@pytest.mark.parametrize("other", [(), ("--limit", 40)], ids=["equal", "unequal"])
def test_a_run_that_ends_leaves_the_ledger_of_another_that_goes_on(
    checkpoint: Path, tmp_path: Path, other: tuple[object, ...]
) -> None:
    ledger = checkpoint.with_suffix(".accuracy.ledger")
    with gated(tmp_path, checkpoint) as run:
        (folder,) = ledger.iterdir()
        before = {path: path.read_bytes() for path in folder.glob("[0-9]*.csv")}
        assert before
        assert measured(checkpoint, *other)["images"] == (40 if other else 360)
        assert {path: path.read_bytes() for path in before} == before
        assert run.finish()["top1_correct"] == 352
    assert not ledger.exists()


def test_a_killed_run_goes_on_where_it_was(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, run_again, real = checkpoint.with_suffix(".accuracy.ledger"), [], Answers.predict
    with gated(tmp_path, checkpoint) as run:
        run.process.send_signal(signal.SIGKILL)
        run.process.wait()
    (folder,) = ledger.iterdir()
    kept = {int(path.stem) for path in folder.glob("[0-9]*.csv")}

    def watched(self: Answers, chunk: int) -> Any:
        run_again.append(chunk)
        return real(self, chunk)

    monkeypatch.setattr(Answers, "predict", watched)
    assert measured(checkpoint)["top1_correct"] == 352
    assert kept and not kept & {*run_again} and 5 in run_again
    assert not ledger.exists()


def test_what_killed_writers_left_in_a_ledger_is_no_chunk_and_goes(
    checkpoint: Path, tmp_path: Path
) -> None:
    """One was killed before its chunk appeared, another just after."""
    ledger = tmp_path / "ledger"
    options = (checkpoint, "--ledger", ledger, "--batch-size", 40)
    before = measured(*options)["top1_correct"]
    files = {path.name: path.read_bytes() for path in ledger.iterdir()}
    (ledger / "000002.csv").unlink()
    for name in ("000002.csv", "000003.csv", "run.json"):
        (ledger / f".{name}.partial").mkdir()
        (ledger / f".{name}.partial" / name).write_text("cut sh")
    assert measured(*options)["top1_correct"] == before
    assert {path.name: path.read_bytes() for path in ledger.iterdir()} == files


def test_the_record_names_the_data_and_not_where_it_lies(
    checkpoint: Path, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "scans").symlink_to(scans)
    monkeypatch.chdir(tmp_path)
    for data in ("client/scans", "client/../client/scans/", tmp_path / "client" / "scans"):
        assert measured(checkpoint, "--data", data, "--limit", 8)["data"] == "scans"
        assert "client" not in checkpoint.with_suffix(".accuracy.json").read_text()
    monkeypatch.chdir(tmp_path / "client" / "scans")
    assert measured(checkpoint, "--data", ".", "--limit", 8)["data"] == scans.name


def test_an_image_beyond_the_limit_is_named_with_the_reason_and_the_way_out(
    checkpoint: Path, scans: Path
) -> None:
    options = ["accuracy", NAME, str(checkpoint), "--data", str(scans), "--max-pixels", "63"]
    refused = CliRunner().invoke(main, [*options, "--limit", "8"])
    assert refused.exit_code == 1 and refused.stderr.count("\n") == 1
    assert "8 of 8 images do not decode" in refused.stderr
    assert "8 x 8 pixels, which is more than 63" in refused.stderr
    assert "--max-pixels 64" in refused.stderr


def write(root: Path, name: str, data: bytes) -> None:
    """Change a file, its size and its time of modification being what they were."""
    path = root / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # within one tick of the clock
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def shard(*images: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for k, image in enumerate(images):
            for name, data in ((f"{k}.cls", b"1"), (f"{k}.png", image)):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def layouts(root: Path, image: bytes) -> Iterator[tuple[str, Path | str]]:
    """Every way in which an image comes from a file whose name --data does not say."""
    write(root, "elsewhere/a.png", image)
    write(root, "plain/0/a.png", image)
    write(root, "single.tar", shard(b"same", image))
    for k in range(2):
        write(root, f"shards/val-{k}.tar", shard(b"%d" % k, image))
    for name, link in (
        ("linked/0", root / "elsewhere"),
        ("file/0/a.png", root / "elsewhere/a.png"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            path.symlink_to(link)
    yield "a folder", root / "plain"
    yield "a linked class folder", root / "linked"
    yield "a linked image", root / "file"
    yield "braces", f"{root}/shards/val-{{0..1}}.tar"
    yield "a glob", f"{root}/shards/val-*.tar"
    yield "a folder of shards", root / "shards"
    yield "an archive", root / "single.tar"


def hashes(data: Path | str, cache: Path) -> tuple[LabelledImages, list[str]]:
    dataset = open_dataset(data, model=MODEL, num_classes=2)
    manifest = make_manifest(dataset, range(len(dataset)), Ranks(), 1, cache)
    return dataset, [image.sha256 for image in manifest.images]


def test_remembered_hashes_are_of_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    for image in (b"first", b"later"):
        known = list(layouts(tmp_path / "data", image))
        for kind, data in known:
            dataset, found = hashes(data, cache)
            stored = [hashlib.sha256(dataset.read(k)).hexdigest() for k in range(len(dataset))]
            assert found == stored, kind
            assert hashlib.sha256(image).hexdigest() in found, kind
    monkeypatch.setattr(LabelledImages, "read", None)  # whatever has not changed is not read again
    for kind, data in known:
        assert hashes(data, cache)[1], kind


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, "[]", "3", '{"0/a.png": 3}', '{"0/a.png": "x"}', '{"0/a.png": {}}', ""],
)
def test_remembered_hashes_that_are_none_are_made_again(tmp_path: Path, content: str) -> None:
    write(tmp_path, "data/0/a.png", b"image")
    dataset, right = hashes(tmp_path / "data", tmp_path / "cache")
    Hashes(tmp_path / "cache", dataset).file.write_text(content)
    assert hashes(tmp_path / "data", tmp_path / "cache")[1] == right


def identity(**other: Any) -> Identity:
    values = {"model": NAME, "checkpoint_sha256": "", "regime": "gluon", "manifest_sha256": ""}
    values |= {"images": 1, "batch_size": 1, "max_pixels": MAX_PIXELS, "precision": "float32"}
    return Identity(**values | {"compiled": False, "device": "cpu", "versions": {}} | other)


MANIFEST = Manifest((HashedImage("0/a.png", "", 0, 1),))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "not valid JSON: it is nested too deeply"),
        ("[]", "holds a JSON array"),
        ("{}", "the ledger of another run"),
        (json.dumps(identity().as_json() | {"regime": "x" * 10_000}), "regime x.*, now gluon"),
        (json.dumps(identity().as_json() | {"versions": [[]] * 9999}), "versions"),
        (json.dumps(identity().as_json() | {"images": {"a": 1}}), "images"),
        ("\udcff", "not UTF-8"),
    ],
    ids=range(7),
)
def test_a_ledger_whose_identity_is_of_wrong_types_is_refused_in_one_line(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "run.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(GluonportError, match=said) as refusal:
        Ledger(tmp_path, identity(), MANIFEST, 5)
    assert len(str(refusal.value)) < 2000


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_regular_file_is_refused_wherever_a_run_keeps_something(
    tmp_path: Path, kind: str
) -> None:
    def plant(path: Path) -> None:
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")

    ledger = Ledger(tmp_path / "ledger", identity(), MANIFEST, 5)
    write(tmp_path, "data/0/a.png", b"image")
    remembered = Hashes(tmp_path / "cache", hashes(tmp_path / "data", tmp_path / "cache")[0])
    crops = CropCache(tmp_path / "cache", "gluon", MODEL, MAX_PIXELS)
    plant(ledger.path(0))
    plant(remembered.file)
    plant(crops.folder / "x.index")
    plant(tmp_path / "other.csv")
    for attempt in (
        ledger.missing,
        remembered.load,
        lambda: CropCache(tmp_path / "cache", "gluon", MODEL, MAX_PIXELS),
        lambda: read_csv(tmp_path / "other.csv"),
    ):
        with pytest.raises(GluonportError, match="no regular file"):
            attempt()
    plant(ledger.folder / "run.json")
    with pytest.raises(GluonportError, match="no regular file"):
        Ledger(ledger.folder, identity(), MANIFEST, 5)
