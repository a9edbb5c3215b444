"""Many conversions at once: which, under which names, and what a bad file does to the others."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from convert.formats import open_checkpoint
from convert.many.conversions import of_catalogue
from convert.many.folder_members import folder_content
from convert.many.one_conversion import ManyOptions
from gluonport.commands.main import main
from mappings.errors import ConversionError, GluonportError
from tests.support.small_graph import SYMBOL, weights

NAME = "gluon_seresnext8_digits"
SAMPLE = Path(str(files("architectures") / "samples" / f"{NAME}.params"))


def run(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


def asked(*words: object) -> dict[str, Any]:
    done = run(*words, "--json")
    return {"exit": done.exit_code, **json.loads(done.stdout)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have it: a checkpoint, a graph of two epochs, a bad file, other files."""
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(SAMPLE, folder / "digits.params")
    (folder / "deep" / "net-symbol.json").write_bytes(SYMBOL)
    (folder / "deep" / "net-0001.params").write_bytes(weights(1))
    (folder / "deep" / "net-0010.params").write_bytes(weights(10))
    (folder / "bad.params").write_bytes(b"not a checkpoint")
    (folder / "README.md").write_text("mine")
    (folder / ".hidden.params").write_bytes(b"x")
    return folder


def test_a_folder_is_converted_without_its_bad_file_and_again_only_where_it_changed(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run("convert", "auto", out, "--from", folder, "--jobs", 2)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: {folder}/bad.params: this is text")
    assert done.stderr.count("\n") == 1
    assert "3 in all: 2 converted, 1 failed" in done.stdout and "1 other file" in done.stdout
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert found == [
        "convert.results.json",
        "deep/net.provenance.json",
        "deep/net.py",
        "deep/net.safetensors",
        "digits.provenance.json",
        "digits.safetensors",
    ]
    (tensor,) = open_checkpoint(out / "deep" / "net.safetensors").tensors
    assert (tensor.array() == 10).all()

    (folder / "bad.params").unlink()
    (folder / "deep" / "net-0011.params").write_bytes(weights(11))
    again = asked("convert", "auto", out, "--from", folder)
    results = {entry["name"]: entry for entry in again["results"]}
    assert again["exit"] == 1 and again["counts"] == {"failed": 1, "skipped": 1}
    assert results["digits.params"]["status"] == "skipped"
    assert results["digits.params"]["model"] == NAME
    assert "converted from another file" in results["deep/net-symbol.json"]["error"]
    forced = asked("convert", "auto", out, "--from", folder, "--force")
    assert forced["exit"] == 0 and forced["counts"] == {"converted": 2}
    assert forced["passed"] and forced["finished"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("target", "is not the file that digits.provenance.json tells of"),
        ("provenance", "nothing proves what it is"),
        ("dtype", "its precision is float32"),
    ],
)
def test_what_stands_there_is_skipped_only_if_it_is_the_same(
    change: str, why: str, tmp_path: Path
) -> None:
    from convert.conversion import convert
    from convert.many.finished import finished
    from mappings.choice import NO_CHOICE

    out = tmp_path / "digits.safetensors"
    assert finished("auto", out, str(SAMPLE), "float32", True, NO_CHOICE) is None
    convert("auto", out, SAMPLE)
    assert finished("auto", out, str(SAMPLE), "float32", True, NO_CHOICE)
    assert finished(NAME, out, str(SAMPLE), "float32", True, NO_CHOICE)
    assert finished(NAME, out, None, "float32", True, NO_CHOICE)
    if change == "target":
        out.write_bytes(out.read_bytes() + b"\0")
    if change == "provenance":
        (tmp_path / "digits.provenance.json").unlink()
    dtype = "float16" if change == "dtype" else "float32"
    with pytest.raises(ConversionError, match="--force replaces it") as caught:
        finished("auto", out, str(SAMPLE), dtype, True, NO_CHOICE)
    assert why in str(caught.value)


def test_shares_of_a_pattern_are_merged_and_what_is_missing_is_named(tmp_path: Path) -> None:
    pattern, one, two = "gluon_cifar_resnet[25][06]_v1", tmp_path / "one", tmp_path / "two"
    first, second = "gluon_cifar_resnet20_v1", "gluon_cifar_resnet56_v1"
    command = ["convert", "--all", pattern]
    done = asked(*command, one, "--from", "synthetic", "--shard", "1/2")
    assert done["exit"] == 0 and done["share"] == "1/2" and done["members"] == [first, second]
    assert [entry["name"] for entry in done["results"]] == [first]
    assert {path.name for path in one.glob("*.safetensors")} == {f"{first}.safetensors"}
    assert (one / "convert-1-of-2.results.json").exists()

    merged = run("merge", one)
    assert merged.exit_code == 1 and f"missing   {second}" in merged.stdout
    assert merged.stderr.startswith("error: convert: 1 member without a result")

    assert asked(*command, two, "--from", "synthetic", "--shard", "2/2")["exit"] == 0
    merged = run("merge", one, two, "--json")
    found = json.loads(merged.stdout)
    assert merged.exit_code == 0 and found["passed"]
    assert [entry["name"] for entry in found["convert"]["results"]] == [first, second]
    assert found["convert"]["missing"] == []

    file = two / "convert-2-of-2.results.json"
    other = json.loads(file.read_text())
    entry = {**done["results"][0], "target_sha256": "0" * 64}
    file.write_text(json.dumps({**other, "results": [*other["results"], entry]}))
    merged = run("merge", one, two)
    assert merged.exit_code == 1 and merged.stdout == ""
    assert merged.stderr.startswith(f"error: {first}: {one}/convert-1-of-2.results.json and {file}")
    assert "disagree: target_sha256 is" in merged.stderr

    file.write_text(json.dumps({**other, "options": {**other["options"], "dtype": "float16"}}))
    merged = run("merge", one, two)
    assert merged.exit_code == 1 and "run with another dtype" in merged.stderr
    file.write_text(json.dumps({**other, "results": [{"name": first}]}))
    assert "damaged" in run("merge", two).stderr
    assert "there are no results here" in run("merge", tmp_path).stderr


def test_the_file_of_a_model_is_found_by_its_names_and_a_missing_one_fails(tmp_path: Path) -> None:
    folder, out = tmp_path / "zoo", tmp_path / "out"
    folder.mkdir()
    shutil.copy(SAMPLE, folder / "seresnext8_digits-b5c1dcaa.params")
    (folder / "gluon_resnet18_v1.params").write_bytes(b"x")
    (folder / "resnet18_v1.pth").write_bytes(b"x")
    found = of_catalogue("gluon_*res*[18]*", str(folder), out, ManyOptions())
    assert [errand.given.source for errand in found.errands] == [
        str(folder / "seresnext8_digits-b5c1dcaa.params")
    ]
    assert "several files may be" in found.refused["gluon_resnet18_v1"]
    assert "there is no file for gluon_resnet18_v2" in found.refused["gluon_resnet18_v2"]
    assert sorted([NAME, *found.refused]) == found.members

    done = asked("convert", "--all", "gluon_seres*digits", out, "--from", folder)
    assert done["exit"] == 0 and done["results"][0]["target"] == str(out / f"{NAME}.safetensors")
    assert done["others"] == 2


def test_what_was_never_published_is_left_out_and_said(tmp_path: Path) -> None:
    found = of_catalogue("gluon_se*", None, tmp_path, ManyOptions())
    assert NAME in found.members and found.left_out
    assert not set(found.left_out) & set(found.members)
    with pytest.raises(GluonportError, match="none of these was ever published"):
        of_catalogue(found.left_out[0], None, tmp_path, ManyOptions())
    with pytest.raises(GluonportError, match="no model is called"):
        of_catalogue("gluon_nothing*", "synthetic", tmp_path, ManyOptions())


def test_results_are_called_as_their_files_and_by_whole_names_where_two_are_alike(
    tmp_path: Path,
) -> None:
    for name in (
        *("a.params", "a.pth", "b.npz", "model.tar.gz", "c-0000.params", "unknown", "d/b.params"),
        *("e-symbol.json", "e-0000.params", "e-0002.params", "e.json", "out.provenance.json"),
        *("m.safetensors.index.json", "m-00001-of-00002.safetensors", "log.txt"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "unknown").write_bytes(SAMPLE.read_bytes())
    content = folder_content(tmp_path)
    assert {member.name: member.stem for member in content.members} == {
        "a.params": "a.params",
        "a.pth": "a.pth",
        "b.npz": "b",
        "model.tar.gz": "model",
        "c-0000.params": "c-0000",
        "unknown": "unknown",
        "d/b.params": "d/b",
        "e-symbol.json": "e",
        "m.safetensors.index.json": "m",
    }
    assert content.others == 3
    with pytest.raises(ConversionError, match="need a folder of their own"):
        folder_content(tmp_path, tmp_path / "d" / "..")
    assert len(folder_content(tmp_path, tmp_path / "d").members) == 8
    (tmp_path / "d" / "b.params").unlink()
    with pytest.raises(ConversionError, match="no checkpoint and no graph"):
        folder_content(tmp_path / "d")


def test_wrong_usage_is_exit_status_2(tmp_path: Path) -> None:
    for words in (
        ["--all", "gluon_*"],
        ["--all", "gluon_*", NAME, "out"],
        ["--all", "gluon_*", "out", "--shard", "3/2"],
        ["--all", "gluon_*", "out", "--jobs", "0"],
        ["--all", "gluon_*", "out", "--sha256", "00"],
        [NAME, "out.safetensors", "--jobs", "2"],
        ["auto", "out.safetensors", "--from", SAMPLE, "--shard", "1/2"],
    ):
        assert run("convert", *words).exit_code == 2, words
    for words, said in (
        (["--all", "gluon_*", "x.safetensors"], "expected the name of a folder"),
        (["--all", NAME, tmp_path / "out", "--from", SAMPLE], "--from takes a folder"),
    ):
        done = run("convert", *words)
        assert done.exit_code == 1 and said in done.stderr, words
    assert run("merge").exit_code == 2


def test_a_file_named_as_a_model_does_not_hide_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("gluon_mobilenet0.25", NAME):
        Path(name).touch()
    words = ["convert", "gluon_mobilenet0.25", "a.safetensors", "--from", "synthetic"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, ["verify", "parity", NAME, "--json"])
    assert done.exit_code == 0, done.output
