"""Images that processes read are answered as those that this process reads, errors included."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

import gluonport
from architectures import find_model
from gluonport.commands.verify import main
from mappings.errors import AccuracyError
from tests.support.process_groups import running_group
from verify.accuracy import measure
from verify.accuracy.prepare import Prepared, prepare
from verify.accuracy.ranks import Ranks
from verify.accuracy.readers import InThisProcess, Readers, open_readers
from verify.accuracy.reading import Reader
from verify.accuracy.reading_processes import InProcesses, reading_processes
from verify.accuracy.task import Task
from verify.datasets import LabelledImages

NAME = "gluon_seresnext8_digits"
MODEL = find_model(NAME)
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    out = tmp_path / "digits.safetensors"
    gluonport.convert(NAME, out)
    return out


@pytest.fixture
def tree(scans: Path, tmp_path: Path) -> Path:
    """The scans, some of which are broken, each in another way."""
    tree = tmp_path / "tree"
    shutil.copytree(scans, tree)
    for k, path in enumerate(sorted(tree.rglob("*.png"))[5:300:40]):
        data = path.read_bytes()
        path.write_bytes([b"", data[:40], data[:-30], b"\xff\xd8\xff" + data][k % 4])
    return tree


@pytest.fixture
def by_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes read whatever this process would."""

    @contextlib.contextmanager
    def opened(reader: Reader, device: object, workers: int, images: int, batch: int) -> Any:
        with reading_processes(reader, 2, 3, batch) as readers:
            yield readers

    monkeypatch.setattr(measure, "open_readers", opened)


def prepared(checkpoint: Path, data: Path, cache: Path | None = None) -> Prepared:
    asked = Task(MODEL, checkpoint, "gluon", data, device="cpu", cache=cache, allow_incomplete=True)
    return prepare(asked, Ranks())


def crops(readers: Readers, run: Prepared, size: int = 50) -> list[bytes | None]:
    """Every crop's bytes, from chunks that three threads ask for at once."""

    def read(span: range) -> list[bytes | None]:
        images: Sequence[Any] = [run.manifest.images[k] for k in span]
        with readers.crops(images, [run.positions[k] for k in span]) as found:
            return [None if crop is None else crop.tobytes() for crop in found]

    with ThreadPoolExecutor(3) as pool:
        return [crop for chunk in pool.map(read, run.manifest.chunks(size)) for crop in chunk]


def processes() -> set[int]:
    """The processes that this one started and that live, without multiprocessing's tracker."""
    return {child.pid or 0 for child in multiprocessing.active_children()}


def archived(tree: Path) -> Path:
    path = tree.with_suffix(".tar")
    with tarfile.open(path, "w") as archive:
        archive.add(tree, ".")
    return path


def shard(tree: Path) -> Path:
    path = tree.with_name("shard.tar")
    with tarfile.open(path, "w") as archive:
        for k, image in enumerate(sorted(tree.rglob("*.png"))):
            parts = (("cls", image.parent.name.encode()), ("png", image.read_bytes()))
            for suffix, data in parts:
                member = tarfile.TarInfo(f"{k:04}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return path


EXHAUSTIVE = pytest.mark.exhaustive


@pytest.mark.parametrize(
    "layout",
    [archived, pytest.param(shard, marks=EXHAUSTIVE), pytest.param(Path, marks=EXHAUSTIVE)],
)
def test_processes_make_the_crops_of_this_process_and_leave_nothing_but_the_cache(
    checkpoint: Path, tree: Path, tmp_path: Path, layout: Callable[[Path], Path]
) -> None:
    data = layout(tree)
    run = prepared(checkpoint, data)
    right = crops(InThisProcess(run.reader), run)
    assert 0 < right.count(None) < 20 and len(right) == 360
    before, cached = processes(), prepared(checkpoint, data, tmp_path / "cache")
    with reading_processes(cached.reader, 2, 3, 50) as readers:
        assert crops(readers, cached) == right
    assert not processes() - before
    again = prepared(checkpoint, data, tmp_path / "cache")
    assert crops(InThisProcess(again.reader), again) == right
    maker = again.reader.maker
    assert maker.cache and all(
        (maker.cache.get(image.sha256) is None) == (crop is None)
        for image, crop in zip(again.manifest.images, right, strict=True)
    )


def test_the_command_gives_the_same_answers_and_errors_by_processes(
    checkpoint: Path, tree: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    said = []
    for name in ("here", "there"):
        if name == "there":
            request.getfixturevalue("by_processes")
        options = ["accuracy", NAME, str(checkpoint), "--data", str(tree), "--device", "cpu"]
        options += ["--ledger", str(tmp_path / name)]
        refused = CliRunner().invoke(main, options)
        csv = tmp_path / f"{name}.csv"
        more = ["--predictions", str(csv), "--allow-incomplete", "--json"]
        found = CliRunner().invoke(main, [*options, *more])
        files = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        assert refused.exit_code == 1 and refused.stderr.count("\n") == 1
        said.append((refused.stderr, found.exit_code, found.stdout, csv.read_bytes(), files))
    assert said[0] == said[1] and json.loads(said[0][2])["undecoded"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("what", ["changed", "gone", "shorter"])
def test_an_image_that_changes_is_refused_in_the_same_words(
    checkpoint: Path, tree: Path, what: str
) -> None:
    run = prepared(checkpoint, archived(tree) if what == "shorter" else tree)
    path = Path(run.dataset.locations[200].path)
    if what == "changed":
        path.write_bytes(b"other"[::-1] + path.read_bytes()[5:])
    elif what == "shorter":
        os.truncate(path, 100_000)
    else:
        path.unlink()
    with reading_processes(run.reader, 2, 3, 50) as readers:
        said = []
        for one in (InThisProcess(run.reader), readers):
            with pytest.raises(Exception) as refusal:
                crops(one, run)
            said.append((type(refusal.value), str(refusal.value)))
    assert said[0] == said[1] and path.name in said[0][1]


def test_a_killed_process_is_an_error_and_never_waited_for(checkpoint: Path, tree: Path) -> None:
    run, before = prepared(checkpoint, tree), processes()
    with (
        pytest.raises(AccuracyError, match="a process that reads images was killed"),
        reading_processes(run.reader, 2, 3, 50) as readers,
    ):
        crops(readers, run)
        os.kill(min(processes() - before), signal.SIGKILL)
        while True:  # until the news has come
            crops(readers, run)
    assert not processes() - before


FOREVER = """
import multiprocessing, sys
from pathlib import Path
from architectures import find_model
from verify.accuracy.prepare import prepare
from verify.accuracy.ranks import Ranks
from verify.accuracy.reading_processes import reading_processes
from verify.accuracy.task import Task

asked = Task(find_model(sys.argv[1]), Path(sys.argv[2]), "gluon", device="cpu")
run = prepare(asked, Ranks())
with reading_processes(run.reader, 2, 2, 40) as readers:
    with readers.crops(run.manifest.images[:40], run.positions[:40]) as found:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def forever(checkpoint: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", FOREVER, NAME, str(checkpoint)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with running_group(command, **pipes) as run:
        yield run


@pytest.mark.parametrize(
    "sent",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.exhaustive),
        pytest.param(signal.SIGINT, marks=pytest.mark.exhaustive),
    ],
)
def test_processes_end_with_the_one_that_started_them(
    forever: subprocess.Popen[str], sent: signal.Signals
) -> None:
    assert forever.stdout
    children = [int(pid) for pid in forever.stdout.readline().split()]
    assert 1 <= len(children) <= 2  # the second begins only if the first is busy
    os.killpg(forever.pid, sent) if sent == signal.SIGINT else forever.send_signal(sent)
    _, said = forever.communicate()  # returns when no process has these pipes any more
    assert said.count("Traceback") == (sent == signal.SIGINT), said


def test_a_gpu_with_cores_and_images_enough_is_fed_by_processes(
    checkpoint: Path, tree: Path
) -> None:
    reader, gpu = prepared(checkpoint, tree).reader, torch.device("cuda")
    for device, workers, images, batch, kind in (
        (gpu, 4, 1024, 64, InProcesses),
        (gpu, 3, 1024, 64, InThisProcess),
        (gpu, 4, 1023, 64, InThisProcess),
        (gpu, 4, 10**6, 10**6, InThisProcess),
        (torch.device("cpu"), 4, 1024, 64, InThisProcess),
    ):
        with open_readers(reader, device, workers, images, batch) as readers:
            assert type(readers) is kind


def test_what_processes_are_sent_is_small(
    checkpoint: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set of millions of images is never sent to a process."""
    run = prepared(checkpoint, tree)
    monkeypatch.setattr(LabelledImages, "__reduce_ex__", None)
    with reading_processes(run.reader, 1, 3, 50) as readers:
        assert len(crops(readers, run)) == 360
