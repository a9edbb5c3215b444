"""Does many things at once, each in a process of its own; a failure is that of one thing alone.

The processes are started anew rather than forked, and each does one thing after the other. One that
is killed or crashes is replaced. They end with the block, and by themselves if the process that
started them is killed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from convert.formats.staging import remove_leftover
from convert.many.machine import cores
from mappings.errors import GluonportError

GRACE = 5.0  # seconds that a process has to put its things away

Work = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Errand:
    """One thing to do. ``given`` is what the work takes, and ``memory`` the bytes that it may need.
    ``targets`` are the files that it writes, beside which a killed process leaves its staging."""

    name: str
    given: Any
    memory: int = 0
    targets: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Done:
    """What became of an errand: its ``value``, or one line that says why there is none."""

    name: str
    value: dict[str, Any] | None
    error: str | None
    seconds: float


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    connection: Connection
    errand: Errand | None = None
    began: float = 0.0


def do_all(
    errands: Sequence[Errand], work: Work, jobs: int, memory: int | None = None
) -> Iterator[Done]:
    """Do the errands in at most ``jobs`` processes, those that need the most memory first, and
    yield what became of each as it ends.

    An errand begins only when it fits beside the others into ``memory`` bytes, or alone. ``work``
    must be a function at the top of a module. What it raises becomes the errand's error.
    """
    waiting = sorted(errands, key=lambda errand: (-errand.memory, errand.name))
    workers: list[_Worker] = []
    threads = max(1, cores() // max(1, min(jobs, len(waiting))))
    try:
        while waiting or any(worker.errand for worker in workers):
            while (errand := _next(waiting, workers, jobs, memory)) is not None:
                waiting.remove(errand)
                _give(errand, workers, work, threads)
            busy = {worker.connection: worker for worker in workers if worker.errand}
            for connection in wait(list(busy)):
                yield _ended(busy[connection], workers)  # type: ignore[index]
    finally:
        _end(workers)


def _next(
    waiting: Sequence[Errand], workers: Sequence[_Worker], jobs: int, memory: int | None
) -> Errand | None:
    """The errand that may begin now; None if all must wait."""
    running = [worker.errand for worker in workers if worker.errand]
    if len(running) >= jobs:
        return None
    used = sum(errand.memory for errand in running)
    for errand in waiting:
        if not running or memory is None or used + errand.memory <= memory:
            return errand
    return None


def _give(errand: Errand, workers: list[_Worker], work: Work, threads: int) -> None:
    """Give an errand to a process that is free, or to a new one."""
    for worker in [worker for worker in workers if worker.errand is None]:
        try:
            worker.connection.send(errand.given)
        except OSError:  # it was killed while it had nothing to do
            workers.remove(worker)
            _end([worker])
            continue
        worker.errand, worker.began = errand, time.monotonic()
        return
    worker = _start(work, threads)
    workers.append(worker)
    worker.errand, worker.began = errand, time.monotonic()
    with suppress(OSError):  # it has ended already: the next wait finds that
        worker.connection.send(errand.given)


def _start(work: Work, threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work), daemon=True)
    # It begins with SIGINT blocked, so that Ctrl-C does not disturb it before it is ready.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        with _threads(threads), _no_main():
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    """Let new processes compute with this many threads each, unless the user says how many."""
    name = "OMP_NUM_THREADS"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(threads)
    try:
        yield
    finally:
        del os.environ[name]


@contextmanager
def _no_main() -> Iterator[None]:
    """Let new processes not import the main module of this one: the work is not in it, and a script
    that calls gluonport would run again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _ended(worker: _Worker, workers: list[_Worker]) -> Done:
    """What a process sent, or how it died."""
    errand = worker.errand
    assert errand is not None
    worker.errand = None
    seconds = time.monotonic() - worker.began
    try:
        value, error = worker.connection.recv()
    except (EOFError, OSError):
        workers.remove(worker)
        _end([worker])
        _clear(errand)
        return Done(errand.name, None, _death(worker.process.exitcode), seconds)
    return Done(errand.name, value, error, seconds)


def _death(status: int | None) -> str:
    if status is not None and status < 0:
        name = signal.Signals(-status).name if -status in list(signal.Signals) else f"{-status}"
        what = f"the process that did it was killed ({name})"
    else:
        what = f"the process that did it ended with status {status}"
    return f"{what}; is there enough memory? the same command tries it again, also with --jobs 1"


def _clear(errand: Errand) -> None:
    for target in errand.targets:
        with suppress(OSError):
            remove_leftover(target)


def _end(workers: Sequence[_Worker]) -> None:
    """End processes: those that are at work are told to stop, and the others just return."""
    for worker in workers:
        if worker.errand is not None:
            worker.process.terminate()
        worker.connection.close()
    until = time.monotonic() + GRACE
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
        if worker.errand is not None:
            _clear(worker.errand)


class _NoTerminal:
    """A stream that is never taken for a terminal: many processes share the one that there is."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _serve(connection: Connection, work: Work) -> None:
    """Do what is sent, one thing after the other, until nobody sends any more."""
    # A handler, unlike SIG_IGN, is not passed on to the programs that the work starts.
    signal.signal(signal.SIGINT, lambda *_: None)  # the process that started this one answers it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stderr = _NoTerminal(sys.stderr)
    while True:
        try:
            given = connection.recv()
        except (EOFError, OSError):
            return
        answer = _answer(work, given)
        with suppress(OSError):  # nobody listens any more: the next recv ends this process
            connection.send(answer)


def _leave(*_: object) -> None:
    raise SystemExit(1)


def _end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end this one."""
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)


def _answer(work: Work, given: Any) -> tuple[dict[str, Any] | None, str | None]:
    """The value of the work, or what stopped it, in one line."""
    try:
        return work(given), None
    except GluonportError as error:
        return None, str(error)
    except MemoryError:
        return None, "this machine has too little memory for this file"
    except OSError as error:
        return None, f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except ModuleNotFoundError as error:
        return None, f"this needs the package {error.name}, which is not installed"
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        return None, f"unexpected {what}; this is a mistake of gluonport: please report it"
