"""SIGKILL at drawn moments: what is there afterwards is whole, and the next run does the rest.

A moment is either a share of what a whole run takes, or an event of Python's audit hooks (a file
is opened, renamed, removed), so that every step of the disk is hit on any machine.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.formats.regular import sha256
from mappings.errors import GluonportError
from scripts.attack.outcome import Outcome
from verify.publish.sums import check_sums

NAME = "gluon_seresnext8_digits"


@dataclass(frozen=True)
class Victim:
    """A command, the check of what a kill may leave in its folder, and that of what a run leaves.

    The checks say what is wrong, or nothing. ``afresh``: each kill begins with the folder as it
    was; otherwise runs go on where the last one was killed. ``done``: the command has ended, and
    would refuse to do it again.
    """

    name: str
    words: Sequence[str]
    after_kill: Callable[[Path], str]
    after_run: Callable[[Path], str]
    afresh: bool = True
    done: Callable[[Path], bool] = lambda _: False


def run(words: Sequence[str], folder: Path, before: Callable[[], None] = lambda: None) -> int:
    """The process id of a fork that runs a command there, in a session of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if child := os.fork():
        return child
    status = 99
    try:
        os.setsid()
        os.chdir(folder)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        from gluonport.commands.main import main

        before()
        main(list(words), standalone_mode=False)
        status = 0
    except BaseException:
        status = 1
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """The exit status of a child, negative for a signal; what it started is killed too."""
    _, status = os.waitpid(child, 0)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return os.waitstatus_to_exitcode(status)


def kill_at_event(number: int) -> Callable[[], None]:
    """Kill this process and its children at its audit event of this number."""

    def install() -> None:
        left = [number]

        def hook(event: str, _: object) -> None:
            if event.startswith(("open", "os.", "shutil.", "tempfile.", "fcntl.", "mmap.")):
                left[0] -= 1
                if left[0] == 0:
                    os.killpg(0, signal.SIGKILL)

        sys.addaudithook(hook)

    return install


def count_events(words: Sequence[str], folder: Path) -> tuple[int, float]:
    """The audit events of a whole run, and the seconds that it takes here."""
    note = folder / "events"

    def install() -> None:
        count = [0]

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event.startswith(("open", "os.", "shutil.", "tempfile.", "fcntl.", "mmap.")):
                count[0] += 1

        sys.addaudithook(hook)
        real = os._exit

        def leave(status: int) -> None:
            note.write_text(str(count[0]))
            real(status)

        os._exit = leave  # type: ignore[assignment]

    begin = time.monotonic()
    status = ended(run(words, folder, install))
    assert status == 0, f"{words}: exit status {status}"
    events = int(note.read_text())
    note.unlink()
    return events, time.monotonic() - begin


def attack(victim: Victim, home: Path, kills: int, chance: random.Random) -> Outcome:
    """Kill a command ``kills`` times in a copy of the folder ``home``."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "folder")

        def anew() -> None:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(home, folder)

        anew()
        events, lasts = count_events(victim.words, folder)
        anew()
        faults, died = list[str](), 0
        for number in range(kills):
            at_event = number % 2 == 0
            moment = chance.randint(1, events) if at_event else chance.uniform(0, lasts)
            before = kill_at_event(int(moment)) if at_event else (lambda: None)
            child = run(victim.words, folder, before)
            if not at_event:
                time.sleep(moment)
                try:
                    os.killpg(child, signal.SIGKILL)
                except ProcessLookupError:
                    os.kill(child, signal.SIGKILL)  # before it has its session
            status = ended(child)
            died += status == -signal.SIGKILL
            wrong = "" if status in (0, -signal.SIGKILL) else f"exit status {status}"
            wrong = wrong or victim.after_kill(folder)
            if victim.afresh or number % 5 == 4 or number == kills - 1:
                again = 0 if victim.done(folder) else ended(run(victim.words, folder))
                wrong = wrong or (f"the next run: {again}" if again else victim.after_run(folder))
                anew()
            if wrong:
                faults.append(f"{'event' if at_event else 'second'} {moment:.3f}: {wrong}")
                anew()
    found = f"{died} died, of {events} events and at any time; nothing was half-written"
    return Outcome(
        f"kills: {victim.name}", kills, kills - len(faults), found * (not faults), tuple(faults)
    )


def kill_outcomes(kills: int, seed: int = 17) -> Iterator[Outcome]:
    """Half of the kills are of ``convert``, three of ten of ``publish``, the rest of accuracy."""
    chance = random.Random(seed)
    shares = (kills // 2, kills * 3 // 10, kills - kills // 2 - kills * 3 // 10)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place, "home")
        home.mkdir()
        _warm()
        for words in (
            ("convert", NAME, "digits.safetensors"),
            ("verify", "parity", NAME, "--checkpoint", "digits.safetensors"),
            ("verify", "accuracy", NAME, "digits.safetensors"),
        ):
            assert ended(run(words, home)) == 0, words
        complete = sha256(home / "digits.safetensors")
        for victim, share in zip(_victims(complete, home), shares, strict=True):
            yield attack(victim, home, share, chance)


def _warm() -> None:
    """Import what the commands need, once, before any fork."""
    import torch

    for name in ("convert.conversion", "verify.accuracy.measure", "verify.publish.publishing"):
        importlib.import_module(name)
    torch.set_num_threads(1)  # no threads before a fork


def _victims(complete: str, home: Path) -> tuple[Victim, ...]:
    files = {path.name for path in home.iterdir()}

    def extra(folder: Path) -> set[str]:
        return {path.name for path in folder.iterdir()} - files

    def converted(folder: Path) -> str:
        if sha256(folder / "digits.safetensors") != complete:
            return "the target is neither the old one nor the new one"
        return ""

    def convert_left(folder: Path) -> str:
        left = extra(folder) - {".digits.safetensors.partial"}
        return converted(folder) or (f"left {left}" if left else "")

    def clean(folder: Path) -> str:
        return converted(folder) or (f"left {extra(folder)}" if extra(folder) else "")

    def published(folder: Path) -> str:
        try:
            check_sums(folder / "release")
        except GluonportError as error:
            return str(error)
        left = extra(folder) - {"release"}
        return f"left {left}" if left else ""

    def publish_left(folder: Path) -> str:
        return published(folder) if (folder / "release").exists() else ""

    def right(folder: Path) -> str:
        found = json.loads((folder / "digits.accuracy.json").read_text())
        said = found["images"], found["top1_correct"]
        return "" if said == (360, top1) else f"gives {said}"

    def accuracy_left(folder: Path) -> str:
        try:
            json.loads((folder / "digits.accuracy.json").read_text())
        except ValueError:
            return "digits.accuracy.json is half-written"
        return ""

    measure = ["verify", "accuracy", NAME, "digits.safetensors", "--batch-size", "24"]
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(home, folder := Path(place, "folder"))
        assert ended(run(measure, folder)) == 0
        top1 = json.loads((folder / "digits.accuracy.json").read_text())["top1_correct"]
    convert = ["convert", NAME, "digits.safetensors", "--force"]
    publish = ["publish", NAME, "digits.safetensors", "release"]
    return (
        Victim("convert --force", convert, convert_left, clean),
        Victim(
            "publish",
            publish,
            publish_left,
            published,
            done=lambda folder: (folder / "release").exists(),
        ),
        Victim("verify accuracy", measure, accuracy_left, right, afresh=False),
    )
