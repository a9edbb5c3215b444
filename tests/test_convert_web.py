"""Files from anywhere on the web: never used without a hash that somebody stated or accepted."""

from __future__ import annotations

import gzip
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha1, sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gluonport
from convert.sources.web import fetch_web
from gluonport.commands.main import main
from mappings.errors import DownloadError
from tests.support.loopback import Answer, Loopback, loopback

NAME = "gluon_seresnext8_digits"
BODY = (Path("architectures") / "samples" / f"{NAME}.params").read_bytes()
SHA1, SHA256 = sha1(BODY).hexdigest(), sha256(BODY).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Loopback]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with loopback() as server:
        server.files["/zoo/mine.params"] = BODY
        yield server


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def kept(tmp_path: Path) -> list[str]:
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    return sorted(path.name for path in files if not path.name.endswith(".lock"))


def refused(result: Result, *words: str) -> bool:
    one = result.exit_code == 1 and result.stderr.startswith("error: ")
    return one and result.stderr.count("\n") == 1 and all(word in result.stderr for word in words)


@pytest.mark.parametrize(
    "given", [("--sha256", SHA256), ("--sha1", SHA1.upper()), (f"#sha256={SHA256}",)]
)
def test_a_file_with_its_hash_is_converted_and_kept(
    given: tuple[str, ...], server: Loopback, tmp_path: Path
) -> None:
    url = f"{server.url}/zoo/mine.params"
    where = [url, *given] if len(given) > 1 else [url + given[0]]
    out = tmp_path / "o.safetensors"
    result = run("convert", "auto", out, "--from", *where)
    assert result.exit_code == 0, result.output
    assert run("convert", "auto", out, "--force", "--from", *where).exit_code == 0
    assert len(server.seen) == 1 and kept(tmp_path) == ["mine.params"]
    record = (tmp_path / "o.provenance.json").read_text()
    assert f'"source_url": "{url}"' in record and f'"source_sha256": "{SHA256}"' in record
    again = run("inspect", result.stdout.split("fetched")[1].split()[0])
    assert again.exit_code == 0 and NAME in again.stdout


def test_secrets_of_an_address_are_not_recorded(server: Loopback, tmp_path: Path) -> None:
    server.files["/zoo/mine.params?key=s3cret"] = BODY
    url = f"{server.url}/zoo/mine.params?key=s3cret".replace("//", "//me:pa55@")
    out = tmp_path / "o.safetensors"
    result = run("convert", "auto", out, "--from", url, "--sha256", SHA256)
    assert result.exit_code == 0, result.output
    for text in (result.output, (tmp_path / "o.provenance.json").read_text()):
        assert "s3cret" not in text and "pa55" not in text


def test_without_a_hash_and_a_terminal_nothing_is_fetched(server: Loopback, tmp_path: Path) -> None:
    url = f"{server.url}/zoo/mine.params"
    for command in (
        ("convert", "auto", tmp_path / "o.safetensors", "--from", url),
        ("inspect", url),
        ("verify", "tensors", url, url),
    ):
        assert refused(run(*command), "--sha256 HEX or --sha1 HEX", "was not fetched")
    with pytest.raises(gluonport.GluonportError, match="nothing says which file this must be"):
        gluonport.load_arrays(url)
    assert server.seen == []


@pytest.mark.parametrize("answer", ["y", "n"])
def test_in_a_terminal_a_person_decides(answer: str, server: Loopback, tmp_path: Path) -> None:
    server.answers = [Answer(302, headers={"Location": "/moved/x.params"}), Answer()]
    server.files["/moved/x.params"] = BODY
    own, theirs = pty.openpty()
    out = tmp_path / "o.safetensors"
    url = f"{server.url}/zoo/mine.params"
    command = [sys.executable, "-m", "gluonport", "convert", "auto", str(out), "--from", url]
    process = subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    os.write(own, f"{answer}\n".encode())
    stdout = process.communicate()[0].decode()
    shown = os.read(own, 1 << 16).decode()
    os.close(own)
    assert f"{server.url}/moved/x.params" in shown and SHA256 in shown and f"{len(BODY):,}" in shown
    if answer == "y":
        assert process.returncode == 0 and f"{url}#sha256={SHA256}" in stdout
        assert out.exists() and kept(tmp_path) == ["mine.params"]
    else:
        assert process.returncode == 1 and "the file was not accepted" in shown
        assert not out.exists() and kept(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_named(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "gluonport").write_text("no folder")
    url = f"{server.url}/zoo/mine.params"
    result = run("convert", "auto", tmp_path / "o.safetensors", "--from", url, "--sha256", SHA256)
    where = tmp_path / "cache" / "gluonport" / "files"
    assert refused(result, f"it cannot be kept in {where} (Not a directory): ", "XDG_CACHE_HOME")


WRONG = {
    "another file": (Answer(body=BODY[:-1] + b"\0"), "expected " + SHA256),
    "a web page": (Answer(body=b"<!DOCTYPE html><title>Login"), ": it is a web page, not the file"),
    "a Git LFS pointer": (
        Answer(body=b"version https://git-lfs.github.com/spec/v1\noid sha256:0"),
        ": it is a Git LFS pointer",
    ),
    "compressed by the server": (Answer(body=gzip.compress(BODY)), ": it is compressed with gzip"),
    "compressed": (Answer(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b"), "expected"),
    "empty": (Answer(body=b""), "expected"),
    "gone": (Answer(404), "HTTP 404"),
    "forbidden": (Answer(403), "HTTP 403"),
    "length is a lie": (Answer(headers={"Content-Length": "9999999"}, cut=0), "gave up"),
    "too large": (Answer(headers={"Content-Length": str(1 << 40)}), "larger than"),
    "in circles": (Answer(302, headers={"Location": "/zoo/mine.params"}), "redirect"),
    "to a file": (Answer(302, headers={"Location": "file:///etc/passwd"}), "file:///etc/passwd"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_answer_is_refused_and_nothing_of_it_is_used(
    case: str, server: Loopback, tmp_path: Path
) -> None:
    from convert.sources.expected import Expected

    answer, words = WRONG[case]
    server.answers = [answer]
    with pytest.raises(DownloadError, match=words) as caught:
        fetch_web(
            f"{server.url}/zoo/mine.params", Expected("sha256", SHA256), sleep=lambda seconds: None
        )
    assert "\n" not in str(caught.value)
    assert [name for name in kept(tmp_path) if ".partial" not in name] == []


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("https://", ("--sha256", SHA256), "no address of a file"),
        ("https://[/x", ("--sha256", SHA256), "no address of a file"),
        ("https://h/x", ("--sha256", "abc"), "'abc' is no sha256: expected 64 hex digits"),
        ("https://h/x", ("--sha1", SHA256), "is no sha1: expected 40 hex digits"),
        ("https://h/x", ("--sha1", SHA1, "--sha256", SHA256), "both given"),
        (f"https://h/x#sha256={SHA256}", ("--sha1", SHA1), "which one?"),
        ("architectures/samples/gluon_seresnext8_digits.params", ("--sha1", "0" * 40), SHA1),
    ],
)
def test_a_hash_or_an_address_that_cannot_be_right_is_one_line(
    source: str, options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    result = run("convert", "auto", tmp_path / "o.safetensors", "--from", source, *options)
    assert refused(result, words), result.output


def test_a_store_that_does_not_answer_names_the_port_on_the_hub(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MXNET_GLUON_REPO", server.url)
    monkeypatch.setenv("MXNET_HOME", str(tmp_path / "mxnet"))
    out = tmp_path / "my file.safetensors"
    result = run("convert", "gluon_resnet50_v1b", out)
    command = f"convert gluon_resnet50_v1b '{out}' --from hf-hub:timm/resnet50.gluon_in1k"
    assert refused(
        result, "HTTP 404", "timm's conversion of these weights, which is not the", command
    )
    without = run("convert", "gluon_resnet50_v1b_gn", out)
    assert refused(without, "HTTP 404") and "hf-hub" not in without.stderr


def test_the_ports_are_those_that_timm_lists() -> None:
    import timm

    from architectures import MODELS
    from architectures.catalogue.ports import PORTS

    listed = timm.list_pretrained("*.gluon_in1k")
    assert len(listed) == 26
    ids = {timm.models.get_pretrained_cfg(name).hf_hub_id for name in listed}
    assert set(PORTS.values()) == ids and len(PORTS) == len(ids)
    for model in MODELS:
        if model.client and model.client.tag == "gluon_in1k":
            assert PORTS[model.source.sha1 or ""] == f"timm/{model.client.timm}.gluon_in1k"
