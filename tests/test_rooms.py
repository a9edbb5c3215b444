"""The rooms import one way: mappings <- architectures <- convert <- verify <- gluonport."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("mappings", "architectures", "convert", "verify", "gluonport")
FILES = [path for room in ROOMS for path in sorted(ROOT.glob(f"{room}/**/*.py"))]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_rooms_before_it(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        top = name.split(".")[0]
        assert top not in ROOMS[ROOMS.index(room) + 1 :], f"{path} imports {name}"
        assert top != "scripts" and top != "tests", f"{path} imports {name}"
        if room == "mappings":
            assert top in {"mappings", *sys.stdlib_module_names}, f"{path} imports {name}"
        if room == "verify" and top == "convert":
            assert name.startswith("convert.formats"), f"{path} imports {name}"


@pytest.mark.parametrize(
    "module", ["convert.command", "convert.conversion", "gluonport", "verify.publish.table"]
)
def test_importing_convert_imports_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_command_line_imports_no_numpy_before_it_works() -> None:
    code = "import sys, convert.command; sys.exit('numpy' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
