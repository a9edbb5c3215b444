"""Many errands in processes: each fails alone, and none outlives the block."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from convert.many.machine import cores, free_memory
from convert.many.shares import Share
from convert.many.worker_processes import Done, Errand, do_all
from tests.support.errands import alone, work


def errand(what: str, target: Path | None = None) -> Errand:
    given = what if target is None else f"{what} {target}"
    return Errand(what, given, targets=() if target is None else (target,))


def test_each_errand_fails_alone(tmp_path: Path) -> None:
    target = tmp_path / "out"
    errands = [errand("one"), errand("kill", target), errand("refuse", target), errand("break")]
    done = {found.name: found for found in do_all([*errands, errand("two")], work, 1)}
    assert done.keys() == {"one", "kill", "refuse", "break", "two"}
    for name in ("one", "two"):
        assert done[name].error is None and (done[name].value or {})["said"] == name
    assert str(done["kill"].error).startswith("the process that did it was killed (SIGKILL)")
    assert done["refuse"].error == f"{target}: is refused"
    assert str(done["break"].error).startswith("unexpected ZeroDivisionError: by nothing")
    assert all(found.value is None for found in done.values() if found.error)
    assert list(tmp_path.iterdir()) == []  # the killed process left its staging, which is removed
    assert not multiprocessing.active_children()


def test_as_many_as_asked_for_run_at_once_in_processes_that_are_used_again(tmp_path: Path) -> None:
    meeting = [Errand(f"{k}", f"meet {tmp_path} 2") for k in range(2)]
    done = list(do_all([*meeting, errand("three"), errand("four")], work, 2))
    processes = {(found.value or {})["process"] for found in done}
    assert len(done) == 4 and len(processes) == 2 and os.getpid() not in processes


def test_what_does_not_fit_into_memory_waits_and_runs_alone_if_it_is_too_large(
    tmp_path: Path,
) -> None:
    sizes = (100, 9, 8, 7)
    errands = [Errand(f"{size}", str(tmp_path), size) for size in sizes]
    done = list(do_all(errands, alone, 3, memory=14))
    assert [found.value for found in done] == [{"count": 1}] * 4
    assert [found.name for found in done] == ["100", "9", "8", "7"]  # the largest first


def test_an_early_end_ends_the_processes_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    target = tmp_path / "out"
    running = do_all([errand("hang", target), errand("one")], work, 2)
    assert next(running).name == "one"
    while not (tmp_path / "hangs").exists():
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) == 2
    running.close()  # type: ignore[attr-defined]
    assert [path.name for path in tmp_path.iterdir()] == ["hangs"]
    assert not multiprocessing.active_children()


def test_nothing_to_do_starts_no_process() -> None:
    found: list[Done] = list(do_all([], work, 4))
    assert found == [] and not multiprocessing.active_children()


@pytest.mark.parametrize("total", [1, 2, 3, 7, 50])
def test_shares_have_every_name_once_and_are_of_one_size(total: int) -> None:
    names = [f"model{k * 7919 % 101}" for k in range(23)]
    shares = [Share(number, total).take(names) for number in range(1, total + 1)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    again = Share.parse(f"{total}/{total}").take(reversed(names))
    assert again == shares[-1]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "/", "1/", "a/3", "1/0", "-1/3", "1/9999999"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected I/N"):
        Share.parse(text)


def test_torchrun_gives_each_rank_its_share() -> None:
    assert Share.of_torchrun({"RANK": "1", "WORLD_SIZE": "4"}) == Share(2, 4)
    assert Share.of_torchrun({"RANK": "0", "WORLD_SIZE": "1"}) is None
    assert Share.of_torchrun({}) is None
    for wrong in ("4", "x", "-1"):
        with pytest.raises(ValueError, match="RANK"):
            Share.of_torchrun({"RANK": wrong, "WORLD_SIZE": "4"})


def test_ranks_of_one_machine_share_its_cores_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert cores() >= 1
    whole = free_memory()
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1000000")
    assert cores() == 1
    assert whole is None or (free_memory() or 0) < whole
