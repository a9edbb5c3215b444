"""convert/sources/zoo.py against a real HTTP server and GluonCV's own model store."""

from __future__ import annotations

import fcntl
import hashlib
import io
import random
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from convert.sources.download import BACKOFF
from convert.sources.zoo import fetch_gluon
from mappings.errors import DownloadError
from tests.support.loopback import Answer, Loopback, loopback

NAME = "resnet18_v1d_0.89"  # a name of the zoo, and a dot in it
PARAMS = random.Random(0).randbytes(300_000) + bytes(700_000)
SHA1 = hashlib.sha1(PARAMS).hexdigest()
STEM = f"{NAME}-{SHA1[:8]}"
MEMBER, PATH = f"{STEM}.params", f"/gluon/models/{STEM}.zip"
PROGRAM = (
    "import sys; from convert.sources.zoo import fetch_gluon; print(fetch_gluon(*sys.argv[1:]))"
)
COMMAND = [sys.executable, "-c", PROGRAM, NAME, SHA1]


def zipped(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with loopback() as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("MXNET_GLUON_REPO", server.url)
        server.files[PATH] = zipped(MEMBER, PARAMS)
        yield server


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the checkpoint belongs."""
    monkeypatch.setenv("MXNET_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models" / MEMBER


def left(cached: Path) -> set[str]:
    """Everything below the test's folder but the lock."""
    files = (file for file in cached.parents[2].rglob("*") if not file.is_dir())
    return {file.name for file in files if file.suffix != ".lock"}


def test_a_published_checkpoint_is_downloaded_once(server: Loopback, cached: Path) -> None:
    assert fetch_gluon(NAME, SHA1) == cached
    assert cached.read_bytes() == PARAMS
    assert left(cached) == {MEMBER}
    assert fetch_gluon(NAME, SHA1) == cached
    assert [seen.path for seen in server.seen] == [PATH]


def test_a_repository_may_end_in_a_slash(
    server: Loopback, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MXNET_GLUON_REPO", f"{server.url}/mirror/")
    server.files[f"/mirror{PATH}"] = server.files.pop(PATH)
    assert fetch_gluon(NAME, SHA1).read_bytes() == PARAMS


def test_the_cache_is_in_the_home_folder_unless_told_otherwise(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MXNET_HOME", raising=False)
    assert fetch_gluon(NAME, SHA1) == tmp_path / ".mxnet" / "models" / MEMBER
    monkeypatch.setenv("MXNET_HOME", "~/elsewhere")
    assert fetch_gluon(NAME, SHA1) == tmp_path / "elsewhere" / "models" / MEMBER


def test_a_cached_checkpoint_needs_neither_network_nor_write_access(
    server: Loopback, cached: Path
) -> None:
    cached.parent.mkdir(parents=True)
    cached.write_bytes(PARAMS)
    assert fetch_gluon(NAME, SHA1) == cached
    assert server.seen == []
    assert list(cached.parent.iterdir()) == [cached]


def test_a_wrong_cached_file_is_reported_and_replaced(
    server: Loopback, cached: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cached.parent.mkdir(parents=True)
    cached.write_bytes(PARAMS[:-1])
    assert fetch_gluon(NAME, SHA1).read_bytes() == PARAMS
    assert caplog.messages == [f"{cached}: its sha1 is not {SHA1}; downloading it again"]


def test_a_wrong_cached_file_stays_until_a_right_one_is_proven(
    server: Loopback, cached: Path
) -> None:
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"mine")
    server.files[PATH] = zipped(MEMBER, b"wrong")
    with pytest.raises(DownloadError):
        fetch_gluon(NAME, SHA1)
    assert cached.read_bytes() == b"mine"


@pytest.mark.parametrize("repository", ["", None])
def test_the_repository_is_that_of_mxnet_unless_told_otherwise(
    cached: Path, repository: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback() as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)  # nobody there: nothing leaves this machine
    for variable in ("https_proxy", "NO_PROXY", "no_proxy", "MXNET_GLUON_REPO"):
        monkeypatch.delenv(variable, raising=False)
    if repository is not None:
        monkeypatch.setenv("MXNET_GLUON_REPO", repository)
    with pytest.raises(DownloadError) as caught:
        fetch_gluon(NAME, SHA1, sleep=lambda _: None)
    host = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com"  # as in model_store.py
    assert str(caught.value).startswith(f"{host}{PATH}: Connection refused")


def test_only_the_whole_hash_proves_a_file(server: Loopback, cached: Path) -> None:
    cached.parent.mkdir(parents=True)
    cached.write_bytes(PARAMS)
    with pytest.raises(DownloadError) as caught:
        fetch_gluon(NAME, wrong := SHA1[:8] + "0" * 32)
    for what in (server.url + PATH, f"has sha1 {SHA1}", f"with sha1 {wrong}"):
        assert what in str(caught.value)
    assert left(cached) == {MEMBER}


def test_a_zip_that_is_not_the_published_one_is_refused_and_not_kept(
    server: Loopback, cached: Path
) -> None:
    server.files[PATH] = b"<!DOCTYPE html>"
    with pytest.raises(DownloadError, match=f"^{server.url}{PATH}: not the published zip: File is"):
        fetch_gluon(NAME, SHA1)
    assert left(cached) == set()
    assert len(server.seen) == 1


def test_a_failure_says_what_where_and_what_to_do(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback() as server:
        monkeypatch.setenv("MXNET_GLUON_REPO", server.url)  # and nobody there any more
    waits: list[float] = []
    with pytest.raises(DownloadError) as caught:
        fetch_gluon(NAME, SHA1, sleep=waits.append)
    assert str(caught.value) == (
        f"{server.url}{PATH}: Connection refused; gave up after 5 attempts in a row; "
        f"expected the file {MEMBER} with sha1 {SHA1}: put it at {cached}, "
        "name a mirror in MXNET_GLUON_REPO, or give a file with --from FILE"
    )
    assert waits == list(BACKOFF)


def test_an_unusable_cache_folder_is_one_line_too(server: Loopback, cached: Path) -> None:
    cached.parents[1].write_bytes(b"a file where a folder should be")
    with pytest.raises(DownloadError, match=rf"Not a directory.*{cached}"):
        fetch_gluon(NAME, SHA1)


def test_a_killed_download_resumes(server: Loopback, cached: Path) -> None:
    # More than the sockets' buffers can hold, so that some of it is on disk (tcp_rmem, tcp_wmem).
    params = random.Random(1).randbytes(80 << 20)
    sha1 = hashlib.sha1(params).hexdigest()
    stem = f"{NAME}-{sha1[:8]}"
    body = zipped(f"{stem}.params", params, zipfile.ZIP_STORED)
    server.files[f"/gluon/models/{stem}.zip"] = body
    server.answers = [Answer(cut=64 << 20, hang=True), Answer()]
    child = subprocess.Popen([*COMMAND[:-1], sha1])
    assert server.hanging.wait(60)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    kept = (cached.parent / f"{stem}.zip.partial").stat().st_size

    assert fetch_gluon(NAME, sha1).read_bytes() == params
    assert 0 < kept == len(body) - server.seen[1].sent
    assert server.seen[1].range == f"bytes={kept}-"
    assert left(cached) == {f"{stem}.params"}


def test_two_processes_download_once(server: Loopback, cached: Path) -> None:
    both_there = Event()
    server.answers = [Answer(after=both_there)]
    first = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True)
    assert server.arrived.wait(60)
    second = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    assert second.stderr.readline().startswith("waiting for another process")
    both_there.set()
    assert [child.communicate()[0] for child in (first, second)] == [f"{cached}\n"] * 2
    assert cached.read_bytes() == PARAMS
    assert len(server.seen) == 1


def test_a_download_of_gluoncv_is_waited_for(server: Loopback, cached: Path) -> None:
    cached.parent.mkdir(parents=True)
    with cached.with_name(f"{STEM}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as portalocker does for GluonCV
        cached.write_bytes(PARAMS[:1000])  # GluonCV inflates in place
        child = subprocess.Popen(COMMAND, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stderr is not None
        assert child.stderr.readline().startswith("waiting for another process")
        cached.write_bytes(PARAMS)
    assert child.communicate() == (f"{cached}\n", "")
    assert server.seen == []


def gluoncv() -> Path:
    """Where GluonCV itself has the checkpoint, after downloading it if it wants to."""
    script = Path(__file__).parent / "support" / "gluoncv_model_store.py"
    command = ["uv", "run", "--quiet", "--script", str(script), NAME, SHA1]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


def test_gluoncv_accepts_what_we_cached(server: Loopback, cached: Path) -> None:
    fetch_gluon(NAME, SHA1)
    assert gluoncv() == cached
    assert len(server.seen) == 1


def test_we_accept_what_gluoncv_cached(server: Loopback, cached: Path) -> None:
    assert gluoncv() == cached
    assert [seen.path for seen in server.seen] == [PATH]
    assert fetch_gluon(NAME, SHA1) == cached
    assert len(server.seen) == 1
