"""Shapes beside the steps: ``# (N, out_channels, H / 2, W / 2)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from architectures.graph.operator import Dims

AXES = {3: "NCL", 4: "NCHW"}

Column = tuple[int | None, ...]
"""One size in every block of a class."""


class Sizes:
    """Says shapes in the words of one class.

    A size that all blocks share is a number; one that is an argument of the constructor has its
    name; another one has a letter, or is a fraction of a letter's size.
    """

    def __init__(self, parameters: Mapping[Column, str]) -> None:
        self.parameters = parameters
        self.letters: dict[str, Column] = {}

    def said(self, shapes: Sequence[Dims | None]) -> str | None:
        """One value's shape in all blocks, None if it is not known."""
        ranks = {None if shape is None else len(shape) for shape in shapes}
        if len(ranks) > 1 or None in ranks:
            return None
        columns = list(zip(*(shape for shape in shapes if shape is not None), strict=True))
        words = [self._size(place, len(columns), column) for place, column in enumerate(columns)]
        return f"({', '.join(words)}{',' if len(words) == 1 else ''})"

    def _size(self, place: int, rank: int, column: Column) -> str:
        known = [size for size in column if size is not None]
        if len(known) < len(column):
            return "N" if place == 0 else "?"
        if len(set(known)) == 1:
            return str(known[0])
        if column in self.parameters and place > 0:
            return self.parameters[column]
        for parameter, name in self.parameters.items() if place == 1 else ():
            more = {size - one for size, one in zip(column, parameter, strict=True) if size and one}
            if len(more) == 1 and len(parameter) == len(known) and (extra := more.pop()) > 0:
                return f"{name} + {extra}"
        letters = AXES.get(rank)
        if letters is None:
            order = "WH" if place == rank - 1 else "HW"
            return next((x for x in order if self.letters.get(x) == column), "N?"[place > 0])
        letter = letters[place]
        first = self.letters.setdefault(letter, column)
        if first == column:
            return letter
        if self.letters.get(letter.lower()) == column:
            return letter.lower()
        pairs = list(zip(first, column, strict=True))
        for count in (2, 4, 8, 16, 32):
            if all(
                one is not None and two is not None and one == two * count for one, two in pairs
            ):
                return f"{letter} / {count}"
            if all(
                one is not None and two is not None and two == one * count for one, two in pairs
            ):
                return f"{count} * {letter}"
        return letter.lower() if self.letters.setdefault(letter.lower(), column) == column else "?"
