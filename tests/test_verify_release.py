"""A release is checked to the last byte, and its network judged again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.releases import NAME, converted, is_one_line, keys, publish, verify, write_accuracy


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed release, beside the keys that signed it."""
    folder = tmp_path_factory.mktemp("made")
    checkpoint = converted(folder)
    write_accuracy(checkpoint)
    private, _ = keys(folder)
    options = ("--sign", private, "--hashed-name")
    result = publish(NAME, checkpoint, folder / "release", *options)
    assert result.exit_code == 0, result.output
    return folder / "release"


@pytest.fixture
def release(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "release"))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_an_untouched_release_passes(made: Path) -> None:
    public = made.parent / "key.pub"
    result = verify("release", made, "--key", public, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["passed"] and found["signature_checked"] and found["parity"]["passed"]
    assert found["model"] == NAME and len(found["files"]) == len(files(made)) - 1
    result = verify("release", made)
    assert result.exit_code == 0 and "not checked: give the publisher's public key" in result.stdout


def test_sha256sum_and_the_signing_librarys_own_command_agree(made: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made, check=True)
    key = ("--public_key", made.parent / "key.pub")
    command = [Path(sys.executable).with_name("model_signing"), "verify", "key", made]
    subprocess.run([*command, "--signature", made / "model.sig", *key], check=True)


def test_one_changed_byte_anywhere_fails(release: Path) -> None:
    everything = files(release)
    assert {path.name for path in everything} >= {"README.md", "SHA256SUMS", "model.sig"}
    for path in everything:
        data = path.read_bytes()
        for position in {0, len(data) // 2, len(data) - 1}:
            changed = bytearray(data)
            changed[position] ^= 1
            path.write_bytes(changed)
            result = verify("release", release)
            assert is_one_line(result), (path, position, result.output)
        path.write_bytes(data)


def test_a_missing_or_added_file_fails(release: Path) -> None:
    for path in files(release):
        data = path.read_bytes()
        path.unlink()
        assert is_one_line(verify("release", release)), path
        path.write_bytes(data)
    for name in ("notes.txt", ".hidden", "parity/more.json", ".gitignore", "new/deep/file"):
        added = release / name
        added.parent.mkdir(parents=True, exist_ok=True)
        added.write_text("x")
        result = verify("release", release)
        assert is_one_line(result) and name in result.stderr
        added.unlink()
    shutil.rmtree(release / "new")
    (release / "empty").mkdir()
    assert is_one_line(verify("release", release))


def test_an_added_byte_and_a_cut_one_fail(release: Path) -> None:
    for path in files(release):
        data = path.read_bytes()
        for changed in (data + b"\n", data[:-1]):
            path.write_bytes(changed)
            assert is_one_line(verify("release", release)), path
        path.write_bytes(data)


def forge(release: Path) -> None:
    """Write the list of sums anew, as somebody without the key can."""
    from verify.publish.sums import sums_text

    (release / "SHA256SUMS").write_text(sums_text(release))


def test_what_was_changed_after_signing_fails_though_its_sums_are_right(
    release: Path, made: Path
) -> None:
    public = made.parent / "key.pub"
    for path in files(release):
        if path.name in ("SHA256SUMS", "model.sig", "model.safetensors"):
            continue
        data = path.read_bytes()
        path.write_bytes(data + b" ")
        forge(release)
        result = verify("release", release, "--key", public)
        assert is_one_line(result), (path, result.output)
        path.write_bytes(data)
    (release / "extra.txt").write_text("x")
    forge(release)
    assert is_one_line(verify("release", release, "--key", public))


def test_another_key_or_none_fails(release: Path, made: Path, tmp_path: Path) -> None:
    _, stranger = keys(tmp_path)
    result = verify("release", release, "--key", stranger)
    assert is_one_line(result) and "not of this folder by this key" in result.stderr
    for wrong in (made.parent / "key.pem", release / "README.md"):
        assert is_one_line(verify("release", release, "--key", wrong))
    assert is_one_line(verify("release", release, "--key", tmp_path / "nothing"))
    (release / "model.sig").unlink()
    forge(release)
    result = verify("release", release, "--key", made.parent / "key.pub")
    assert is_one_line(result) and "is not signed" in result.stderr


def test_weights_of_another_file_fail_though_all_sums_are_right(release: Path) -> None:
    data = bytearray((release / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (release / "model.safetensors").write_bytes(data)
    forge(release)
    result = verify("release", release)
    assert is_one_line(result) and "provenance.json: is about a file" in result.stderr


def test_a_failure_is_an_object_too(release: Path) -> None:
    (release / "config.json").write_text("{}")
    result = verify("release", release, "--json")
    assert is_one_line(result)
    found = json.loads(result.stdout)
    assert not found["passed"] and "config.json: was changed" in found["error"]


def test_what_is_no_release_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        assert is_one_line(verify("release", path))


def test_what_the_hubs_downloader_leaves_is_no_part_of_a_release(release: Path, made: Path) -> None:
    notes = release / ".cache" / "huggingface" / "download" / "README.md.metadata"
    notes.parent.mkdir(parents=True)
    notes.write_text("x")
    for options in ((), ("--key", made.parent / "key.pub")):
        assert verify("release", release, *options).exit_code == 0
    (release / ".cache" / "other").write_text("x")
    assert is_one_line(verify("release", release))


def test_a_release_in_the_hubs_cache_is_checked_through_its_links(
    made: Path, tmp_path: Path
) -> None:
    for path in files(made):
        link = tmp_path / "snapshot" / path.relative_to(made)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    key = made.parent / "key.pub"
    assert verify("release", tmp_path / "snapshot", "--key", key).exit_code == 0
    (tmp_path / "snapshot" / "README.md").unlink()
    (tmp_path / "snapshot" / "README.md").symlink_to(made / "config.json")
    assert is_one_line(verify("release", tmp_path / "snapshot", "--key", key))
