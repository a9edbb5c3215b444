"""What is left over when a file is compared with a network: five residues, reported together.

Names are folded for readers: ``layer{1..4}.{0..22}.bn1.{weight,bias}``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields

from mappings.language import Table
from mappings.naming import Naming
from mappings.shapes import OpenShape, Shape, Sizes, fill, open_sizes
from mappings.words import counted


@dataclass(frozen=True)
class Misshape:
    """A tensor of the file whose shape is not the network's."""

    name: str
    found: Shape
    expected: OpenShape

    def __str__(self) -> str:
        return f"{self.name} is {self.found}, expected ({', '.join(map(str, self.expected))})"


@dataclass(frozen=True)
class Residues:
    """The five ways in which names and shapes can fail to fit. All are empty if they fit."""

    unmapped_source: tuple[str, ...] = ()
    absent_source: tuple[str, ...] = ()
    unproduced_target: tuple[str, ...] = ()
    unknown_target: tuple[str, ...] = ()
    misshaped: tuple[Misshape, ...] = ()

    def __bool__(self) -> bool:
        return len(self) > 0

    def __len__(self) -> int:
        return sum(len(getattr(self, field.name)) for field in fields(self))

    def __str__(self) -> str:
        parts = [
            f"{len(names)} {title}: {', '.join(fold(names))}"
            for names, title in (
                (self.unmapped_source, "in the file but not in the network"),
                (self.absent_source, "in the network but not in the file"),
                (self.unproduced_target, "never produced by the table"),
                (self.unknown_target, "produced by the table but unknown to the network"),
                ([misshape.name for misshape in self.misshaped], "of another shape"),
            )
            if names
        ]
        return "; ".join(parts) + (f" ({self.misshaped[0]})" if self.misshaped else "")


def reconcile(
    shapes: Mapping[str, Shape], naming: Naming, table: Table, expected: Mapping[str, OpenShape]
) -> tuple[Residues, Sizes]:
    """Compare a file with a network, by names and shapes alone.

    ``shapes`` are the file's, by its own names; ``expected`` are the network's, by target name.
    Returns the residues, and the file's own class count and image channels.
    """
    produced = {*table.sources, *table.synthesised}
    sources = set(naming.names.values())
    wanted = {
        name: table.source_shape(target, expected[target])
        for name, source in naming.names.items()
        if (target := table.accepted.get(source, "")) in expected
    }
    sizes = open_sizes((shapes[name], shape) for name, shape in wanted.items())
    bad = (Misshape(name, shapes[name], fill(shape, sizes)) for name, shape in wanted.items())
    residues = Residues(
        unmapped_source=tuple(name for name, s in naming.names.items() if s not in table.accepted),
        absent_source=tuple(source for source in table.targets if source not in sources),
        unproduced_target=tuple(target for target in expected if target not in produced),
        unknown_target=tuple(sorted(produced - expected.keys())),
        misshaped=tuple(misshape for misshape in bad if misshape.found != misshape.expected),
    )
    return residues, sizes


def fold(names: Collection[str], most: int = 4) -> list[str]:
    """Names with their numbers and last parts folded, the first ``most`` groups of them."""
    leaves: dict[str, list[str]] = defaultdict(list)
    for name in names:
        stem, leaf = _STEM_AND_LEAF.fullmatch(name).groups()  # type: ignore[union-attr]
        leaves[stem].append(leaf)
    columns: dict[tuple[str, ...], list[tuple[int, ...]]] = defaultdict(list)
    for stem, ends in leaves.items():
        words = _NUMBER.split(stem)
        last = ends[0] if len(ends) == 1 else "{" + ",".join(ends) + "}"
        columns[*words[:-1:2], words[-1] + last].append(tuple(map(int, words[1::2])))
    folded = [
        "".join(map("".join, zip(words, (*map(_span, zip(*rows, strict=True)), ""), strict=True)))
        for words, rows in columns.items()
    ]
    more = len(folded) - most
    return folded if more <= 0 else [*folded[:most], f"and {counted(more, 'more kind')}"]


_NUMBER = re.compile(r"(\d+)")
_STEM_AND_LEAF = re.compile(r"((?:.*[.\d]_?)?)(.*)", re.DOTALL)


def _span(column: Iterable[int]) -> str:
    numbers = sorted(set(column))
    if len(numbers) == 1:
        return str(numbers[0])
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{{{numbers[0]}..{numbers[-1]}}}"
    if len(numbers) > 6:
        return f"{{{numbers[0]},{numbers[1]},..,{numbers[-1]}}}"
    return "{" + ",".join(map(str, numbers)) + "}"
