"""convert/sources/download.py against a real HTTP server."""

from __future__ import annotations

import itertools
import os
import pty
import random
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Semaphore

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from convert.sources import download as module
from convert.sources import pace
from convert.sources.download import BACKOFF, LIMIT, PATIENCE, download, shown
from convert.sources.lock import locked
from mappings.errors import DownloadError
from tests.support.loopback import Answer, Loopback, loopback
from tests.support.needs import need_root

BODY = random.Random(0).randbytes(1_000_000)
CUT = 600_000
PROGRAM = "import sys; from pathlib import Path; from convert.sources.download import download; "


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with loopback() as server:
        server.files["/file"] = BODY
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "file"


def fetch(server: Loopback, target: Path, most: int = LIMIT) -> list[float]:
    """Downloads without ever sleeping; the waits that were asked for."""
    waits: list[float] = []
    download(f"{server.url}/file", target, most=most, sleep=waits.append)
    return waits


def test_a_body_arrives_whole_and_leaves_nothing_else(server: Loopback, target: Path) -> None:
    assert fetch(server, target) == []
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]


def test_a_lost_connection_is_resumed_where_it_broke(server: Loopback, target: Path) -> None:
    server.answers = [Answer(cut=CUT), Answer()]
    assert fetch(server, target) == [BACKOFF[0]]
    first, second = server.seen
    assert target.read_bytes() == BODY
    assert second.status == 206 and second.if_range is not None
    assert first.sent == CUT and len(BODY) - CUT <= second.sent < len(BODY) - CUT + module.CHUNK


def test_a_download_resumes_in_a_later_run(server: Loopback, target: Path) -> None:
    server.answers = [Answer(cut=CUT), Answer(status=403)]
    with pytest.raises(DownloadError, match="HTTP 403 Forbidden"):
        fetch(server, target)
    assert not target.exists()
    server.answers = [Answer()]
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert server.seen[-1].status == 206


def test_a_body_of_unknown_length_arrives_whole(server: Loopback, target: Path) -> None:
    server.answers = [Answer(headers={"Content-Length": ""})]
    fetch(server, target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    "etag, whole",
    [
        pytest.param('"old"', Answer(), id="changed"),
        pytest.param('"old"', Answer(if_range=False), id="changed, If-Range not heeded"),
        pytest.param('"old"', Answer(ranges=False), id="no ranges"),
        pytest.param('W/"weak"', Answer(headers={"ETag": 'W/"weak"'}), id="weak validator"),
        pytest.param("", Answer(), id="no validator"),
    ],
)
def test_what_cannot_be_resumed_starts_again(
    server: Loopback,
    target: Path,
    etag: str,
    whole: Answer,
) -> None:
    server.answers = [Answer(body=BODY[::-1], headers={"ETag": etag}, cut=CUT), whole]
    fetch(server, target, most=len(BODY))  # what was thrown away does not count
    assert target.read_bytes() == BODY
    assert server.seen[-1].status == 200
    assert server.seen[-1].sent == len(BODY)


def test_a_wrong_range_starts_again(server: Loopback, target: Path) -> None:
    server.answers = [Answer(cut=CUT), Answer(headers={"Content-Range": "bytes 0-1/2"}), Answer()]
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert [seen.status for seen in server.seen] == [200, 206, 200]


@pytest.mark.parametrize("surplus", [0, 7])
def test_a_partial_as_long_as_the_body_starts_again_at_416(
    server: Loopback, target: Path, surplus: int
) -> None:
    server.answers = [Answer(cut=CUT), Answer(status=404)]
    with pytest.raises(DownloadError):
        fetch(server, target)
    target.with_name("file.partial").write_bytes(bytes(len(BODY) + surplus))
    server.answers = [Answer()]
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert [seen.status for seen in server.seen[2:]] == [416, 200]


@pytest.mark.parametrize("etag", [None, b"", b'"a', b'W/"a"', b'"a\r\nInjected: \xff"', bytes(9)])
def test_bytes_without_a_sound_validator_are_not_trusted(
    server: Loopback, target: Path, etag: bytes | None
) -> None:
    target.with_name("file.partial").write_bytes(BODY[::-1])
    if etag is not None:
        target.with_name("file.partial.etag").write_bytes(etag)
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert server.seen[0].range is None


@pytest.mark.parametrize("status", [401, 403, 404, 410, 204, 206])
def test_a_final_status_is_not_tried_again(server: Loopback, target: Path, status: int) -> None:
    server.answers = [Answer(status=status)]
    with pytest.raises(DownloadError, match=f"{server.url}/file: HTTP {status} [A-Z]"):
        fetch(server, target)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_status_is_tried_again(
    server: Loopback, target: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [Answer(status=status), Answer()]
    assert fetch(server, target) == [BACKOFF[0]]
    assert target.read_bytes() == BODY
    assert f"HTTP {status}" in caplog.text and "trying again in 1 s" in caplog.text


def test_a_status_that_does_not_pass_ends_after_all_attempts(
    server: Loopback, target: Path
) -> None:
    server.answers = [Answer(status=500)]
    waits: list[float] = []
    with pytest.raises(DownloadError, match=r"HTTP 500 .*gave up after 5 attempts"):
        download(f"{server.url}/file", target, sleep=waits.append)
    assert waits == list(BACKOFF)
    assert len(server.seen) == 1 + len(BACKOFF)


def test_attempts_are_counted_afresh_after_progress(server: Loopback, target: Path) -> None:
    bad = [Answer(status=503)] * (len(BACKOFF) - 1)
    server.answers = [*bad, Answer(cut=CUT), *bad, Answer()]
    waits = fetch(server, target)
    assert waits == [*BACKOFF[:-1], BACKOFF[0], *BACKOFF[1:]]
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    "asked, waited",
    [
        ("5", 5),
        ("0", BACKOFF[0]),
        ("86400", PATIENCE),
        pytest.param(
            format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True),
            PATIENCE,
            id="tomorrow",
        ),
        ("soon", BACKOFF[0]),
        ("9" * 5000, BACKOFF[0]),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", BACKOFF[0]),
    ],
)
def test_retry_after_is_honoured_within_reason(
    server: Loopback, target: Path, asked: str, waited: float, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [Answer(status=503, headers={"Retry-After": asked}), Answer()]
    assert fetch(server, target) == [waited]
    assert "HTTP 503 Service Unavailable; trying again" in caplog.text


def test_a_refused_connection_says_so_in_one_line(target: Path) -> None:
    with loopback() as server:
        url = server.url
    waits: list[float] = []
    with pytest.raises(DownloadError) as caught:
        download(url, target, sleep=waits.append)
    assert str(caught.value) == f"{url}: Connection refused; gave up after 5 attempts in a row"
    assert waits == list(BACKOFF)


def test_a_refusing_proxy_is_named(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # nobody else can have the port, and nobody listens there
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        said = r": Connection refused; the proxy that HTTPS_PROXY, "
        with pytest.raises(DownloadError, match=said):
            download("http://files.example/file", target, sleep=lambda _: None)


def self_signed(folder: Path) -> Path:
    """A new key and its own certificate."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (path := folder / "host.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


def test_a_certificate_that_nobody_knows_is_final(target: Path, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path))
    with loopback() as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        url = server.url.replace("http:", "https:")
        with pytest.raises(DownloadError, match=r"certificate verify failed.* REQUESTS_CA_BUNDLE"):
            download(url, target, sleep=lambda _: pytest.fail("slept"))


@pytest.mark.parametrize("url", ["/data/mirror", "ftp://host/file", "http://", "http://[x/"])
def test_what_is_no_http_url_fails_at_once(target: Path, url: str) -> None:
    with pytest.raises(DownloadError, match=r"[Ii]nvalid|No connection adapters|Failed to parse"):
        download(url, target, sleep=lambda _: pytest.fail("slept"))


@pytest.mark.parametrize("location", ["http://[", "http://\xff/", "file:///etc/passwd", "/file"])
def test_a_redirect_to_nowhere_fails_at_once(server: Loopback, target: Path, location: str) -> None:
    server.answers = [Answer(status=302, headers={"Location": location})]
    with pytest.raises(DownloadError, match=f"^{server.url}/file: "):
        fetch(server, target)
    assert not target.exists()


def test_a_body_beyond_the_limit_is_refused_and_not_kept(server: Loopback, target: Path) -> None:
    server.answers = [Answer(headers={"Content-Length": str(LIMIT + 1)}, cut=CUT)]
    with pytest.raises(DownloadError, match=f"larger than {LIMIT} bytes"):
        fetch(server, target)
    assert list(target.parent.iterdir()) == []


def test_an_endless_body_is_refused_at_the_limit(server: Loopback, target: Path) -> None:
    server.answers = [Answer(headers={"Content-Length": ""})]
    with pytest.raises(DownloadError, match=f"larger than {CUT} bytes"):
        fetch(server, target, most=CUT)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("slow_headers", [False, True])
def test_a_trickle_ends(slow_headers: bool, server: Loopback, target: Path) -> None:
    """A byte each 29 s: no read ever times out."""
    drip, now = Semaphore(0), itertools.count(0, 29)

    def clock() -> float:
        drip.release()
        return next(now)

    server.answers = [Answer(drip=drip, slow_headers=slow_headers)]
    with pytest.raises(DownloadError, match=rf"{server.url}/file: too slow: \d+ bytes in 3\d\d s"):
        download(f"{server.url}/file", target, clock=clock, sleep=lambda _: pytest.fail("slept"))
    assert not target.exists() and len(server.seen) == 1


@pytest.mark.parametrize("share", [0.5, 2])
def test_each_byte_prolongs_a_download_by_its_share(
    share: float, server: Loopback, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At twice the slowest pace it ends well, at half of it it does not."""
    monkeypatch.setattr(pace, "ALLOWANCE", 1.0)
    partial = target.with_name("file.partial")

    def clock() -> float:
        return share * partial.stat().st_size / pace.SLOWEST if partial.exists() else 0.0

    if share < 1:
        download(f"{server.url}/file", target, clock=clock)
        assert target.read_bytes() == BODY
    else:
        with pytest.raises(DownloadError, match="too slow"):
            download(f"{server.url}/file", target, clock=clock)
        assert 0 < partial.stat().st_size < len(BODY)


def test_the_waits_between_attempts_count(server: Loopback, target: Path) -> None:
    """Each attempt gets one byte further, and would be tried again for ever."""
    server.answers = [Answer(cut=n + 1) for n in range(100)]
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += 61

    with pytest.raises(DownloadError, match="too slow"):
        download(f"{server.url}/file", target, sleep=sleep, clock=lambda: now)
    assert len(server.seen) == 5  # at 0, 61, 122, 183 and 244 s


def test_bytes_of_an_earlier_run_that_were_of_no_use_do_not_count_against_new_ones(
    server: Loopback, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "ALLOWANCE", 1.0)
    partial, etag = target.with_name("file.partial"), target.with_name("file.partial.etag")
    partial.write_bytes(bytes(len(BODY)))

    def clock() -> float:
        new = etag.exists() and etag.stat().st_size  # once the old bytes are gone
        return partial.stat().st_size / pace.SLOWEST / 2 if new else 0.0

    download(f"{server.url}/file", target, clock=clock)
    assert target.read_bytes() == BODY


def test_a_host_that_cannot_be_found_is_final(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(DownloadError, match=r"^http://nowhere\.invalid/file: the host cannot be"):
        download("http://nowhere.invalid/file", target, sleep=lambda _: pytest.fail("slept"))
    assert list(target.parent.iterdir()) == []


def test_a_host_that_is_lost_on_the_way_is_looked_for_again(
    server: Loopback, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    lost = Answer(status=302, headers={"Location": "http://nowhere.invalid/file"})
    server.answers = [Answer(cut=CUT), lost, Answer()]
    assert fetch(server, target) == [*BACKOFF[:2]]
    assert target.read_bytes() == BODY


def linked(path: Path, theirs: Path) -> None:
    path.symlink_to(theirs)


def hard_linked(path: Path, theirs: Path) -> None:
    path.hardlink_to(theirs)


def dangling(path: Path, theirs: Path) -> None:
    path.symlink_to(theirs.with_name("new"))


def pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("plant", [linked, hard_linked, dangling, pipe])
@pytest.mark.parametrize("name", ["file", "file.partial", "file.partial.etag"])
def test_what_is_planted_is_never_written_through(
    name: str, plant: Callable[[Path, Path], None], server: Loopback, target: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs" / "precious"
    theirs.parent.mkdir()
    theirs.write_bytes(BODY[:1000])
    target = tmp_path / "ours" / "file"
    target.parent.mkdir()
    plant(target.with_name(name), theirs)
    fetch(server, target)
    assert target.read_bytes() == BODY and not target.is_symlink()
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert theirs.read_bytes() == BODY[:1000]
    assert [path.name for path in theirs.parent.iterdir()] == ["precious"]
    assert theirs.stat().st_nlink == 1


def test_bytes_of_another_user_are_not_resumed(server: Loopback, target: Path) -> None:
    need_root("gives files away")
    server.answers = [Answer(cut=CUT), Answer(status=403)]
    with pytest.raises(DownloadError):
        fetch(server, target)
    os.chown(target.with_name("file.partial"), 12345, 12345)
    server.answers = [Answer()]
    fetch(server, target)
    assert target.read_bytes() == BODY and server.seen[-1].range is None
    assert target.stat().st_uid == 0


@pytest.mark.parametrize("plant", [linked, dangling, pipe])
def test_a_lock_is_a_file(plant: Callable[[Path, Path], None], tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(BODY[:1000])
    plant(tmp_path / "lock", theirs)
    with pytest.raises(DownloadError, match="lock: this is no regular file"):
        with locked(tmp_path / "lock"):
            pytest.fail("locked")
    assert theirs.read_bytes() == BODY[:1000]
    assert {path.name for path in tmp_path.iterdir()} == {"lock", "theirs"}


def test_progress_is_shown_on_a_terminal_only(server: Loopback, target: Path) -> None:
    program = f"{PROGRAM} download(sys.argv[1], Path(sys.argv[2])); print('rich' in sys.modules)"
    command = [sys.executable, "-c", program, f"{server.url}/file", str(target)]
    piped = subprocess.run(command, capture_output=True, check=True, text=True)
    assert (piped.stdout, piped.stderr) == ("False\n", "")

    terminal, stderr = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, env=environment)
    os.close(stderr)
    screen = b""
    with suppress(OSError):  # EIO, once the child has closed the other end
        while written := os.read(terminal, 4096):
            screen += written
    os.close(terminal)
    assert child.wait() == 0
    assert b"1.0/1.0 MB" in screen


def test_messages_do_not_show_passwords(server: Loopback, target: Path) -> None:
    url = server.url.replace("//", "//user:secret@")
    assert shown(f"{url}/a@b") == f"{server.url}/a@b"
    with pytest.raises(DownloadError, match="HTTP 404") as caught:
        download(f"{url}/absent", target)
    assert "secret" not in str(caught.value)


def test_importing_loads_no_heavy_library() -> None:
    heavy = {"requests", "urllib3", "rich", "filelock", "zipfile", "logging", "numpy"}
    program = f"import sys, convert.sources.zoo; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
