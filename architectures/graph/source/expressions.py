"""A template's expressions as Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import EllipsisType
from typing import Any

from architectures.graph.expression import Apply, DType, FieldOf, Item
from architectures.graph.source.layout import (
    ATOM,
    PRECEDENCE,
    UNARY,
    Brackets,
    Printed,
    Text,
    bound,
    call,
    flat,
)
from architectures.graph.source.templates import DeviceOfData, Element, Hole, Local, Own, OwnCall

DTYPES = frozenset(
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
    "bool".split()
)
FUNCTIONS = ("torch.", "F.")


class Printer:
    """Prints the expressions of one class.

    ``values``: the source of each value. ``holes``: the source of a hole that is no constant.
    ``device``: the source of a value of the data. ``helpers`` collects the functions that are used
    and are neither torch's nor Python's.
    """

    def __init__(
        self,
        values: Callable[[Local], Printed],
        holes: Callable[[int], str | None],
        helpers: set[str],
    ) -> None:
        self.values, self.holes, self.helpers = values, holes, helpers
        self.device = "x"

    def printed(self, part: Any) -> Printed:
        match part:
            case Local():
                return self.values(part)
            case Own(path):
                return Text(f"self.{path}")
            case OwnCall(path, inputs):
                return call(f"self.{path}", [("", self.printed(one)) for one in inputs])
            case Hole():
                name = self.holes(part.index)
                return Text(name) if name is not None else literal(part.value)
            case Apply():
                return self._apply(part)
            case Item() | Element():
                return Text(f"{bound(self.printed(part.of), ATOM)}[{int(part.index)}]")
            case FieldOf():
                return Text(f"{bound(self.printed(part.of), ATOM)}.{_word(part.name)}")
            case DeviceOfData():
                return Text(f"{self.device}.device")
            case tuple() if part:
                return Brackets("(", [("", self.printed(one)) for one in part], ")", literal=True)
            case list():
                return Brackets("[", [("", self.printed(one)) for one in part], "]", literal=True)
        return literal(part)

    def _apply(self, part: Apply) -> Printed:
        name, args = part.function, part.args
        if name in PRECEDENCE and len(args) == 2:
            return self._infix(name, self.printed(args[0]), self.printed(args[1]))
        if name in ("neg", "~") and len(args) == 1:
            sign = "-" if name == "neg" else "~"
            return Text(f"{sign}{bound(self.printed(args[0]), ATOM)}", UNARY)
        if name == "[]":
            return Text(f"{bound(self.printed(args[0]), ATOM)}[{_index(args[1])}]")
        given = [("", self.printed(one)) for one in args]
        given += [(f"{_word(key)}=", self.printed(one)) for key, one in part.kwargs.items()]
        if name.startswith("."):
            return call(f"{bound(given[0][1], ATOM)}.{_word(name[1:])}", given[1:])
        if not name.startswith(FUNCTIONS):
            self.helpers.add(name)
        return call(".".join(_word(word) for word in name.split(".")), given)

    def _infix(self, name: str, left: Printed, right: Printed) -> Printed:
        binds = PRECEDENCE[name]
        if name == "**":
            simple = all(_simple(flat(side)) for side in (left, right))
            space = "" if simple else " "
            return Text(f"{bound(left, ATOM)}{space}**{space}{bound(right, UNARY)}", binds)
        tight = binds + 1 if binds == PRECEDENCE["<"] else binds
        return Text(f"{bound(left, tight)} {name} {bound(right, binds + 1)}", binds)


def literal(value: Any) -> Printed:
    """A number, a truth value, None, a word, or a tuple of these: nothing else is printed."""
    match value:
        case bool() | None:
            return Text(repr(value))
        case int():
            return Text(repr(value), ATOM if value >= 0 else UNARY)
        case float():
            if math.isnan(value) or math.isinf(value):
                text = "nan" if math.isnan(value) else "inf"
                return Text(f"{'-' if value < 0 else ''}torch.{text}", ATOM if value > 0 else UNARY)
            shown = repr(value).replace("e+", "e")
            return Text(shown, ATOM if math.copysign(1, value) > 0 else UNARY)
        case str():
            plain = value.isascii() and value.isprintable() and not {'"', "\\"} & set(value)
            return Text(f'"{value}"' if plain else repr(value))
        case DType():
            if value.name not in DTYPES:
                raise ValueError(f"no dtype of torch: {value.name!r}")
            return Text(f"torch.{value.name}")
        case tuple():
            return Brackets("(", [("", literal(one)) for one in value], ")", literal=True)
        case list():
            return Brackets("[", [("", literal(one)) for one in value], "]", literal=True)
        case slice():
            parts = [flat(literal(one)) for one in (value.start, value.stop, value.step)]
            return call("slice", [("", Text(one)) for one in parts])
        case EllipsisType():
            return Text("...")
    raise TypeError(f"{type(value).__name__} is no literal of a written network")


def _index(index: Any) -> str:
    """What stands in square brackets."""
    if isinstance(index, tuple) and index:
        parts = [_one_index(one) for one in index]
        return f"{parts[0]}," if len(parts) == 1 else ", ".join(parts)
    return _one_index(index)


def _one_index(index: Any) -> str:
    if not isinstance(index, slice):
        return flat(literal(index))
    start, stop, step = (
        "" if one is None else flat(literal(one)) for one in (index.start, index.stop, index.step)
    )
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _simple(text: str) -> bool:
    """Whether ``**`` stands next to it without spaces."""
    bare = text.removeprefix("-")
    return bare.replace(".", "").replace("_", "").isalnum()


def _word(name: str) -> str:
    """A name of the operators' own code: it must be an identifier."""
    if not (name.isascii() and name.isidentifier()):
        raise ValueError(f"no identifier: {name!r}")
    return name
