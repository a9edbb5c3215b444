"""``verify parity`` of many files: each by its provenance, and what passed before is skipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from convert.conversion import convert
from gluonport.commands.verify import main
from mappings.errors import SourceError
from tests.conftest import GluonCheckpoints
from verify.parity.proving import prove_file, proven_before

NAME = "gluon_seresnext8_digits"


def parity(*words: object) -> Result:
    return CliRunner().invoke(main, ["parity", *map(str, words)])


def asked(*words: object) -> dict[str, Any]:
    done = parity(*words, "--json")
    return {"exit": done.exit_code, **json.loads(done.stdout)}


def test_files_are_proven_by_their_provenance_once_and_a_bad_one_fails_alone(
    tmp_path: Path,
) -> None:
    good, bad = tmp_path / "good.safetensors", tmp_path / "none.safetensors"
    convert(NAME, good)
    done = parity(good, bad, "--jobs", 1)
    assert done.exit_code == 1 and "2 in all: 1 failed, 1 passed" in done.stdout
    assert done.stderr == f"error: {bad}: there is no such file; check the path\n"
    record = json.loads((tmp_path / "good.parity.json").read_text())
    assert record["passed"] and record["model"] == NAME

    again = asked(good)
    assert again["exit"] == 0 and again["passed"] and again["counts"] == {"skipped": 1}
    (entry,), (model,) = again["results"], again["models"]
    assert entry["checkpoint_sha256"] == record["checkpoint_sha256"]
    assert model["model"] == NAME and model["passed"] and model["checkpoint"] == str(good)
    kept = json.loads((tmp_path / "parity.results.json").read_text())
    assert kept["finished"] and [entry["name"] for entry in kept["results"]] == [
        str(good),
        str(bad),
    ]


def test_a_proof_holds_for_the_same_file_source_and_reference_only(tmp_path: Path) -> None:
    source, out = tmp_path / "digits.params", tmp_path / "digits.safetensors"
    source.write_bytes(Path("architectures/samples", f"{NAME}.params").read_bytes())
    convert("auto", out, source)
    assert proven_before(str(out), "golden") is None
    assert prove_file(str(out), "golden").passed
    assert proven_before(str(out), "golden")
    assert proven_before(str(out), "live") is None
    record = tmp_path / "digits.parity.json"
    text = record.read_text()
    for old, new in (('"passed": true', '"passed": false'), ('"gluonport": "', '"gluonport": "0.')):
        record.write_text(text.replace(old, new))
        assert proven_before(str(out), "golden") is None
    record.write_text(text)
    assert proven_before(str(out), "golden")
    data = source.read_bytes()
    source.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert proven_before(str(out), "golden") is None
    source.write_bytes(data)
    assert proven_before(str(out), "golden")
    out.write_bytes(out.read_bytes() + b"\0")
    assert proven_before(str(out), "golden") is None


def test_a_file_of_no_known_network_is_not_proven(tmp_path: Path) -> None:
    out = tmp_path / "raw.safetensors"
    convert("raw", out, Path("architectures/samples", f"{NAME}.params"))
    with pytest.raises(SourceError, match="there is nothing to prove"):
        prove_file(str(out), "golden")
    (tmp_path / "raw.provenance.json").unlink()
    with pytest.raises(SourceError, match=f"verify parity NAME --checkpoint {out}"):
        prove_file(str(out), "golden")


def test_a_word_is_a_file_or_a_name_and_never_both(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for words in (
        [NAME, tmp_path / "file"],
        [tmp_path / "file", "x.safetensors", NAME],
        ["--all", tmp_path / "file"],
        [tmp_path / "file", "--checkpoint", tmp_path / "file"],
        [tmp_path / "file", "--from", tmp_path / "file"],
        [NAME, "--checkpoint", tmp_path / "file", "--jobs", 2],
        ["--all", NAME, "--jobs", 2],
        [NAME, "--force"],
    ):
        assert parity(*words).exit_code == 2, words


@pytest.mark.exhaustive
def test_shares_of_networks_are_proven_and_merged(tmp_path: Path) -> None:
    from gluonport.commands.main import main as gluonport

    names = [NAME, "gluon_cifar_resnet20_v1", "gluon_cifar_resnet20_v2"]
    for number in (1, 2):
        words = [*names, "--shard", f"{number}/2", "--results", tmp_path, "--report", tmp_path]
        found = asked(*words)
        assert found["exit"] == 0 and found["members"] == sorted(names)
        assert [model["model"] for model in found["models"]] == sorted(names)[number - 1 :: 2]
    merged = CliRunner().invoke(gluonport, ["merge", str(tmp_path), "--json"])
    assert merged.exit_code == 0 and json.loads(merged.stdout)["parity"]["members"] == 3
    assert (tmp_path / "index.html").exists()


@pytest.mark.exhaustive
def test_a_folder_that_mxnet_wrote_is_converted_and_proven(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    from gluonport.commands.main import main as gluonport

    written = gluon("seresnext8_digits")
    files = sorted(written.folder.glob("*.params"))
    out = tmp_path / "out"
    done = CliRunner().invoke(
        gluonport, ["convert", "auto", str(out), "--from", str(written.folder), "--json"]
    )
    found = {entry["name"]: entry for entry in json.loads(done.stdout)["results"]}
    assert found.pop(f"{written.network}.npz")["status"] == "failed" and done.exit_code == 1
    assert list(found) == [path.name for path in files] and len(files) > 2
    assert {entry["model"] for entry in found.values()} == {NAME}
    proven = asked(*(entry["target"] for entry in found.values()), "--jobs", 2)
    assert proven["exit"] == 0 and proven["counts"] == {"passed": len(files)}
