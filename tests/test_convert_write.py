"""A target appears whole or not at all, whatever happens to the process and the disk."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

import gluonport
from architectures import find_model
from convert import proven, reread
from convert.formats.appearing import appearing
from convert.formats.given_values import Values
from convert.proven import _require_readable, _save
from convert.reread import Reread
from mappings.errors import ConversionError, WriteError
from tests.support.needs import cannot_run
from tests.support.params_writer import dense, params

NAME = "gluon_resnext50_32x4d"
STAGES = {  # what a conversion is about to do, and what stands in the staging folder by then
    "_save": set(),
    "_require_readable": {"out.safetensors"},
    "provenance_text": {"out.safetensors"},
}
GATE = """
import sys
from convert import proven, transfer
from gluonport.commands.convert import main
stage = sys.argv.pop(1)
room = proven if hasattr(proven, stage) else transfer
step = getattr(room, stage)

def gate(*arguments, **options):
    print("reached", flush=True)
    sys.stdin.read()
    return step(*arguments, **options)

setattr(room, stage, gate)
main()
"""
WAIT = 300  # seconds: a deadline for what takes a few


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkpoint of 100 MB, so that there is time to interrupt its conversion."""
    model = find_model(NAME)
    random = np.random.default_rng(0)
    sized = model.sized()
    arrays = {
        name: random.random(sized[target], np.float32)
        for name, target in model.table.targets.items()
    }
    path = tmp_path_factory.mktemp("source") / "source.params"
    path.write_bytes(params([dense(array) for array in arrays.values()], list(arrays)))
    yield path
    shutil.rmtree(path.parent)


@pytest.fixture(scope="module")
def complete(source: Path) -> str:
    """sha256 of what a conversion that nothing disturbs leaves."""
    return gluonport.convert(NAME, source.with_name("out.safetensors"), source).target_sha256


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "out.safetensors"
    shutil.rmtree(tmp_path)  # pytest keeps the folders of the last runs


def command(source: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "convert", NAME, str(out), "--from", str(source), *options]


def start(source: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(source, out, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )


def heed_ctrl_c() -> None:
    """Undo what a job in the background inherits: it ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compare(path: Path, values: Mapping[str, Values]) -> Mapping[str, int]:
    """Where each tensor begins in a file that holds these values."""
    with Reread(path, values) as whole:
        whole.finish()
    return whole.offsets


def assert_whole(out: Path, complete: str) -> None:
    """The target and its provenance, and nothing else."""
    assert files(out.parent) == {"out.safetensors", "out.provenance.json"}
    assert sha256(out) == complete
    provenance = json.loads(out.with_name("out.provenance.json").read_text())
    assert provenance["target_sha256"] == complete


def assert_refused(process: subprocess.Popen[str]) -> str:
    said, error = process.communicate(timeout=WAIT)
    assert (process.returncode, said) == (1, "")
    assert error.startswith("error: ") and error.count("\n") == 1
    return error


def started_up_to(stage: str, source: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """A conversion that has reached a stage, and waits there."""
    arguments = command(source, out, *options)[3:]
    process = subprocess.Popen(
        [sys.executable, "-c", GATE, stage, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    assert process.stdout is not None and process.stdout.readline() == "reached\n"
    assert files(out.parent) == {".out.safetensors.partial"}
    assert files(out.parent / ".out.safetensors.partial") == STAGES[stage]
    return process


def test_targets_appear_together_in_place_of_the_old_when_the_block_ends(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    with appearing(tmp_path / "a.json", tmp_path / "a.bin") as (first, second):
        first.write_text("{}")
        second.write_bytes(b"new")
        assert files(tmp_path) == {".a.bin.partial", "a.bin"}
        assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert files(tmp_path) == {"a.json", "a.bin"}
    assert (tmp_path / "a.bin").read_bytes() == b"new"


def test_a_target_that_appears_meanwhile_is_replaced_only_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.safetensors"

    def and_somebody_writes(*arguments: Any) -> None:
        _require_readable(*arguments)
        out.write_bytes(b"theirs")

    monkeypatch.setattr(proven, "_require_readable", and_somebody_writes)
    with pytest.raises(WriteError, match="already exists: --force replaces it"):
        gluonport.convert("gluon_seresnext8_digits", out)
    assert out.read_bytes() == b"theirs" and files(tmp_path) == {out.name}
    gluonport.convert("gluon_seresnext8_digits", out, force=True)
    assert out.read_bytes() != b"theirs"


def test_a_planted_staging_folder_costs_nobody_a_file(out: Path) -> None:
    theirs = out.parent / "theirs"
    theirs.mkdir()
    (theirs / "precious").write_bytes(b"theirs")
    (out.parent / ".out.safetensors.partial").symlink_to(theirs)
    done = subprocess.run(
        [sys.executable, "-m", "convert", "gluon_seresnext8_digits", str(out)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "something else stands there" in done.stderr
    assert files(out.parent) == {"theirs", ".out.safetensors.partial"}
    assert (theirs / "precious").read_bytes() == b"theirs"


def test_a_target_that_is_being_written_is_refused_to_others(source: Path, out: Path) -> None:
    with appearing(out) as (partial,):
        partial.write_bytes(b"mine")
        assert "another process is writing it" in assert_refused(start(source, out))
        assert partial.read_bytes() == b"mine"
    assert out.read_bytes() == b"mine"


def test_of_two_at_once_one_is_refused_or_both_are_whole(
    source: Path, out: Path, complete: str
) -> None:
    both = [start(source, out, "--force") for _ in range(2)]
    ends = [(process.communicate(timeout=WAIT)[1], process.returncode) for process in both]
    assert sorted(code for _, code in ends) in ([0, 0], [0, 1])
    assert all("another process is writing it" in error for error, code in ends if code)
    assert_whole(out, complete)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_kill_9_leaves_the_target_absent_and_the_next_run_clears_up(
    stage: str, dtype: str, source: Path, out: Path
) -> None:
    process = started_up_to(stage, source, out, "--dtype", dtype)
    process.kill()
    process.communicate(timeout=WAIT)
    assert process.returncode == -signal.SIGKILL
    assert files(out.parent) == {".out.safetensors.partial"}
    done = gluonport.convert(NAME, out, source, dtype=dtype)  # type: ignore[arg-type]
    assert_whole(out, done.target_sha256)


def test_kill_9_at_any_moment_leaves_the_old_target_or_the_new(
    source: Path, out: Path, complete: str
) -> None:
    begin = time.monotonic()
    subprocess.run(command(source, out), check=True, capture_output=True)
    lasts = time.monotonic() - begin
    out.write_bytes(b"old")
    moments = random.Random(0)
    for _ in range(6):
        process = start(source, out, "--force")
        try:
            process.communicate(timeout=moments.uniform(0, lasts))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        assert out.read_bytes() == b"old" or sha256(out) == complete
    subprocess.run(command(source, out, "--force"), check=True, capture_output=True)
    assert_whole(out, complete)


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_leaves_nothing(stage: str, source: Path, out: Path) -> None:
    process = started_up_to(stage, source, out)
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=WAIT)
    assert (process.returncode, said) == (1, "") and "Traceback" not in error
    assert files(out.parent) == set()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """``disk(size)``: a file system of so many bytes, empty."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(size: int) -> Path:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            cannot_run(f"a small file system cannot be mounted here: {error}")
        return folder

    yield mounted
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("size", [1 << 16, 20_000_000, 40_000_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    size: int, dtype: str, source: Path, disk: Callable[[int], Path]
) -> None:
    out = disk(size) / "out.safetensors"
    error = assert_refused(start(source, out, "--dtype", dtype))
    assert "out.safetensors: cannot be written: " in error
    assert "No space left on device" in error and "nothing was kept" in error
    assert files(out.parent) == set()


def test_a_disk_with_no_room_for_the_provenance_is_full_too(
    source: Path, disk: Callable[[int], Path]
) -> None:
    target = source.with_name("out.safetensors")
    gluonport.convert(NAME, target, source, force=True)
    out = disk(target.stat().st_size + 8192) / "out.safetensors"
    assert "No space left on device" in assert_refused(start(source, out))
    assert files(out.parent) == set()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_limit_on_the_size_of_files_is_one_line_too(dtype: str, source: Path, out: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000_000, limits[1]))  # a child inherits it
    try:
        error = assert_refused(start(source, out, "--dtype", dtype))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "out.safetensors: cannot be written: " in error and "File too large" in error
    assert files(out.parent) == set()


def test_a_forced_conversion_that_fails_leaves_the_old_target(source: Path, out: Path) -> None:
    damaged = source.with_name("damaged.params")
    content = bytearray(source.read_bytes())
    content[24 + 24 + 8 * 4 : 24 + 24 + 8 * 4 + 4] = np.float32(np.nan).tobytes()
    damaged.write_bytes(content)
    out.write_bytes(b"old")
    before = out.stat()
    assert "holds nan at flat index 0" in assert_refused(start(damaged, out, "--force"))
    assert out.read_bytes() == b"old"
    assert (out.stat().st_ino, out.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(out.parent) == {"out.safetensors"}


@pytest.mark.parametrize("dtype", ["float32", "float16", ml_dtypes.bfloat16, "int64"])
def test_a_file_that_rereads_otherwise_than_it_was_written_is_refused(
    dtype: Any, tmp_path: Path
) -> None:
    arrays = {"a": np.ones(300_000, dtype), "b": np.zeros((), dtype), "c": np.zeros(0, dtype)}
    if dtype != "int64":
        arrays["a"][7] = np.nan  # as equal to itself as any other value
    path = tmp_path / "out.safetensors"
    values = {name: Values.of(array) for name, array in arrays.items()}
    digests = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    assert _save(values, path, lambda size: None) == (sha256(path), digests)
    save_file(arrays, path, metadata={"format": "pt"})
    sizes: list[int] = []
    assert sha256(path) == _save(values, tmp_path / "again.safetensors", sizes.append)[0]
    assert sizes == sorted(sizes) and sizes[-1] == path.stat().st_size
    offsets = compare(path, values)
    _require_readable(path, values, offsets)
    with pytest.raises(ConversionError, match="tensor 'a' is reread from another place"):
        _require_readable(path, values, {**offsets, "a": offsets["a"] + 1})
    fewer = replace(values["a"], again=lambda: iter(list(values["a"].parts())[:1]))
    with pytest.raises(ConversionError, match="tensor 'a' reread differs"):
        compare(path, {**values, "a": fewer})
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x80  # of floats, the sign of a zero
    path.write_bytes(content)
    with pytest.raises(ConversionError, match="tensor 'b' reread differs from what was written"):
        compare(path, values)
    content[-1] ^= 0x80
    content[content.index(b'"pt"') + 1] = ord("t")
    path.write_bytes(content)
    with pytest.raises(ConversionError, match="what is beside the tensors reread differs"):
        compare(path, values)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_same_input_gives_the_same_bytes(dtype: str, source: Path, tmp_path: Path) -> None:
    outs = [tmp_path / folder / "out.safetensors" for folder in "ab"]
    for out in outs:
        out.parent.mkdir()
        subprocess.run(command(source, out, "--dtype", dtype), check=True, capture_output=True)
    for name in ("out.safetensors", "out.provenance.json"):
        first, second = (out.with_name(name).read_bytes() for out in outs)
        assert first == second
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_mode_of_the_files_follows_the_umask(
    umask: int, mode: int, source: Path, out: Path
) -> None:
    subprocess.run(command(source, out), umask=umask, check=True, capture_output=True)
    for path in out.parent.iterdir():
        assert path.stat().st_mode & 0o777 == mode


def test_what_the_disk_damages_while_the_file_is_synced_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaging(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[-1] ^= 0x80
        path.write_bytes(content)

    monkeypatch.setattr(reread, "sync", damaging)
    with pytest.raises(ConversionError, match="reread differs from what was written"):
        gluonport.convert("gluon_seresnext8_digits", tmp_path / "out.safetensors")
    assert files(tmp_path) == set()


def test_what_is_on_disk_is_compared_before_the_rest_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reread, "STEP", 1)
    arrays = {"a": np.ones(300_000, np.float32), "b": np.ones(300_000, np.float32)}
    values = {name: Values.of(array) for name, array in arrays.items()}
    path = tmp_path / "out.safetensors"
    sizes: list[int] = []
    _save(values, path, sizes.append)
    content = bytearray(path.read_bytes()[: sizes[0] + reread.PAGE])
    content[sizes[0] - 1] ^= 0x80
    path.write_bytes(content)
    with Reread(path, values) as behind:
        behind.written(len(content))
        with pytest.raises(ConversionError, match="tensor 'a' reread differs"):
            behind.finish()
