"""Where a ledger has many chunks, they are packed, and no kill at any moment loses one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from convert.formats.limits import MAX_PIXELS
from verify.accuracy import ledger as ledgers
from verify.accuracy.chunk_folder import ChunkFolder
from verify.accuracy.file_store import LocalFolder
from verify.accuracy.identity import Identity
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import HashedImage, Manifest
from verify.accuracy.prediction import Prediction
from verify.accuracy.ranks import Ranks
from verify.accuracy.reducer import collect
from verify.accuracy.sharing import SharedLedger, open_ledger

IMAGES = 60
MANIFEST = Manifest([HashedImage(f"0/{k}.png", f"{k:064x}", k % 7, k) for k in range(IMAGES)])
IDENTITY = Identity(
    model="m",
    checkpoint_sha256="",
    regime="gluon",
    manifest_sha256=MANIFEST.sha256,
    images=IMAGES,
    batch_size=2,
    max_pixels=MAX_PIXELS,
    precision="float32",
    compiled=False,
    device="cpu",
    versions={},
)
ANSWERS = [Prediction(f"0/{k}.png", k % 7, (k % 7, 3), (1.5, k / 8)) for k in range(IMAGES)]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "FEW", 10)


def opened(folder: Path, rank: int = 0, world: int = 1) -> SharedLedger:
    ledger = Ledger(folder, IDENTITY, MANIFEST, 2, world)
    return SharedLedger(ledger, Ranks(rank, world))


def write(shared: SharedLedger, chunks: list[int]) -> None:
    for chunk in chunks:
        span = shared.ledger.chunks[chunk]
        shared.ledger.write(chunk, ANSWERS[span.start : span.stop])


def files(folder: Path) -> tuple[int, int]:
    """How many chunks have files of their own, and how many packs there are."""
    return len(list(folder.glob("*.csv"))) - 1, len(list(folder.glob("*.chunks")))


def test_chunks_are_packed_while_a_run_goes_on_and_at_its_end(tmp_path: Path) -> None:
    run = opened(tmp_path)
    write(run, run.missing()[:17])
    assert files(tmp_path) == (2, 3)  # the root of thirty chunks in a pack
    resumed = opened(tmp_path)
    assert resumed.missing() == list(range(17, 30))
    write(resumed, resumed.missing())
    assert resumed.bring_together()
    assert files(tmp_path)[0] == 0 and len(list(tmp_path.iterdir())) == 2 + 6
    assert collect(resumed.ledger) == ANSWERS
    assert collect(opened(tmp_path).ledger) == ANSWERS


def test_a_ledger_of_few_chunks_is_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "FEW", 30)
    run = opened(tmp_path)
    write(run, run.missing())
    assert run.bring_together() and files(tmp_path) == (30, 0)


def test_ranks_pack_their_own_chunks_in_one_folder(tmp_path: Path) -> None:
    ranks = [opened(tmp_path, rank, 4) for rank in range(4)]
    for run in ranks:
        write(run, run.missing())
        run.ledger.pack(run.own)
    assert files(tmp_path)[0] == 0
    assert collect(opened(tmp_path).ledger) == ANSWERS
    assert [run.missing() for run in ranks] == [[], [], [], []]


def test_a_reader_finds_a_chunk_that_another_process_has_just_packed(tmp_path: Path) -> None:
    run = opened(tmp_path)
    write(run, [0, 1, 2])
    reader = opened(tmp_path).ledger
    run.ledger.pack([0, 1, 2])
    assert files(tmp_path) == (0, 1) and reader.read(1) == ANSWERS[2:4]


class Killed(BaseException):
    pass


class Dying(LocalFolder):
    """A folder whose process is killed at the ``left``-th change."""

    left = 0

    def _step(self) -> None:
        type(self).left -= 1
        if type(self).left < 0:
            raise Killed

    def write(self, name: str, texts: object) -> None:
        self._step()
        super().write(name, texts)  # type: ignore[arg-type]

    def remove(self, name: str) -> None:
        self._step()
        super().remove(name)


@pytest.mark.parametrize("changes", [0, 3, 5, 6, 8, 20, 33, 60])
def test_a_kill_at_any_change_loses_nothing_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: int
) -> None:
    opened(tmp_path)
    monkeypatch.setattr(ledgers, "LocalFolder", Dying)
    finished: list[int] = []
    run = opened(tmp_path)
    Dying.left = changes
    with pytest.raises(Killed):
        for chunk in run.missing():
            write(run, [chunk])
            finished.append(chunk)
        run.ledger.pack(run.own)
    monkeypatch.undo()
    again = opened(tmp_path)
    assert not {*finished} & {*again.missing()}
    write(again, again.missing())
    assert again.bring_together() and collect(again.ledger) == ANSWERS


def damages(data: bytes) -> Iterator[bytes]:
    chance = random.Random(0)
    yield b""
    yield data[:100]
    yield data[:-1]
    yield b"#chunks,99999999999".ljust(31) + b"\n" + data[32:]
    yield b"#chunks,7".ljust(31) + b"\n[[0,9]]" + data[40:]
    yield b"#chunks,21".ljust(31) + b"\n" + b'[[0,-5],["a",{}],[3]]'
    for _ in range(40):
        at = chance.randrange(len(data))
        yield data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def test_a_damaged_pack_costs_its_damaged_chunks_and_nothing_else(tmp_path: Path) -> None:
    run = opened(tmp_path)
    write(run, run.missing())
    run.bring_together()
    pack = min(tmp_path.glob("*.chunks"))
    whole = pack.read_bytes()
    held = ChunkFolder(LocalFolder(tmp_path)).refresh().packed
    inside = {chunk for chunk, where in held.items() if where[0] == pack.name}
    for damaged in damages(whole):
        pack.write_bytes(damaged)
        ledger = opened(tmp_path).ledger
        missing = ledger.missing()
        assert {*missing} <= inside and (missing or damaged == whole)
        assert all(
            ledger.read(chunk) == ANSWERS[2 * chunk : 2 * chunk + 2]
            for chunk in inside.difference(missing)
        )


def test_another_ledgers_packs_are_taken_over(tmp_path: Path) -> None:
    other = opened(tmp_path / "other")
    write(other, list(range(20)))
    other.bring_together()
    shared = open_ledger(
        tmp_path / "here", IDENTITY, MANIFEST, 2, Ranks(), others=(tmp_path / "other",)
    )
    assert shared.missing() == list(range(20, 30))
