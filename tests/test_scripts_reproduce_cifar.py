"""Four trained networks of GluonCV on 10,000 images: MXNet's own counts, and its answer to each."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mappings.errors import DownloadError, GluonportError
from scripts.reproduce_cifar import (
    IMAGES_PATH,
    MOST_IMAGE,
    NETWORKS,
    NETWORKS_PATH,
    Network,
    find_images,
    find_network,
    git_id,
    tree_id,
    unpack,
)
from tests.support.loopback import Answer, Loopback, loopback
from verify.accuracy.prediction import read_csv
from verify.accuracy.proof import ROUNDING

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
SCRIPT = ROOT / "scripts" / "reproduce_cifar.py"
DEADLINE = 3600  # seconds: two idle cores need some minutes

real = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(
        not REAL.is_dir(), reason=f"{REAL} is not here: it has the trained networks and the images"
    ),
]

PARAMS = b"the weights"
NETWORK = Network("cifar_resnet20_v1", git_id("blob", PARAMS), 8337, 9908)
WEIGHTS_PATH = f"/{NETWORKS_PATH}/cifar_resnet20_v1-0000.params"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with loopback() as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        server.files[WEIGHTS_PATH] = PARAMS
        yield server


def tar_gz(*members: tuple[str, bytes | None]) -> bytes:
    """An archive of files by name; None is a symbolic link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content or b"")
            member.type = tarfile.REGTYPE if content is not None else tarfile.SYMTYPE
            member.linkname = "" if content is not None else "/etc/passwd"
            archive.addfile(member, io.BytesIO(content or b""))
    return file.getvalue()


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_the_ids_are_gits_own(tmp_path: Path) -> None:
    for name, content in {
        "cat/b.jpg": b"1",
        "cat/a.jpg": b"",
        "cat.x": b"2",
        "dog/c": b"3",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    ours = tree_id(tmp_path)
    git = ["git", "-C", str(tmp_path)]
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run([*git, *command], check=True, timeout=DEADLINE)
    written = subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True)
    assert ours == written.stdout.strip()
    shown = subprocess.run(
        [*git, "hash-object", "cat/b.jpg"], check=True, capture_output=True, text=True
    )
    assert git_id("blob", b"1") == shown.stdout.strip()


def test_a_folder_of_images_holds_plain_small_files(tmp_path: Path) -> None:
    (tmp_path / "large.jpg").write_bytes(bytes(MOST_IMAGE + 1))
    with pytest.raises(GluonportError, match=r"large\.jpg"):
        tree_id(tmp_path)
    (tmp_path / "large.jpg").unlink()
    (tmp_path / "cat").symlink_to(tmp_path)
    with pytest.raises(GluonportError, match="directory"):
        tree_id(tmp_path)


def test_a_network_is_downloaded_once_from_its_commit(server: Loopback, tmp_path: Path) -> None:
    for _ in range(2):
        path = find_network(NETWORK, None, tmp_path, server.url)
        assert path.read_bytes() == PARAMS
    assert [seen.path for seen in server.seen] == [WEIGHTS_PATH]


def test_another_content_under_the_pinned_path_is_refused(server: Loopback, tmp_path: Path) -> None:
    server.answers = [Answer(body=b"other weights")]
    with pytest.raises(DownloadError, match=f"expected {NETWORK.blob}"):
        find_network(NETWORK, None, tmp_path, server.url)
    assert not (tmp_path / "networks" / "cifar_resnet20_v1-0000.params").exists()
    server.answers = [Answer(status=404)]
    with pytest.raises(DownloadError, match="404"):
        find_network(NETWORK, None, tmp_path / "other", server.url)


def test_a_folder_takes_the_place_of_the_network(tmp_path: Path) -> None:
    path = tmp_path / "cifar_resnet20_v1-0000.params"
    path.write_bytes(PARAMS)
    assert find_network(NETWORK, tmp_path, tmp_path / "work", "http://127.0.0.1:1") == path
    path.write_bytes(b"other weights")
    with pytest.raises(DownloadError, match="is the git blob"):
        find_network(NETWORK, tmp_path, tmp_path / "work", "http://127.0.0.1:1")


def test_only_the_test_images_leave_the_archive(tmp_path: Path) -> None:
    archive, folder = tmp_path / "images.tar.gz", tmp_path / "test"
    folder.mkdir()
    archive.write_bytes(
        tar_gz(
            ("CIFAR-10-images-6d04f75/README.md", b"text"),
            ("CIFAR-10-images-6d04f75/train/cat/0001.jpg", b"train"),
            ("CIFAR-10-images-6d04f75/test/cat/0001.jpg", b"one"),
            ("CIFAR-10-images-6d04f75/test/dog/0002.jpg", b"two"),
            ("CIFAR-10-images-6d04f75/test/dog/link.jpg", None),
        )
    )
    unpack(archive, folder)
    assert files(folder) == {"cat/0001.jpg": b"one", "dog/0002.jpg": b"two"}


@pytest.mark.parametrize(
    "content",
    [
        b"<html>404</html>",
        tar_gz(("r/test/cat/0001.jpg", bytes(100_000))),
        tar_gz(("r/test/cat/0001.jpg", bytes(60_000)))[:-40],
        tar_gz(("r/test/../up.jpg", b"one")),
        tar_gz(("r/test/cat/0001.jpg", b"one")),
    ],
    ids=["page", "large", "cut", "above", "other"],
)
def test_another_archive_is_refused_and_leaves_no_images(
    content: bytes, server: Loopback, tmp_path: Path
) -> None:
    server.files[f"/{IMAGES_PATH}"] = content
    work = tmp_path / "work"
    with pytest.raises(DownloadError):
        find_images(None, work, server.url)
    assert not (work / "test").exists() and set(files(tmp_path)) <= {"work/CIFAR-10-images.tar.gz"}


def test_a_folder_of_other_images_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0001.jpg").write_bytes(b"one")
    with pytest.raises(DownloadError, match="is the git tree"):
        find_images(tmp_path, tmp_path / "work", "http://127.0.0.1:1")
    command = [sys.executable, str(SCRIPT), "--networks", str(tmp_path), "--work", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "cifar_resnet20_v1-0000.params: there is no such file" in done.stderr


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CIFAR-10's test images, in class folders."""
    folder = tmp_path_factory.mktemp("images")
    with tarfile.open(REAL / "cifar10-test-jpeg.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "test"


@pytest.fixture(scope="module")
def reproduced(images: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script finds, by the network's name."""
    work = tmp_path_factory.mktemp("work")
    command = [sys.executable, str(SCRIPT), "--networks", str(REAL), "--images", str(images)]
    command += ["--work", str(work), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    return {row["network"]: row for row in json.loads(done.stdout)["networks"]}


@pytest.mark.parametrize(
    ("name", "top1", "top5"),
    [
        pytest.param("cifar_resnet20_v1", 8337, 9908, marks=real),
        pytest.param("cifar_resnet20_v2", 8312, 9893, marks=real),
        pytest.param("cifar_resnet56_v1", 8512, 9910, marks=real),
        pytest.param("cifar_resnet56_v2", 8592, 9918, marks=real),
    ],
)
def test_real_networks_answer_real_images_as_mxnet_does(
    name: str, top1: int, top5: int, reproduced: dict[str, Any]
) -> None:
    row = reproduced[name]
    assert (row["images"], row["top1_correct"], row["top5_correct"]) == (10_000, top1, top5)
    predictions = sorted(read_csv(Path(row["predictions"])), key=lambda p: p.path)
    classes = np.array([p.classes for p in predictions])
    logits = np.array([p.logits for p in predictions], np.float32)
    with np.load(REAL / f"{name}-mxnet.npz") as mxnet:
        theirs, their_logits = mxnet["top5"].astype(int), mxnet["logits"]
    assert classes.shape == theirs.shape == (10_000, 5)
    # A place among the five is settled where its logit differs from the next by more than rounding.
    rounding = ROUNDING["float32"] * np.abs(their_logits).max(axis=1)
    margins = their_logits[:, :-1] - their_logits[:, 1:]
    settled = margins > 2 * rounding[:, None]
    assert settled[:, 0].sum() > 9_990
    assert np.array_equal(classes[settled[:, 0], 0], theirs[settled[:, 0], 0])
    inner = settled[:, :-1] & settled[:, 1:]
    assert np.array_equal(classes[:, 1:4][inner], theirs[:, 1:4][inner])
    assert (np.abs(logits - their_logits).max(axis=1) <= rounding).all()


@pytest.mark.parametrize("network", [pytest.param(n, marks=real, id=n.name) for n in NETWORKS])
def test_the_real_network_passes_through_the_download(
    network: Network, server: Loopback, tmp_path: Path
) -> None:
    name = f"{network.name}-0000.params"
    content = (REAL / name).read_bytes()
    server.files[f"/{NETWORKS_PATH}/{name}"] = content
    assert find_network(network, None, tmp_path, server.url).read_bytes() == content


@pytest.mark.parametrize(
    "damage", [pytest.param(False, marks=real), pytest.param(True, marks=real)]
)
def test_the_real_images_pass_through_the_download_and_changed_ones_do_not(
    damage: bool, images: Path, server: Loopback, tmp_path: Path
) -> None:
    replaced = {"cat/0001.jpg": "cat/0002.jpg"} if damage else {}
    archive = tmp_path / "images.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in images.glob("*/*.jpg"):
            name = path.relative_to(images).as_posix()
            tar.add(images / replaced.get(name, name), f"CIFAR-10-images-6d04f75/test/{name}")
    server.files[f"/{IMAGES_PATH}"] = archive.read_bytes()
    if damage:
        with pytest.raises(DownloadError, match="is the git tree"):
            find_images(None, tmp_path / "work", server.url)
    else:
        found = find_images(None, tmp_path / "work", server.url)
        assert tree_id(found) == tree_id(images)
