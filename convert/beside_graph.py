"""What lies beside a graph, in its folder or in its archive, and which parameters are its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.formats.mapped import MappedFile
from convert.formats.model_archive import ModelArchive
from mappings.errors import ConversionError
from mappings.words import counted, first_few

SYMBOL, PARAMS = "-symbol.json", ".params"
EXPORT = "net.export('model') writes model-symbol.json and model-0000.params"


@dataclass(frozen=True)
class Place:
    """A folder or an archive with the names of the files in it, and how one of them is opened."""

    path: Path
    names: tuple[str, ...]
    open: Callable[[str], MappedFile]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The graphs."""
        return tuple(name for name in self.names if name.endswith(SYMBOL))


def folder(path: Path) -> Place:
    """The files in a folder, not those in folders in it."""
    names = sorted(entry.name for entry in path.iterdir() if not entry.is_dir())
    return Place(path, tuple(names), lambda name: MappedFile.open(path / name))


def archive(file: MappedFile) -> Place:
    """The files in an archive. Raises FormatError as ``ModelArchive.open`` does."""
    opened = ModelArchive.open(file)
    return Place(file.path, tuple(sorted(opened.files)), opened.take)


def prefix_of(symbol: str) -> str:
    """``model`` of ``model-symbol.json``."""
    return symbol.removesuffix(SYMBOL).removesuffix(".json")


def parameters_of(place: Place, symbol: str) -> tuple[str, list[str]]:
    """The file of parameters that belongs to a graph, and sentences on how it was chosen.

    It is ``PREFIX-NNNN.params`` with the highest number, or ``PREFIX.params``, or else the only
    other one beside the only graph. Raises ConversionError if there is none, and if several that
    differ are as likely.
    """
    prefix = prefix_of(symbol)
    likely, passed, own = likely_parameters(place.names, symbol)
    notes = []
    if likely and not own:
        notes.append(f"{likely[0]} is not called after the graph, but lies beside it alone")
    if not likely:
        raise ConversionError(
            f"{place.path / symbol}: there are no parameters beside the graph "
            f"({prefix}-0000.params): give them with --params FILE; {EXPORT}"
        )
    if len(likely) > 1 and len({place.open(name).sha256() for name in likely}) > 1:
        raise ConversionError(
            f"{place.path / symbol}: its parameters may be {first_few(likely)}, which differ: "
            f"choose with --params {place.path / likely[0]}"
        )
    if passed:
        files = counted(passed + 1, "numbered file")
        notes.append(f"{likely[0]} has the highest number of {files} of parameters")
    return likely[0], notes


def likely_parameters(names: Sequence[str], symbol: str) -> tuple[list[str], int, bool]:
    """The files that may be a graph's parameters, how many numbered ones were passed over for the
    highest number, and whether the files are called after the graph."""
    prefix, within = prefix_of(symbol), symbol.rpartition("/")[0]
    alike = [n for n in names if n.endswith(PARAMS) and n.rpartition("/")[0] == within]
    likely, passed = _latest(prefix, alike)
    likely += [name for name in alike if name == prefix + PARAMS]
    if likely:
        return likely, passed, True
    only = sum(name.endswith(SYMBOL) for name in names) <= 1
    return (alike if only else []), 0, False


def _latest(prefix: str, names: list[str]) -> tuple[list[str], int]:
    """The numbered files of parameters with the highest number, and how many have another one."""
    numbered: dict[int, list[str]] = {}
    for name in names:
        number = name.removeprefix(f"{prefix}-").removesuffix(PARAMS)
        if name.startswith(f"{prefix}-") and number.isascii() and number.isdigit():
            numbered.setdefault(int(number[:4000]), []).append(name)
    if not numbered:
        return [], 0
    latest = numbered[max(numbered)]
    return list(latest), sum(map(len, numbered.values())) - len(latest)
