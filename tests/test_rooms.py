"""The rooms import one way, and nothing imports in a circle.

mappings <- architectures <- convert <- verify <- gluonport; within ``verify`` and ``architectures``
the folders have an order too. ``__main__`` files are doors, and may look up.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("mappings", "architectures", "convert", "verify", "gluonport")
ARCHITECTURES = ("catalogue", "networks", "graph")
VERIFY = (
    "about",
    "reference",
    "operators",
    "graphs",
    "parity",
    "tensors",
    "metadata",
    "preprocessing",
    "datasets",
    "accuracy",
    "report",
    "publish",
    "prediction",
)
FILES = [path for room in ROOMS for path in sorted(ROOT.glob(f"{room}/**/*.py"))]
SCRIPTS = (
    "verify/reference/gluon_reference.py",
    "verify/reference/graph_reference.py",
    "verify/reference/torch_reference.py",
)


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path) for path in FILES}


def imported(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            while name not in MODULES and "." in name:
                name = name.rpartition(".")[0]
            yield name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_rooms_before_it(path: Path) -> None:
    if path.name == "__main__.py":
        return
    room = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        top = name.split(".")[0]
        assert top not in ROOMS[ROOMS.index(room) + 1 :], f"{path} imports {name}"
        assert top not in ("scripts", "tests"), f"{path} imports {name}"
        if room == "mappings":
            assert top in {"mappings", *sys.stdlib_module_names}, f"{path} imports {name}"
        if room == "verify" and top == "convert":
            assert name.startswith("convert.formats"), f"{path} imports {name}"
        if top == "click":
            assert room == "gluonport", f"{path}: rooms hold logic; commands are gluonport's"


@pytest.mark.parametrize(("room", "order"), [("architectures", ARCHITECTURES), ("verify", VERIFY)])
def test_the_folders_of_a_room_import_one_way(room: str, order: tuple[str, ...]) -> None:
    arrows = set()
    for path in ROOT.glob(f"{room}/*/**/*.py"):
        folder = path.relative_to(ROOT).parts[1]
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == room and len(parts) > 1 and parts[1] in order and parts[1] != folder:
                assert order.index(parts[1]) < order.index(folder), f"{path} imports {name}"
                arrows.add((folder, parts[1]))
    assert len(arrows) < 30


def test_verify_has_a_folder_for_each_verdict_and_no_loose_module() -> None:
    loose = {path.name for path in (ROOT / "verify").glob("*.py")}
    assert loose == {"__init__.py", "__main__.py"}
    assert {path.parent.name for path in ROOT.glob("verify/*/__init__.py")} == set(VERIFY)


def test_no_module_imports_itself_through_others() -> None:
    graph = {
        module(path): {name for name in imported(path) if name in MODULES and name != module(path)}
        for path in FILES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_no_two_modules_share_a_name_but_those_of_one_family() -> None:
    """A family has a table, records and a network: one word in up to three folders. A command is
    called by its own name, whatever it runs."""
    seen: dict[str, Path] = {}
    for path in FILES:
        folder = path.parent.relative_to(ROOT).as_posix()
        family = folder in ("mappings", "architectures/catalogue", "architectures/networks")
        if not path.stem.startswith("__") and folder != "gluonport/commands":
            other = seen.setdefault(path.stem, path)
            alike = other == path or (family and other.parent != path.parent)
            assert alike, f"{path} and {other}"


def test_no_two_classes_share_a_name() -> None:
    """The reference scripts stand alone: they share no class, so each has its own Refusal."""
    seen: dict[str, Path] = {}
    for path in FILES:
        if path.relative_to(ROOT).as_posix() not in SCRIPTS:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    other = seen.setdefault(node.name, path)
                    assert other == path, f"{node.name} is in {path} and in {other}"


@pytest.mark.parametrize(
    "name",
    ["gluonport", "gluonport.commands.main", "convert.conversion", "verify.tensors.comparison"],
)
def test_what_the_light_install_runs_imports_no_torch(name: str) -> None:
    heavy = ("torch", "cv2", "PIL", "jinja2", "huggingface_hub")
    code = f"import sys, {name}; sys.exit(any(m in sys.modules for m in {heavy!r}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_command_line_imports_no_numpy_before_it_works() -> None:
    heavy = ("numpy", "rich", "requests", "safetensors")
    code = f"import sys, gluonport.commands.main; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
