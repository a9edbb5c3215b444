"""Any number of processes, killed or not, leave the same answers, one for every image."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import gluonport
from tests.support.needs import cannot_run
from tests.support.process_groups import DEADLINE, QUIET, ROOT, running_group

NAME = "gluon_seresnext8_digits"
BATCH, CHUNKS = 4, 90


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ranks") / "digits.safetensors"
    gluonport.convert(NAME, out)
    return out


def arguments(checkpoint: Path, ledger: Path, *more: object) -> list[str]:
    options = ["--ledger", str(ledger), "--batch-size", str(BATCH), *map(str, more)]
    return ["accuracy", NAME, str(checkpoint), *options]


def torchrun(world: int, *command: str) -> list[str]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*launcher, "--local-addr", "127.0.0.1", f"--nproc-per-node={world}", *command]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=ROOT, env=QUIET, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def wait_for(process: subprocess.Popen[str], ledger: Path, chunks: int) -> None:
    end = time.monotonic() + DEADLINE
    while len(list(ledger.glob("[0-9]*.csv"))) < chunks:
        assert time.monotonic() < end, f"no {chunks} chunks in {DEADLINE} s: it hangs"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
        assert process.poll() is None, "ended too early"


def ranks_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"-mverify" in Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b"")
    ]


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder. A staging folder, which a killed writer leaves, is not a file."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def files_of(whole: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in whole.items() if name != "predictions.csv"}


@pytest.fixture(scope="module")
def whole(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one undisturbed process leaves."""
    ledger = tmp_path_factory.mktemp("whole") / "ledger"
    predictions = ledger.parent / "predictions.csv"
    run(
        [
            sys.executable,
            "-m",
            "verify",
            *arguments(checkpoint, ledger, "--predictions", predictions),
        ]
    )
    assert len(list(ledger.glob("[0-9]*.csv"))) == CHUNKS
    return contents(ledger) | {"predictions.csv": predictions.read_bytes()}


@pytest.mark.exhaustive
@pytest.mark.parametrize("world", [2, 6, 7])
def test_any_world_size_leaves_the_same_files(
    world: int, checkpoint: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    ledger, predictions = tmp_path / "ledger", tmp_path / "predictions.csv"
    command = arguments(checkpoint, ledger, "--predictions", predictions, "--json")
    done = run(torchrun(world, "-m", "verify", *command))
    assert contents(ledger) | {"predictions.csv": predictions.read_bytes()} == whole
    assert done.stdout.count('"top1_correct": 352') == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("world", [3, 7])
def test_a_killed_rank_costs_its_chunk_in_hand_and_nothing_else(
    world: int, checkpoint: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    ledger, moment = tmp_path / "ledger", random.randint(1, CHUNKS // 3)
    with running_group(
        torchrun(world, "-m", "verify", *arguments(checkpoint, ledger)), stderr=subprocess.PIPE
    ) as process:
        wait_for(process, ledger, moment)
        victim = random.choice(ranks_of(process))
        os.kill(victim, signal.SIGKILL)
        assert process.wait() != 0
    kept = {name: data for name, data in contents(ledger).items() if name in whole}
    assert moment <= len([name for name in kept if name[0].isdigit()]) < CHUNKS
    assert all(data == whole[name] for name, data in kept.items())
    predictions = tmp_path / "predictions.csv"
    resumed = arguments(checkpoint, ledger, "--predictions", predictions)
    run(torchrun(2, "-m", "verify", *resumed))
    assert predictions.read_bytes() == whole["predictions.csv"]
    assert contents(ledger) == files_of(whole)
    assert all(path.is_file() for path in ledger.iterdir()), "the staging folders are gone"


@pytest.mark.exhaustive
def test_an_interrupted_run_says_how_to_go_on_and_does(
    checkpoint: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    command = [sys.executable, "-m", "verify", *arguments(checkpoint, ledger)]
    with running_group(command, stderr=subprocess.PIPE) as process:
        wait_for(process, ledger, 3)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait() == 1
    assert said.startswith("error: interrupted: ") and said.count("\n") == 1, said
    kept = set(ledger.glob("[0-9]*.csv"))
    assert 3 <= len(kept) < CHUNKS
    before = {path: path.stat().st_mtime_ns for path in kept}
    run(command)
    assert {path: path.stat().st_mtime_ns for path in kept} == before, "a chunk was run again"
    assert contents(ledger) == files_of(whole)


@pytest.mark.exhaustive
def test_ledgers_of_two_machines_make_one_number(
    checkpoint: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    names = sorted(name for name in whole if name[0].isdigit())
    for machine, part in (("a", names[::2]), ("b", names[1::2])):
        (tmp_path / machine).mkdir()
        for name in (*part, "run.json", "manifest.csv"):
            (tmp_path / machine / name).write_bytes(whole[name])
    gathered = arguments(checkpoint, tmp_path / "a", "--ledger", tmp_path / "b", "--json")
    done = run([sys.executable, "-m", "verify", *gathered])
    assert '"top1_correct": 352' in done.stdout and '"fast_path": null' in done.stdout
    assert {n: d for n, d in contents(tmp_path / "a").items() if n in names} == {
        name: whole[name] for name in names
    }


@contextlib.contextmanager
def two_machines() -> Iterator[list[tuple[list[str], str]]]:
    """Two network namespaces joined by a cable: what starts a command in each, its interface."""
    names = tuple(f"gluonport-{os.getpid()}-{side}" for side in "ab")
    ends = tuple(f"gp{os.getpid()}{side}" for side in "ab")
    cable = ["link", "add", ends[0], "type", "veth", "peer", "name", ends[1]]
    try:
        steps = [["netns", "add", name] for name in names] + [cable]
        for k, (name, end) in enumerate(zip(names, ends, strict=True)):
            steps += [["link", "set", end, "netns", name]]
            steps += [["-n", name, "addr", "add", f"10.77.0.{k + 1}/24", "dev", end]]
            steps += [["-n", name, "link", "set", up, "up"] for up in (end, "lo")]
        for step in steps:
            try:
                done = subprocess.run(["ip", *step], capture_output=True, text=True)
            except FileNotFoundError:
                cannot_run("no 'ip' here (Debian's iproute2)")
            if done.returncode:
                cannot_run(f"no network namespaces here: ip {' '.join(step)}: {done.stderr}")
        starts = [["ip", "netns", "exec", name] for name in names]
        yield list(zip(starts, ends, strict=True))
    finally:
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                subprocess.run(["ip", "netns", "del", name], capture_output=True)


@pytest.mark.exhaustive
def test_machines_that_share_no_folder_send_their_chunks_to_the_first(
    checkpoint: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    predictions = tmp_path / "predictions.csv"
    with two_machines() as machines, contextlib.ExitStack() as stack:
        ranks = []
        for rank, (start, interface) in enumerate(machines):
            ledger = tmp_path / f"machine{rank}"
            meet = {"MASTER_ADDR": "10.77.0.1", "MASTER_PORT": "29400", "WORLD_SIZE": "2"}
            place = {"RANK": str(rank), "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
            command = arguments(checkpoint, ledger, "--predictions", predictions)
            ranks.append(
                stack.enter_context(
                    subprocess.Popen(
                        [*start, sys.executable, "-m", "verify", *command],
                        cwd=ROOT,
                        env=QUIET | meet | place | {"GLOO_SOCKET_IFNAME": interface},
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )
            )
        said = [process.communicate()[0] for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0] and said[1] == ""
    assert predictions.read_bytes() == whole["predictions.csv"]
    sent = contents(tmp_path / "machine1")
    assert sum(name[0].isdigit() for name in sent) == CHUNKS // 2
    assert contents(tmp_path / "machine0") == files_of(whole)
