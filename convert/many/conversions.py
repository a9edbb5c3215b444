"""Which conversions a pattern or a folder asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from architectures.catalogue import every_network, no_model_called
from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.record import Model
from convert.many.folder_members import FolderContent, folder_content
from convert.many.one_conversion import ManyOptions, OneConversion
from convert.many.worker_processes import Errand
from mappings.errors import ConversionError
from mappings.words import first_few

BASE = 100 << 20
"""Bytes that a conversion needs whatever it converts: 51 MB were measured."""
SYNTHETIC = 16
"""Bytes for each parameter that is made rather than read: 14 were measured (vgg16)."""
UNKNOWN = 1 << 30  # bytes for weights whose size is not known before they are fetched


@dataclass(frozen=True)
class Conversions:
    """What is to be converted. ``refused`` says why a member cannot be. ``left_out`` are names that
    were never published, and ``others`` counts the files of a folder that are no checkpoints."""

    errands: tuple[Errand, ...]
    refused: dict[str, str]
    left_out: tuple[str, ...] = ()
    others: int = 0

    @property
    def members(self) -> list[str]:
        """The names of everything that was asked for."""
        return sorted([*(errand.name for errand in self.errands), *self.refused])


def of_folder(folder: Path, outdir: Path, options: ManyOptions) -> Conversions:
    """Every checkpoint and graph in a folder, recognised by itself. The target is called as its
    file. Raises ConversionError as ``folder_content`` does."""
    content = folder_content(folder, outdir)
    errands = [
        _errand(member.name, "auto", str(member.source), outdir, member.stem, member.size, options)
        for member in content.members
    ]
    return Conversions(tuple(errands), {}, others=content.others)


def of_catalogue(
    pattern: str, source: str | None, outdir: Path, options: ManyOptions
) -> Conversions:
    """Every network of the catalogue whose name matches ``pattern``, from a folder that holds a
    file for each, from ``synthetic`` weights, or as published. The target is called as the network.

    Raises GluonportError for a pattern that matches no name.
    """
    networks = [network for network in every_network() if fnmatchcase(network.name, pattern)]
    if not networks:
        raise no_model_called(pattern)
    errands: list[Errand] = []
    refused: dict[str, str] = {}
    if source is None:
        left_out = [network.name for network in networks if not _is_published(network)]
        networks = [network for network in networks if _is_published(network)]
        if not networks:
            raise ConversionError(
                f"{pattern}: none of these was ever published ({first_few(left_out)}): give a "
                f"folder with --from FOLDER"
            )
    else:
        left_out = []
    if source in (None, "synthetic"):
        for network in networks:
            size = _parameters(network) * (4 if source is None else SYNTHETIC)
            errands.append(
                _errand(network.name, network.name, source, outdir, network.name, size, options)
            )
        return Conversions(tuple(errands), refused, tuple(left_out))
    folder = Path(str(source))
    if not folder.is_dir():
        raise ConversionError(f"{folder}: with --all, --from takes a folder, or 'synthetic'")
    content = folder_content(folder, outdir)
    for network in networks:
        name = network.name
        found = [m for m in content.members if m.label in _file_names(network)]
        if len(found) == 1:
            (member,) = found
            file = str(member.source)
            errands.append(_errand(name, name, file, outdir, name, member.size, options))
        elif found:
            names = first_few(member.name for member in found)
            refused[name] = f"{folder}: several files may be {name}'s, {names}: keep one of them"
        else:
            refused[name] = (
                f"{folder}: there is no file for {name}, as {name}.params: narrow the pattern, "
                f"or take what is there with 'convert auto {outdir} --from {folder}'"
            )
    return Conversions(tuple(errands), refused, others=_unused(content, errands))


def _errand(
    name: str,
    model: str,
    source: str | None,
    outdir: Path,
    stem: str,
    size: int,
    options: ManyOptions,
) -> Errand:
    target = outdir / f"{stem}.safetensors"
    given = OneConversion(model, source, target, options)
    return Errand(name, given, BASE + size, (target,))


def _unused(content: FolderContent, errands: Iterable[Errand]) -> int:
    used = {errand.given.source for errand in errands}
    return content.others + sum(str(member.source) not in used for member in content.members)


def _parameters(network: Model | GraphRecord) -> int:
    return network.parameters if isinstance(network, Model) else UNKNOWN // SYNTHETIC


def _is_published(network: Model | GraphRecord) -> bool:
    if isinstance(network, GraphRecord):
        return network.file is not None
    source = network.source
    return bool(source.packaged or source.sha1 or (source.url and not source.unproven))


def _file_names(network: Model | GraphRecord) -> set[str]:
    """What a network's file may be called, without its ending: the catalogue's name, the
    framework's, and that of the published file, with its hash or without."""
    return set(_names(network))


def _names(network: Model | GraphRecord) -> Iterator[str]:
    yield network.name
    if isinstance(network, GraphRecord):
        yield network.network
        if network.file is not None:
            yield network.file.stored
            yield f"{network.file.stored}-{network.file.sha1[:8]}"
        return
    source = network.source
    for stored in {source.name, source.stored} - {None}:
        yield str(stored)
        if source.sha1:
            yield f"{stored}-{source.sha1[:8]}"
    if source.url:
        yield Path(source.url).stem
