"""A release reaches a hub whole, resumes where it was interrupted, and never goes changed."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.hub import ECHO, TOKEN, Hub, loopback_hub
from tests.support.releases import (
    NAME,
    converted,
    is_one_line,
    keys,
    publish,
    verify,
    write_accuracy,
)

REPOSITORY = "gluonport/digits"


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("proven")
    checkpoint = converted(folder)
    write_accuracy(checkpoint)
    keys(folder)
    return checkpoint


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with loopback_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


@pytest.fixture
def released(proven: Path, tmp_path: Path) -> Path:
    """A folder that is the signed release already: it is pushed as it is."""
    folder = proven.with_name("released")
    if not folder.exists():
        options = ("--sign", proven.with_name("key.pem"))
        assert publish(NAME, proven, folder, *options).exit_code == 0
    return Path(shutil.copytree(folder, tmp_path / "released"))


def push(checkpoint: Path, folder: Path, *options: str) -> Result:
    key = checkpoint.with_name("key.pem")
    return publish(NAME, checkpoint, folder, "--sign", key, "--push", REPOSITORY, *options)


def test_what_arrives_is_the_release(proven: Path, hub: Hub, tmp_path: Path) -> None:
    result = push(proven, tmp_path / "out", "--hashed-name")
    assert result.exit_code == 0, result.output
    assert f"pushed to {hub.url}/{REPOSITORY}/commit/" in result.stdout
    copy = tmp_path / "copy"
    for name, data in hub.repositories[REPOSITORY].items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(data)
    assert verify("release", copy, "--key", proven.with_name("key.pub")).exit_code == 0
    assert hub.asked("PUT", "/objects/") == 1  # the weights, once for both their names
    assert "\n# digits\n" in (copy / "README.md").read_text()


def test_a_repository_with_other_files_is_refused_by_their_names(
    proven: Path, hub: Hub, tmp_path: Path
) -> None:
    hub.repositories[REPOSITORY] = {".gitattributes": b"", "old.bin": b"old", "README.md": b"old"}
    result = push(proven, tmp_path / "out")
    assert is_one_line(result) and "has old.bin, which this release does not have" in result.stderr
    assert not hub.objects and hub.repositories[REPOSITORY]["README.md"] == b"old"
    del hub.repositories[REPOSITORY]["old.bin"]
    assert push(proven, tmp_path / "out").exit_code == 0


def test_an_interrupted_push_is_resumed_by_the_same_command(
    proven: Path, hub: Hub, tmp_path: Path
) -> None:
    hub.refusals = ["put", "commit"]
    result = push(proven, tmp_path / "out")
    assert is_one_line(result) and "the hub answered HTTP 403" in result.stderr
    assert "the same command resumes it" in result.stderr and not hub.objects
    made = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    result = push(proven, tmp_path / "out")
    assert is_one_line(result) and "the hub answered HTTP 403" in result.stderr
    assert len(hub.objects) == 1 and not hub.repositories[REPOSITORY]
    result = push(proven, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert hub.asked("PUT", "/objects/") == 2  # the refused one and the one that arrived
    assert len(hub.repositories[REPOSITORY]) == len(made)
    assert {path: path.read_bytes() for path in made} == made


def test_a_folder_changed_after_signing_is_refused_before_anything_is_sent(
    proven: Path, hub: Hub, tmp_path: Path
) -> None:
    from verify.publish.sums import sums_text

    hub.refusals = ["commit"]
    assert push(proven, tmp_path / "out").exit_code == 1
    hub.requests.clear()
    for name in ("README.md", "config.json", "model.safetensors", "model.sig"):
        changed = shutil.copytree(tmp_path / "out", tmp_path / name)
        (changed / name).write_bytes((changed / name).read_bytes() + b"x")
        assert is_one_line(push(proven, changed))
        (changed / "SHA256SUMS").write_text(sums_text(changed))
        assert is_one_line(push(proven, changed))
    assert hub.requests == []


def test_the_release_of_another_checkpoint_is_not_pushed(
    proven: Path, hub: Hub, tmp_path: Path
) -> None:
    import gluonport
    from tests.support.releases import judged

    other = tmp_path / "half.safetensors"
    gluonport.convert(NAME, other, dtype="float16")
    judged(NAME, other)
    write_accuracy(other)
    assert publish(NAME, other, tmp_path / "out").exit_code == 0
    result = publish(NAME, proven, tmp_path / "out", "--push", REPOSITORY)
    assert is_one_line(result) and "release of another checkpoint" in result.stderr
    assert hub.requests == []


def test_without_push_an_existing_folder_is_left_alone(proven: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert publish(NAME, proven, tmp_path / "out").exit_code == 0  # an empty one is free
    result = publish(NAME, proven, tmp_path / "out")
    assert is_one_line(result) and "already exists" in result.stderr


@pytest.mark.parametrize("status", [400, 401, 404])  # others are tried again, for a while
@pytest.mark.parametrize("step", ["create", "tree", "put", "commit"])
def test_nothing_that_the_hub_repeats_of_a_request_is_shown(
    step: str, status: int, proven: Path, released: Path, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    hub.refusals, hub.status = [step] * 20, status
    result = push(proven, released)
    assert is_one_line(result) and f"the hub answered HTTP {status} (" in result.stderr
    for secret in (TOKEN, ECHO, "Authorization", "Bearer", "Release ", "user-agent"):
        assert secret.lower() not in result.output.lower()
        assert secret.lower() not in caplog.text.lower()


def test_a_wrong_token_is_not_shown(
    proven: Path, released: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "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"
    monkeypatch.setenv("HF_TOKEN", secret)
    result = push(proven, released)
    assert is_one_line(result) and secret not in result.output


def test_a_name_on_the_hub_that_repeats_the_token_is_not_shown(
    proven: Path, released: Path, hub: Hub
) -> None:
    hub.repositories[REPOSITORY] = {f"notes-{TOKEN}.txt": b"", '{"authorization": "x"}': b""}
    result = push(proven, released)
    assert (
        is_one_line(result) and "has other files, which this release does not have" in result.stderr
    )
    assert TOKEN not in result.output and "authorization" not in result.output


def test_credentials_in_the_hubs_address_are_not_shown(
    proven: Path, released: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url.replace("//", "//user:pa55word@"))
    result = push(proven, released)
    assert "pa55word" not in result.output
    hub.refusals = ["create"] * 20
    assert "pa55word" not in push(proven, released).output


@pytest.mark.parametrize("name", ["digits", "a/b/c", "/digits", "own er/digits", "owner/-x"])
def test_a_name_that_no_hub_takes_is_refused(name: str, proven: Path, tmp_path: Path) -> None:
    assert is_one_line(publish(NAME, proven, tmp_path / "out", "--push", name))
    assert not (tmp_path / "out").exists()


def test_a_hub_that_is_not_there_is_one_line(
    proven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as deaf:  # a port that is taken and where nobody listens
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        result = push(proven, tmp_path / "out")
    assert is_one_line(result) and "the push failed" in result.stderr
    assert (tmp_path / "out" / "SHA256SUMS").exists()
