"""The attacks in short: hostile files, kills, full disks, traps on the network, and a soak."""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.attack.__main__ import write_page
from scripts.attack.fuzz import read
from scripts.attack.outcome import Outcome, markdown
from scripts.attack.soak import ALLOWED, soak

ROOT = Path(__file__).parents[1]


@pytest.mark.exhaustive
def test_every_attack_in_short_does_no_harm() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "scripts.attack", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    outcomes = json.loads(done.stdout)["outcomes"]
    assert done.returncode == 0, [outcome["faults"] for outcome in outcomes]
    tried = {outcome["attack"]: outcome["tried"] for outcome in outcomes}
    assert sum(n for attack, n in tried.items() if attack.startswith("hostile files")) >= 150
    assert sum(n for attack, n in tried.items() if attack.startswith("kills")) == 10
    assert tried["soak: conversions"] == 20 and tried["traps: a model hub"] > 40


def test_a_leak_of_memory_and_an_open_file_are_faults() -> None:
    kept = list[object]()

    def leak() -> None:  # of pages that no earlier test has left to this process
        page = mmap.mmap(-1, ALLOWED)
        page.write(b"x" * ALLOWED)
        kept.append(page)

    leaking = soak("", 8, leak)
    assert leaking.held == 0 and "memory grew by" in leaking.faults[0]
    kept.clear()
    opening = soak("", 8, lambda: kept.append(open(__file__)))
    assert opening.faults[-1].endswith("more files are open")
    for file in kept:
        file.close()  # type: ignore[attr-defined]
    assert soak("", 8, lambda: None).passed


def test_what_libfuzzer_says_is_read() -> None:
    said = "#1\tINITED cov: 7 ft: 8 corp: 1\n#200000\tDONE   cov: 812 ft: 4021 corp: 300/9Kb\n"
    outcome = read("params", 0, said)
    assert (outcome.tried, outcome.held) == (200_000, 200_000)
    assert outcome.found == "812 edges and 4,021 features covered"
    assert not read("params", 77, said + "Uncaught Python exception: KeyError").passed
    assert read("params", 1, "No module named 'atheris'").held is None


def test_the_results_take_their_place_in_a_page(tmp_path: Path) -> None:
    page = tmp_path / "attacks.md"
    page.write_text("# Attacks\n\n<!-- results -->\nold\n<!-- end of results -->\nThe rest.\n")
    outcomes = [Outcome("a", 2, 2, "fine"), Outcome("b", 0, None, "no"), Outcome("c", 1, 0)]
    write_page(page, markdown(outcomes), ["--quick"])
    text = page.read_text()
    assert text.startswith(
        "# Attacks\n\n<!-- results -->\n`uv run python -m scripts.attack --quick`"
    )
    assert "| b | 0 | skipped | no |" in text and "old" not in text
    assert text.endswith("<!-- end of results -->\nThe rest.\n")
