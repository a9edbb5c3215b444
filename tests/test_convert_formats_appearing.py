"""convert/formats/appearing.py: whole or not at all, and never through a link."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from convert.formats import staging
from convert.formats.appearing import appearing, appearing_folder, write_text
from mappings.errors import WriteError
from tests.support.needs import need_root

WAIT = 120  # seconds: a deadline for what takes none


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def write_file(target: Path) -> None:
    with appearing(target) as (partial,):
        partial.write_bytes(b"new")


def write_folder(target: Path) -> None:
    with appearing_folder(target) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_bytes(b"new")


def write_record(target: Path) -> None:
    write_text(target, "new")


WRITERS = [write_file, write_folder, write_record]
Writer = Callable[[Path], None]


def linked_folder(path: Path) -> None:
    path.symlink_to(path.parent.parent / "theirs", target_is_directory=True)


def linked_file(path: Path) -> None:
    path.symlink_to(path.parent.parent / "theirs" / "file")


def dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def another_file(path: Path) -> None:
    path.write_bytes(b"theirs")


PLANTED = [linked_folder, linked_file, dangling_link, another_file, os.mkfifo]


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("write", WRITERS)
def test_what_is_planted_at_the_staging_folder_is_refused_and_left_alone(
    write: Writer, plant: Writer, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_bytes(b"theirs")
    (tmp_path / "ours").mkdir()
    planted = tmp_path / "ours" / ".a.partial"
    plant(planted)
    before = planted.lstat()
    with pytest.raises(WriteError, match=rf"a: the unfinished file is kept in .*{planted.name}"):
        write(tmp_path / "ours" / "a")
    assert os.path.samestat(planted.lstat(), before)
    assert files(tmp_path / "ours") == {planted.name}
    assert (tmp_path / "theirs" / "file").read_bytes() == b"theirs"
    assert files(tmp_path / "theirs") == {"file"}


@pytest.mark.parametrize("write", WRITERS)
def test_a_staging_folder_of_another_user_is_refused(write: Writer, tmp_path: Path) -> None:
    need_root("gives folders away")
    theirs = tmp_path / ".a.partial"
    theirs.mkdir()
    (theirs / "file").write_bytes(b"theirs")
    os.chown(theirs, 12345, 12345)
    with pytest.raises(WriteError, match=r"a folder of another user"):
        write(tmp_path / "a")
    assert files(tmp_path) == {".a.partial", ".a.partial/file"}


@pytest.mark.parametrize("write", WRITERS)
def test_what_a_killed_run_left_is_removed_and_links_in_it_are_not_followed(
    write: Writer, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_bytes(b"theirs")
    left = tmp_path / ".a.partial"
    (left / "a" / "inner").mkdir(parents=True)
    (left / "a" / "inner" / "link").symlink_to(tmp_path / "theirs")
    (left / "link").symlink_to(tmp_path / "theirs")
    (left / ".tmp123").write_bytes(b"left behind")
    write(tmp_path / "a")
    assert not left.exists() and (tmp_path / "a").exists()
    assert (tmp_path / "theirs" / "file").read_bytes() == b"theirs"


def test_nobody_else_can_enter_the_staging_folder(tmp_path: Path) -> None:
    (tmp_path / ".a.partial").mkdir(mode=0o777)
    (tmp_path / ".a.partial").chmod(0o777)
    with appearing(tmp_path / "a") as (partial,):
        assert partial.parent.stat().st_mode & 0o777 == 0o700
        partial.write_bytes(b"new")


@pytest.mark.parametrize("target", ["a", "b"])
def test_a_link_that_was_written_is_no_file(target: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    with pytest.raises(OSError) as caught:
        if target == "a":
            with appearing(tmp_path / "a") as (partial,):
                partial.symlink_to(tmp_path / "theirs")
        else:
            with appearing_folder(tmp_path / "b") as folder:
                (folder / "link").symlink_to(tmp_path / "theirs")
    assert caught.value.errno == errno.ELOOP
    assert files(tmp_path) == {"theirs"}


def test_a_target_that_appears_at_the_last_moment_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, target = tmp_path / "a.json", tmp_path / "a.bin"
    record.write_text("theirs")
    link = os.link

    def late(*arguments: Any, **options: Any) -> None:
        target.write_text("theirs")
        link(*arguments, **options)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(WriteError, match="already exists: --force replaces it"):
        with appearing(record, target, replacing=False) as (first, second):
            first.write_text("ours")
            second.write_text("ours")
    assert (record.read_text(), target.read_text()) == ("theirs", "theirs")
    assert files(tmp_path) == {"a.json", "a.bin"}


@pytest.mark.parametrize("links", [True, False])
def test_a_dangling_link_is_in_the_way_too(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system has hard links, and where it has none."""

    def no_links(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "a.bin"
    target.symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        if target.is_symlink():
            with pytest.raises(WriteError, match="already exists"):
                with appearing(target, replacing=False) as (partial,):
                    partial.write_text("new")
            assert files(tmp_path) == {"a.bin"}
            target.unlink()
        else:
            with appearing(target, replacing=False) as (partial,):
                partial.write_text("new")
    assert target.read_text() == "new" and target.stat().st_nlink == 1


def test_a_text_waits_for_who_is_writing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, asked, flock = tmp_path / "a.json", threading.Event(), fcntl.flock
    with appearing(target) as (partial,):
        partial.write_text("first")

        def tell(handle: int, operation: int) -> None:
            asked.set()
            flock(handle, operation)

        monkeypatch.setattr(staging.fcntl, "flock", tell)
        second = threading.Thread(target=write_text, args=(target, "second"))
        second.start()
        assert asked.wait(WAIT)
    second.join(WAIT)
    assert target.read_text() == "second"
    assert files(tmp_path) == {"a.json"}


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("write", WRITERS)
def test_files_have_the_mode_of_a_new_file(write: Writer, umask: int, tmp_path: Path) -> None:
    program = f"import sys; from pathlib import Path; from {__name__} import {write.__name__}; "
    program += f"{write.__name__}(Path(sys.argv[1]) / 'a')"
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], umask=umask, check=True)
    found = {path.is_dir(): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert found.pop(False) == 0o666 & ~umask
    assert set(found.values()) <= {0o777 & ~umask}


def test_a_library_that_writes_for_its_owner_alone_is_corrected(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "")
    with appearing(tmp_path / "a") as (partial,):
        partial.touch(0o600)
    with appearing_folder(tmp_path / "b") as folder:
        (folder / "file").touch(0o700)
    modes = {p.stat().st_mode for p in (tmp_path / "text", tmp_path / "a", tmp_path / "b" / "file")}
    assert len(modes) == 1


KILLED = f"""
import sys
from pathlib import Path
from {__name__.rpartition(".")[0]}.test_convert_formats_appearing import WRITERS
from convert.formats import appearing

def gate(*_):
    print("reached", flush=True)
    sys.stdin.read()

appearing.{{step}} = gate
WRITERS[int(sys.argv[1])](Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", ["_complete", "Staging.move"])
@pytest.mark.parametrize("write", WRITERS)
def test_many_kills_leave_one_staging_folder_and_the_next_run_none(
    write: Writer, step: str, tmp_path: Path
) -> None:
    target = tmp_path / "a"
    program = KILLED.format(step=step)
    command = [sys.executable, "-c", program, str(WRITERS.index(write)), str(target)]
    for _ in range(3):
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "reached\n"
            child.kill()
        assert {path.name for path in tmp_path.iterdir()} == {".a.partial"}
    write(target)
    assert {path.name for path in tmp_path.iterdir()} == {"a"}


@pytest.mark.parametrize("there", ["file", "link", "full"])
def test_a_folder_takes_the_place_of_nothing_but_an_empty_folder(
    there: str, tmp_path: Path
) -> None:
    target = tmp_path / "a"
    if there == "file":
        target.write_bytes(b"theirs")
    elif there == "link":
        (tmp_path / "empty").mkdir()
        target.symlink_to(tmp_path / "empty")
    else:
        target.mkdir()
        (target / "file").write_bytes(b"theirs")
    before = files(tmp_path)
    with pytest.raises(WriteError, match=r"is not a folder|is not empty"):
        write_folder(target)
    assert files(tmp_path) == before


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_folder(tmp_path / "a")
    assert files(tmp_path) == {"a", "a/inner", "a/inner/file"}


@pytest.mark.parametrize("write", [write_file, write_record])
def test_a_name_with_nul_is_one_clear_error(write: Writer, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="cannot hold the character NUL"):
        write(tmp_path / "a\0b")


@pytest.mark.parametrize("write", WRITERS)
def test_nothing_is_left_of_a_block_that_fails(write: Writer, tmp_path: Path) -> None:
    blocks: list[AbstractContextManager[Any]] = [appearing(tmp_path / "a", tmp_path / "b")]
    blocks.append(appearing_folder(tmp_path / "c"))
    for block in blocks:
        with pytest.raises(ZeroDivisionError), block as staged:
            path = staged[0] if isinstance(staged, tuple) else staged / "file"
            path.write_bytes(b"half of it")
            1 / 0  # noqa: B018
        assert files(tmp_path) == set()


def test_a_folder_that_cannot_be_written_is_told_by_the_name_of_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), ".out.partial")

    monkeypatch.setattr(staging.os, "mkdir", fail)
    with pytest.raises(OSError, match="Read-only") as caught, appearing(tmp_path / "out"):
        pass
    assert caught.value.filename == str(tmp_path / "out")
