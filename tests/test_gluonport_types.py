"""What a user's type checker sees: a program against the built wheel, strictly, without Any."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RIGHT = """\
import gluonport

names: list[str] = gluonport.list_models()
done = gluonport.convert(names[0], "out.safetensors", "mine.params", dtype="float16")
print(done.model, done.target_sha256.upper(), done.num_classes + 1, done.notes[0].lower())
network = gluonport.create_model(names[0], done.target, num_classes=3)
network.reset_classifier(5)
image = gluonport.preprocess("cat.jpg", "gluon", model=names[0])
try:
    print(image.shape[0], image.dtype.itemsize, image.nbytes)
except gluonport.GluonportError as error:
    print(str(error))
"""
WRONG = """\
import gluonport

gluonport.convert("name", "out.safetensors", dtype="float8")
gluonport.preprocess("cat.jpg", "keras")
gluonport.list_models().upper()
gluonport.create_model("name").no_such_method()
"""


pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, unpacked where nothing else of ours is."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    site = folder / "site"
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run([*install, "--python", sys.executable], check=True, capture_output=True)
    return site


@pytest.fixture(scope="module")
def found(site: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says, strictly, of both programs in a folder of their own."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "right.py").write_text(RIGHT)
    (folder / "wrong.py").write_text(WRONG)
    command = [
        *(sys.executable, "-m", "mypy", "--strict", "--disallow-any-expr", "--config-file="),
        *("--follow-imports=silent", "--python-executable", sys.executable),
        *("--cache-dir", str(folder / "cache"), "right.py", "wrong.py"),
    ]
    environment = {"MYPYPATH": str(site), "PATH": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def test_a_users_program_has_types_and_no_any(found: list[str]) -> None:
    assert [line for line in found if line.startswith("right.py")] == []


def test_wrong_uses_are_found(found: list[str]) -> None:
    for line in (3, 4, 5, 6):
        assert any(error.startswith(f"wrong.py:{line}: ") for error in found)


def test_the_wheel_holds_the_rooms_and_their_types_and_no_test_equipment(site: Path) -> None:
    for room in ("architectures", "convert", "gluonport", "mappings", "verify"):
        assert (site / room / "py.typed").is_file()
    assert not list(site.rglob("faults")) and not (site / "tests").exists()
