"""A release is checked to the last byte, and its network judged again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mappings.errors import GluonportError
from tests.support.releases import (
    NAME,
    converted,
    edit,
    is_one_line,
    keys,
    publish,
    verify,
    write_accuracy,
)
from verify.publish.check import check_files


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
    assert is_one_line(result) and "not a signature of this folder with this key" in result.stderr
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
    assert is_one_line(result) and "provenance.json: the statement is about a file" in result.stderr


FIGURES = [
    ("README.md", "**Parameters:** 272,506", "**Parameters:** 272,507"),
    ("README.md", "10 classes", "11 classes"),
    ("README.md", "352 of 360", "360 of 360"),
    ("README.md", "| 97.778 %", "| 99.778 %"),
    ("README.md", "value: 97.778", "value: 99.778"),
    ("README.md", "top-1 97.778 %", "top-1 99.778 %"),
    ("README.md", "97.78 / 100.00 %", "99.78 / 100.00 %"),
    ("README.md", "differ by", "agree to 1e-99 and differ by"),
    ("README.md", "sha256 `5f2e", "sha256 `0f2e"),
    ("README.md", "gluon_seresnext8_digits.params", "gluon_resnext50_32x4d.params"),
    ("README.md", "license: apache-2.0", "license: mit"),
    ("README.md", "published as `seresnext8_digits`", "published as `se_resnext50_32x4d`"),
    ("config.json", '"num_classes": 10', '"num_classes": 11'),
    ("config.json", '"num_features": 512', '"num_features": 2048'),
    ("config.json", '"model": "gluon_seresnext8_digits"', '"model": "gluon_resnet18_v1b"'),
    ("config.json", "0.485", "0.5"),
    ("provenance.json", '"parameters": 272506', '"parameters": 272507'),
    ("provenance.json", '"num_classes": 10', '"num_classes": 11'),
    ("provenance.json", '"top1_correct": 352', '"top1_correct": 360'),
    ("provenance.json", '"top1": 97.778', '"top1": 99.778'),
    ("provenance.json", '"passed": true', '"passed": false'),
    ("provenance.json", '"reproduced": true', '"reproduced": null'),
    ("provenance.json", '"as_published": true', '"as_published": false'),
    ("provenance.json", '"fc.bias": "', '"fc.bias": "0123'),
    ("provenance.json", '"family": "Sample"', '"family": "ResNeXt"'),
    ("accuracy.json", '"top1_correct": 352', '"top1_correct": 360'),
    ("accuracy.json", '"top1_correct": 352', '"top1_correct": 0'),
    ("accuracy.json", '"checkpoint_sha256": "', '"checkpoint_sha256": "0'),
    ("parity/parity.json", '"passed": true', '"passed": false'),
    ("parity/parity.json", '"images": 8', '"images": 9'),
    ("parity/index.html", "8 images", "9 images"),
]


@pytest.mark.parametrize(("name", "old", "new"), FIGURES)
def test_a_figure_that_does_not_follow_from_the_releases_own_evidence_fails(
    name: str, old: str, new: str, release: Path
) -> None:
    """Signed or not: the signature is not looked at without a key, and all sums are right."""
    path = release / name
    text = path.read_text()
    assert old in text
    if '"fc.bias": "0' in new:
        start = text.index(old) + len(old)
        text = text[:start] + "0" * 64 + text[start + 64 :]
    elif new.endswith('sha256": "0'):
        start = text.index(old) + len(old)
        text = text[:start] + "0" * 64 + text[start + 64 :]
    else:
        text = text.replace(old, new, 1)
    path.write_text(text)
    forge(release)
    with pytest.raises(GluonportError) as refused:
        check_files(release)
    assert name in str(refused.value) or "provenance.json" in str(refused.value)


@pytest.mark.parametrize("name", ["config.json", "provenance.json", "accuracy.json", "README.md"])
@pytest.mark.parametrize(
    "damage", [b"", b"[]", b"{}", b'{"num_classes": []}', b"[" * 100_000, b"caf\xe9", b"NaN", b"7"]
)
def test_a_damaged_file_is_one_line_though_its_sum_is_right(
    name: str, damage: bytes, release: Path
) -> None:
    (release / name).write_bytes(damage)
    forge(release)
    with pytest.raises(GluonportError, match=name):
        check_files(release)


@pytest.mark.parametrize("labels", [7, "0123456789", [], [1] * 10, {"0": 1}, ["a"] * 11])
def test_class_names_of_a_wrong_type_or_number_fail(labels: object, release: Path) -> None:
    edit(release / "config.json", label_names=labels)
    forge(release)
    with pytest.raises(GluonportError, match="'label_names'"):
        check_files(release)


def test_attributes_for_git_that_are_no_text_fail(release: Path) -> None:
    (release / ".gitattributes").write_bytes(b"caf\xe9")
    forge(release)
    result = verify("release", release)
    assert is_one_line(result) and ".gitattributes: the file differs" in result.stderr


def test_a_release_of_another_version_says_which_to_check_it_with(release: Path) -> None:
    path = release / "provenance.json"
    path.write_text(path.read_text().replace('"version": "0.1.0"', '"version": "9.9.9"'))
    forge(release)
    with pytest.raises(GluonportError, match=r"pip install gluonport==9\.9\.9"):
        check_files(release)


def test_a_failure_is_an_object_too(release: Path) -> None:
    (release / "config.json").write_text("{}")
    result = verify("release", release, "--json")
    assert is_one_line(result)
    found = json.loads(result.stdout)
    assert not found["passed"] and "config.json: the file was changed" in found["error"]


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
