"""Many conversions that are killed, interrupted, or shared among processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from convert.conversion import convert
from convert.formats.records import PARITY, PROVENANCE, read_record, record_path
from convert.formats.regular import sha256
from gluonport.commands.main import main
from tests.support.process_groups import DEADLINE, QUIET, ROOT, running_group

pytestmark = pytest.mark.exhaustive  # processes that start torch, and conversions one by one

PATTERN = "gluon_cifar_resnet*_v1"
NAMES = ["gluon_cifar_resnet110_v1", "gluon_cifar_resnet20_v1", "gluon_cifar_resnet56_v1"]


def running(
    *words: object, **more: str
) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    """A gluonport command in a group of its own."""
    command = [sys.executable, "-m", "gluonport", *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return running_group(command, {**QUIET, **more}, **pipes)


def wait_for_result(process: subprocess.Popen[str], results: Path) -> None:
    end = time.monotonic() + DEADLINE
    while not results.exists() or not json.loads(results.read_text())["results"]:
        assert time.monotonic() < end, "no result: it hangs"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
        assert process.poll() is None, "ended too early"


def merged(folder: Path) -> dict[str, Any]:
    done = CliRunner().invoke(main, ["merge", str(folder), "--json"])
    return {"exit": done.exit_code, **json.loads(done.stdout)["convert"]}


def test_a_killed_share_is_run_again_and_the_merge_has_everything(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["convert", "--all", PATTERN, out, "--from", "synthetic", "--jobs", 1]
    with running(*command, "--shard", "2/2") as other:
        with running(*command, "--shard", "1/2") as killed:
            wait_for_result(killed, out / "convert-1-of-2.results.json")
            killed.kill()
            killed.communicate()  # until its processes have closed the pipe, too
        assert other.communicate()[0] and other.returncode == 0
    for path in out.glob("*.safetensors"):  # there is no half of a file
        assert read_record(path, PROVENANCE)["target_sha256"] == sha256(path)

    again = CliRunner().invoke(main, [*map(str, command), "--shard", "1/2", "--json"])
    counts = json.loads(again.stdout)["counts"]
    assert again.exit_code == 0 and counts["skipped"] >= 1 and sum(counts.values()) == 2
    found = merged(out)
    assert found["exit"] == 0 and found["missing"] == [] and found["members"] == len(NAMES)
    assert [entry["name"] for entry in found["results"]] == NAMES
    for entry in found["results"]:
        alone = convert(entry["name"], tmp_path / f"{entry['name']}.safetensors", "synthetic")
        assert alone.target_sha256 == entry["target_sha256"] == sha256(Path(entry["target"]))
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_a_killed_share_of_proofs_is_gone_on_with_and_merged(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in NAMES]
    for name, path in zip(NAMES, files, strict=True):
        convert(name, path, "synthetic")
    command = ["verify", "parity", *files, "--results", tmp_path, "--jobs", 1, "--shard"]
    with running(*command, "1/2") as killed:
        wait_for_result(killed, tmp_path / "parity-1-of-2.results.json")
        killed.kill()
        killed.communicate()
    proven = [path for path in files if record_path(path, PARITY).exists()]
    assert proven and all(read_record(path, PARITY) for path in proven)  # each is whole
    before = {path: record_path(path, PARITY).stat().st_mtime_ns for path in proven}
    for share in ("1/2", "2/2"):
        done = CliRunner().invoke(main, [*map(str, command), share, "--json"])
        assert done.exit_code == 0, done.output
    for path, written in before.items():  # it was not proven twice
        assert record_path(path, PARITY).stat().st_mtime_ns == written
    done = CliRunner().invoke(main, ["merge", str(tmp_path), "--json"])
    found = json.loads(done.stdout)["parity"]
    assert done.exit_code == 0 and found["missing"] == [] and found["members"] == len(NAMES)
    assert {entry["status"] for entry in found["results"]} <= {"passed", "skipped"}


def test_ctrl_c_ends_all_processes_and_leaves_what_was_finished(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it never answers
        port = silent.getsockname()[1]
        more = {"MXNET_GLUON_REPO": f"http://127.0.0.1:{port}", "MXNET_HOME": str(tmp_path)}
        with running("convert", "--all", "gluon_seres*", out, "--jobs", 4, **more) as process:
            wait_for_result(process, out / "convert.results.json")
            os.killpg(process.pid, signal.SIGINT)
            # The end of what it says comes when the last of its processes has ended.
            said, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1 and said.strip().endswith("Aborted!"), said
    assert "Traceback" not in said
    assert sorted(path.name for path in out.iterdir()) == [
        "convert.results.json",
        "gluon_seresnext8_digits.provenance.json",
        "gluon_seresnext8_digits.safetensors",
    ]
    found = merged(out)
    assert found["exit"] == 1 and len(found["missing"]) == found["members"] - 1


def test_torchrun_gives_each_rank_a_share_and_one_answer_of_all(tmp_path: Path) -> None:
    zoo, out = tmp_path / "zoo", tmp_path / "out"
    zoo.mkdir()
    for name in NAMES[1:]:
        convert(name, zoo / f"{name}.params", "synthetic")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr"]
    command = [*launcher, "127.0.0.1", "--nproc-per-node=2", "-m", "convert", "--all", PATTERN]
    done = subprocess.run(
        [*command, str(out), "--from", str(zoo), "--json"],
        cwd=ROOT,
        env=QUIET,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert done.returncode != 0 and not found["passed"]
    # The rank without a file for its first model did not stop the others.
    assert found["counts"] == {"converted": 2, "failed": 1} and found["members"] == NAMES
    assert "error: " in done.stderr and f"there is no file for {NAMES[0]}" in done.stderr
    assert merged(out)["counts"] == found["counts"]
