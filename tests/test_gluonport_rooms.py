"""The front door lets only gluonport's own rooms in."""

import subprocess
import sys
from pathlib import Path

import pytest

from gluonport.rooms import ROOMS, RoomError, check_rooms


@pytest.mark.parametrize("room", ROOMS)
def test_a_module_in_a_rooms_place_is_named_in_one_line(room: str, tmp_path: Path) -> None:
    (tmp_path / f"{room}.py").write_text("raise SystemExit('imported')")
    command = [sys.executable, "-m", "gluonport", "models"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path / room}.py: this file hides gluonport's own")
    assert "'uv tool install'" in line


def test_a_program_gets_an_import_error(tmp_path: Path) -> None:
    (tmp_path / "verify.py").touch()
    code = "try: import gluonport\nexcept ImportError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith(
        f"{tmp_path / 'verify.py'}: this file hides"
    )


def test_the_rooms_beside_the_front_door_are_its_own(tmp_path: Path) -> None:
    check_rooms()
    with pytest.raises(RoomError, match="this file hides"):
        check_rooms(tmp_path)
