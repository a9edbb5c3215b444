"""The checkpoints and graphs in a folder, and the name of what each is converted to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convert.beside_graph import PARAMS, SYMBOL, likely_parameters, prefix_of
from convert.formats.detect import READERS, TORCH
from convert.formats.mapped import MappedFile
from convert.formats.records import SAFETENSORS
from mappings.errors import ConversionError, FormatError

INDEX = ".index.json"
ENDINGS = (
    *(".tar.gz", ".tgz", ".tar", ".params", ".safetensors", ".pth", ".pt", ".ckpt", ".bin"),
    *(".npz", ".npy", ".nd"),
)
"""How the names of checkpoints end. Such a file is converted, or reported as one that cannot be;
a file of another name is converted only if its content is that of a checkpoint."""


@dataclass(frozen=True)
class FolderMember:
    """A checkpoint or a graph. ``name`` is its path in the folder, ``stem`` that of its target
    without the ending, and ``size`` the bytes of its file."""

    name: str
    stem: str
    source: Path
    size: int

    @property
    def label(self) -> str:
        """The last part of the stem: what the file is called."""
        return self.stem.rpartition("/")[2]


@dataclass(frozen=True)
class FolderContent:
    """What a folder holds: members, sorted by name, and how many other files."""

    members: tuple[FolderMember, ...]
    others: int


def folder_content(folder: Path, outdir: Path | None = None) -> FolderContent:
    """Find the checkpoints and graphs in a folder and in the folders in it, but ``outdir``.

    Hidden files and folders are passed over, and links to folders. A graph takes its parameters
    with it, and the index of a sharded file its shards. Raises ConversionError if there are none,
    and if ``outdir`` is the folder itself.
    """
    avoided = None if outdir is None else os.path.realpath(outdir)
    if avoided == os.path.realpath(folder):
        raise ConversionError(f"{folder}: the results need a folder of their own: name another one")
    found: list[FolderMember] = []
    others = 0
    for where, folders, _ in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(where, name)) != avoided
        )
        names = sorted(
            entry.name
            for entry in os.scandir(where)
            if not entry.name.startswith(".") and entry.is_file()
        )
        members, left = _members(Path(where), names, Path(where).relative_to(folder))
        found += members
        others += left
    if not found:
        raise ConversionError(f"{folder}: there is no checkpoint and no graph in this folder")
    return FolderContent(tuple(_distinct(found)), others)


def _refuse(error: OSError) -> None:
    raise error


def _members(where: Path, names: Sequence[str], within: Path) -> tuple[list[FolderMember], int]:
    """The members of one folder, and how many of its files are neither members nor belong to
    one."""
    taken = {name for symbol in names if symbol.endswith(SYMBOL) for name in _own(names, symbol)}
    taken |= set(_shards(names))
    members: list[FolderMember] = []
    others = 0
    for name in names:
        if name in taken:
            continue
        if not (name.endswith((SYMBOL, INDEX)) or _is_checkpoint(where / name)):
            others += 1
            continue
        own = _own(names, name) if name.endswith(SYMBOL) else [name]
        size = max(((where / file).stat().st_size for file in own), default=0)
        stem = (within / _stem(name)).as_posix()
        members.append(FolderMember((within / name).as_posix(), stem, where / name, size))
    return members, others


def _own(names: Sequence[str], symbol: str) -> list[str]:
    """The files of parameters that belong to a graph, those that are passed over too."""
    likely, passed, own = likely_parameters(names, symbol)
    if not own:
        return likely if len(likely) == 1 else []
    prefix = f"{prefix_of(symbol)}-"
    numbered = [
        name
        for name in names
        if name.startswith(prefix)
        and name.endswith(PARAMS)
        and name.removeprefix(prefix).removesuffix(PARAMS).isdecimal()
    ]
    return [*likely, *numbered] if passed else likely


def _shards(names: Sequence[str]) -> Iterator[str]:
    """The shards ``STEM-NNNNN-of-NNNNN.safetensors`` of ``STEM.safetensors.index.json``."""
    for name in names:
        stem, *numbers = name.removesuffix(SAFETENSORS).rsplit("-", 3)
        match numbers:
            case [number, "of", total] if number.isdecimal() and total.isdecimal():
                if f"{stem}{SAFETENSORS}{INDEX}" in names:
                    yield name


def _is_checkpoint(path: Path) -> bool:
    if path.name.endswith(ENDINGS):
        return True
    if path.name.endswith(".json"):
        return False
    try:
        file = MappedFile.open(path)
        return any(recognises(file) for recognises, _ in (*TORCH, *READERS))
    except FormatError:
        return False


def _stem(name: str) -> str:
    if name.endswith(SYMBOL):
        return prefix_of(name) or name
    plain = name.removesuffix(INDEX)
    return next((plain.removesuffix(end) for end in ENDINGS if plain.endswith(end)), plain) or name


def _distinct(members: Sequence[FolderMember]) -> Iterator[FolderMember]:
    """The members, those of one stem under their whole names. Raises ConversionError for two that
    would still have one target."""
    count = Counter(member.stem.casefold() for member in members)
    last: dict[str, FolderMember] = {}
    for member in sorted(members, key=lambda member: member.name):
        if count[member.stem.casefold()] > 1:
            member = replace(member, stem=member.name)
        other = last.setdefault(member.stem.casefold(), member)
        if other is not member:
            raise ConversionError(
                f"{member.source}: its result would be called as that of {other.source}: "
                f"rename one of them"
            )
        yield member
