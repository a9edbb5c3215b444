"""What a repository on a hub holds, and which of its files are a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from convert.beside_graph import PARAMS, SYMBOL, likely_parameters
from convert.formats.json_text import read_json_object
from convert.formats.limits import MAX_DIRECTORY
from convert.formats.records import PROVENANCE, record_path
from convert.sources.hub_name import HubFile
from mappings.errors import DownloadError, FormatError
from mappings.words import first_few

USUAL = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
"""What libraries call the weights of a repository, the best first: they are the same weights."""
INDEX = ".index.json"
ENDINGS = (".safetensors", ".bin", ".pth", ".pt", ".ckpt", ".params", ".npz", ".tar.gz")
SUMS = "SHA256SUMS"
RELEASE = ("config.json", "provenance.json")
"""What describes the weights of a release, in which ``SUMS`` lists every file."""


@dataclass(frozen=True)
class HubEntry:
    """A file as the hub lists it: its bytes, and its sha256 or, of small files, git's name for its
    content; None where the hub does not say it."""

    size: int | None
    sha256: str | None = None
    blob: str | None = None


@dataclass(frozen=True)
class Holdings:
    """The files of a repository at a commit, by path. ``cached`` is the folder of this machine that
    stands for it when the hub was not asked."""

    commit: str
    entries: Mapping[str, HubEntry]
    cached: Path | None = None


def choose(wanted: HubFile, listing: Holdings) -> str:
    """The path of the checkpoint that is wanted.

    Raises DownloadError if the file is not there, and if several are as likely.
    """
    names = listing.entries
    where = f"{wanted}: " if listing.cached is None else f"{wanted}: as far as it is cached, "
    if wanted.file is not None:
        if wanted.file in names:
            return wanted.file
        raise DownloadError(
            f"{where}the repository has no such file at {listing.commit[:8]}: it has "
            f"{_listed(names)}"
        )
    usual = [name for name in USUAL if name in names]
    if usual:
        return usual[0]
    likely = [name for name in names if "/" not in name and name.endswith((*ENDINGS, SYMBOL))]
    graphs = [name for name in likely if name.endswith(SYMBOL)]
    if len(graphs) == 1 and all(name.endswith((SYMBOL, PARAMS)) for name in likely):
        return graphs[0]
    if len(likely) == 1:
        return likely[0]
    if likely:
        example = HubFile(wanted.repository, wanted.revision, likely[0])
        raise DownloadError(
            f"{where}the repository has several checkpoints, {_listed(likely)}: name one of them, "
            f"as {example}"
        )
    raise DownloadError(
        f"{where}the repository has no checkpoint that is known by its name: it has "
        f"{_listed(names)}; name a file, as {wanted}:FILE (shards are read of safetensors alone)"
    )


def beside(name: str, path: Path, listing: Holdings) -> list[str]:
    """The files that belong to a checkpoint: shards, a graph's parameters, records.

    ``path`` is where the checkpoint was put.
    """
    folder = name.rpartition("/")[0]
    within = f"{folder}/" if folder else ""
    near = {
        path.removeprefix(within): entry
        for path, entry in listing.entries.items()
        if path.rpartition("/")[0] == folder
    }
    if name.endswith(INDEX):
        found: Iterable[str] = _shards(path)
    elif name.endswith(SYMBOL):
        found = likely_parameters(sorted(near), name.removeprefix(within))[0]
    else:
        records = RELEASE if SUMS in near else ()
        found = (record_path(Path(name), PROVENANCE).name, *records)
    return [within + other for other in found if other in near]


def _shards(index: Path) -> list[str]:
    """The shards that an index names; none if it is not one, which its reader will say."""
    try:
        where = read_json_object(index, MAX_DIRECTORY).get("weight_map")
    except FormatError:
        return []
    shards = where.values() if isinstance(where, dict) else ()
    return sorted({shard for shard in shards if isinstance(shard, str)})


def _listed(names: Iterable[str]) -> str:
    return first_few(sorted(names)) or "no file"
