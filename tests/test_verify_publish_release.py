"""What is in a release folder: whole, the same every time, and true."""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from huggingface_hub import ModelCard
from safetensors.numpy import load_file

from gluonport.commands.main import main
from tests.conftest import GluonCheckpoints
from tests.support.releases import NAME, converted, edit, is_one_line, publish, verify

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "architectures" / "samples"


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its own evidence, every record made by its command."""
    checkpoint = converted(tmp_path_factory.mktemp("proven"))
    result = verify("accuracy", NAME, checkpoint, "--data", SAMPLES / f"{NAME}.tar")
    assert result.exit_code == 0, result.output
    return checkpoint


@pytest.fixture(scope="module")
def release(proven: Path) -> Path:
    result = publish(NAME, proven, proven.parent / "release")
    assert result.exit_code == 0, result.output
    return proven.parent / "release"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, gluon: Callable[..., GluonCheckpoints]) -> Path:
    """Somebody's own network of 23 classes, as MXNet wrote it, converted."""
    source = gluon("seresnext8_digits-tuned").file()
    return converted(tmp_path_factory.mktemp("tuned"), NAME, source)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_weights_are_the_checkpoint_byte_for_byte(release: Path, proven: Path) -> None:
    assert (release / "model.safetensors").read_bytes() == proven.read_bytes()
    assert (release / "model.safetensors").stat().st_mode & 0o777 == 0o644
    assert release.stat().st_mode & 0o777 == 0o755


def test_the_same_evidence_gives_the_same_bytes(
    release: Path, proven: Path, tmp_path: Path
) -> None:
    assert publish(NAME, proven, tmp_path / "release").exit_code == 0
    assert contents(tmp_path / "release") == contents(release)


def test_no_path_of_this_machine_is_published(release: Path) -> None:
    for name, data in contents(release).items():
        for part in (b"/tmp", str(ROOT).encode(), b"/root", str(release.parent).encode()):
            assert part not in data, name


@pytest.mark.exhaustive
def test_a_source_whose_name_is_not_utf8_goes_the_whole_way(tmp_path: Path) -> None:
    """convert, verify parity, verify accuracy, publish, verify release, in a process of their own;
    neither the folders' names nor the path of the data are in what is published."""
    private = tmp_path / "private"
    nested = private / "customer" / os.fsdecode(b"donn\xe9es")
    nested.mkdir(parents=True)
    source, data = nested / os.fsdecode(b"caf\xe9.params"), nested / "scans.tar"
    shutil.copy(SAMPLES / f"{NAME}.params", source)
    shutil.copy(SAMPLES / f"{NAME}.tar", data)
    checkpoint = nested / os.fsdecode(b"caf\xe9.safetensors")
    reason = os.fsdecode(b"donn\xe9es")
    relative = data.relative_to(private)
    steps: tuple[tuple[Any, ...], ...] = (
        ("convert", NAME, checkpoint, "--from", source),
        ("verify", "parity", NAME, "--checkpoint", checkpoint),
        ("verify", "accuracy", NAME, checkpoint, "--data", relative, "--cache", "cache"),
        ("publish", NAME, checkpoint, "release"),
        ("verify", "release", "release"),
        ("publish", NAME, checkpoint, "other", "--without-accuracy", reason),
        ("verify", "release", "other"),
    )
    program = """if True:
        import itertools, sys
        from gluonport.commands.main import main
        for last, words in itertools.groupby(sys.argv[1:], "::".__eq__):
            if not last:
                assert not main(list(words), standalone_mode=False), words
    """
    words = itertools.chain.from_iterable((*step, "::") for step in steps)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, cwd=private, env=environment)
    assert done.returncode == 0, done.stderr
    card = (private / "release" / "README.md").read_text(encoding="utf-8")
    assert r"`caf\xe9.params` (sha256" in card
    statement = json.loads((private / "release" / "provenance.json").read_text(encoding="utf-8"))
    [source_of, _] = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source_of["name"] == r"caf\xe9.params"
    assert json.loads((private / "release" / "accuracy.json").read_text())["data"] == "scans.tar"
    assert r"donn\\xe9es" in (private / "other" / "README.md").read_text(encoding="utf-8")
    for folder in ("release", "other"):
        for name, content in contents(private / folder).items():
            for part in (os.fsencode(tmp_path), b"customer", b"private/", b"\xe9"):
                assert part not in content or name == "model.safetensors", (name, part)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pa55@host/a/b.params?X-Signature=secret#x", "https://host/a/b.params"),
        ("https://host/b.params", "https://host/b.params"),
    ],
)
def test_secrets_in_the_address_of_the_source_are_not_published(
    url: str, shown: str, proven: Path, tmp_path: Path
) -> None:
    for path in proven.parent.glob(f"{NAME}.*"):
        shutil.copy(path, tmp_path)
    edit(tmp_path / f"{NAME}.provenance.json", source_url=url)
    result = publish(NAME, tmp_path / f"{NAME}.safetensors", tmp_path / "out")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / "provenance.json").read_text()
    assert (
        json.loads(text)["predicate"]["buildDefinition"]["resolvedDependencies"][0]["uri"] == shown
    )
    for content in contents(tmp_path / "out").values():
        assert b"pa55" not in content and b"secret" not in content


@pytest.mark.parametrize("folder", ["a\0b", "missing/a\0b"])
def test_a_nul_in_a_path_is_one_line(folder: str, proven: Path, tmp_path: Path) -> None:
    assert is_one_line(publish(NAME, proven, tmp_path / folder))
    assert is_one_line(publish(NAME, tmp_path / folder, tmp_path / "out"))
    assert is_one_line(publish(NAME, proven, tmp_path / "out", "--class-names", tmp_path / folder))
    assert is_one_line(publish(NAME, proven, tmp_path / "out", "--sign", tmp_path / folder))
    assert is_one_line(verify("release", tmp_path / folder))
    assert list(tmp_path.iterdir()) == []


def test_the_statement_is_of_in_toto_and_slsa(release: Path, proven: Path) -> None:
    statement = json.loads((release / "provenance.json").read_text())
    record = json.loads(proven.with_suffix(".provenance.json").read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [
        {"name": "model.safetensors", "digest": {"sha256": record["target_sha256"]}}
    ]
    build, run = (statement["predicate"][key] for key in ("buildDefinition", "runDetails"))
    source, table = build["resolvedDependencies"]
    assert source["name"] == f"{NAME}.params"
    assert source["digest"] == {"sha256": record["source_sha256"]}
    assert table["digest"] == {"sha256": record["mapping_sha256"]}
    assert set(build) >= {"buildType", "externalParameters"} and set(run) >= {"builder"}
    assert {entry["name"] for entry in run["byproducts"]} <= contents(release).keys()


def test_the_card_is_read_by_the_hubs_own_reader(release: Path) -> None:
    card = ModelCard.load(release / "README.md")
    assert card.data.library_name == "gluonport" and card.data.license == "apache-2.0"
    results = card.data.eval_results
    assert results is not None
    assert [(r.metric_name, r.metric_value) for r in results] == [
        ("Top-1 accuracy (%)", 97.778),
        ("Top-5 accuracy (%)", 100.0),
    ]
    assert all("gluon preprocessing" in result.dataset_name for result in results)
    for words in ("352 of 360", "CC BY 4.0", "## Parity", "## Limits", "## Citation"):
        assert words in card.text


def test_a_network_that_timm_lacks_is_not_said_to_be_timms(release: Path) -> None:
    config = json.loads((release / "config.json").read_text())
    assert "architecture" not in config and "pretrained_cfg" not in config
    card = (release / "README.md").read_text()
    assert (
        "Neither timm nor torchvision has this network" in card and "timm.create_model" not in card
    )


def test_the_cards_own_code_runs(release: Path, tmp_path: Path) -> None:
    code = (release / "README.md").read_text().split("```python\n")[1].split("```")[0]
    shutil.copy(release / "model.safetensors", tmp_path)
    shutil.copy(ROOT / "verify" / "reference" / "images" / "coffee.jpg", tmp_path / "image.jpg")
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(tuple(probabilities.shape))"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "(1, 10)", done.stderr


@pytest.mark.parametrize("option", ["--class-names", "--labels"])  # the second is its old name
def test_class_names_of_ones_own_are_in_config_and_card(
    option: str, tuned: Path, tmp_path: Path
) -> None:
    names = [f"class *{index}*" for index in range(23)]
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n")
    reason = "the pictures are a customer's | and *stay* there"
    options = (option, tmp_path / "names.txt", "--without-accuracy", reason)
    result = publish(NAME, tuned, tmp_path / "out", *options, "--license", "mit")
    assert result.exit_code == 0, result.output
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["label_names"] == names and config["num_classes"] == 23
    card = ModelCard.load(tmp_path / "out" / "README.md")
    assert card.data.license == "mit" and card.data.datasets is None
    assert "the owner's own" in card.text and "published as" not in card.text
    assert r"customer's \| and \*stay\* there" in card.text and r"class \*7\*" in card.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n" * 22, "has 22 lines, expected one for each of the 23"),
        ("a\n" * 23, "line 2: 'a' is on line 1 already"),
        ("\n".join(["", *map(str, range(22))]), "line 1: expected the name of class 0"),
    ],
)
def test_class_names_that_do_not_fit_are_refused(
    text: str, said: str, tuned: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text(text)
    options: tuple[Any, ...] = ("--class-names", names, "--without-accuracy", "none")
    result = publish(NAME, tuned, tmp_path / "out", *options)
    assert is_one_line(result) and said in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_old_name_beside_the_new_one_is_wrong_usage(proven: Path, tmp_path: Path) -> None:
    names = ("--class-names", tmp_path / "a", "--labels", tmp_path / "a")
    result = publish(NAME, proven, tmp_path / "out", *names)
    assert result.exit_code == 2 and "--labels is the old name of --class-names" in result.stderr
    result = CliRunner().invoke(main, ["predict", str(proven), "image.png", *map(str, names)])
    assert result.exit_code == 2 and "--labels is the old name of --class-names" in result.stderr


def test_the_weights_also_have_the_name_that_model_zoos_give(proven: Path, tmp_path: Path) -> None:
    result = publish(NAME, proven, tmp_path / "out", "--hashed-name", "--json")
    digest = json.loads(result.stdout)["sha256"]
    named = tmp_path / "out" / f"{NAME}-{digest[:8]}.safetensors"
    assert load_file(named).keys() == load_file(tmp_path / "out" / "model.safetensors").keys()


def test_a_failure_on_the_way_leaves_nothing(proven: Path, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no key")
    for folder, key in (("out", tmp_path / "no.pem"), ("missing/out", None), ("no.pem", None)):
        options = ("--sign", key) if key else ()
        assert is_one_line(publish(NAME, proven, tmp_path / folder, *options)), folder
    assert [path.name for path in tmp_path.iterdir()] == ["no.pem"]


@pytest.mark.parametrize("command", [("releases",), ("models", "--published")])
def test_releases_are_listed(command: tuple[str, ...], release: Path, tmp_path: Path) -> None:
    """By ``releases``, and by the name that it had before."""
    listed = CliRunner().invoke(main, [*command, str(release), "--json"])
    [row] = json.loads(listed.stdout)["published"]
    assert (row["name"], row["top1"], row["difference"]) == (NAME, 97.778, 0)
    assert (row["regime"], row["parity"], row["parameters"]) == ("gluon", "golden", 272506)
    shown = CliRunner().invoke(main, [*command, str(release)])
    assert NAME in shown.stdout and "97.778" in shown.stdout
    assert is_one_line(CliRunner().invoke(main, [*command, str(tmp_path)]))
    assert CliRunner().invoke(main, [*command]).exit_code == 2


def test_two_patterns_of_models_are_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["models", "gluon_*", "seresnext*"]).exit_code == 2


def test_the_results_table_has_a_row_for_each_release(
    release: Path, tuned: Path, tmp_path: Path
) -> None:
    reason = ("--without-accuracy", "not ours to measure")
    assert publish(NAME, tuned, tmp_path / "tuned", *reason).exit_code == 0
    script = ROOT / "scripts" / "results_table.py"
    command = [sys.executable, script, tmp_path / "tuned", release, "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["name"], row["top1"]) for row in rows] == [(NAME, "97.778"), (NAME, "")]
    table = (tmp_path / "results.md").read_text().splitlines()
    assert table[2].startswith(f"| {NAME} | 272,506 | gluon | 360 | 97.778 | 100.000 | +0.000 |")
    edit(tmp_path / "tuned" / "config.json", num_classes=11)
    assert subprocess.run(command, capture_output=True, env={"PYTHONPATH": str(ROOT)}).returncode
