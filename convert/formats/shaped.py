"""Checks which fields a JSON record has, and of which types, against a dataclass."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from os import PathLike
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from convert.formats.json_text import read_json_object

T = TypeVar("T")

Sha256 = Annotated[str, re.compile("[0-9a-f]{64}"), "a sha256 in hex"]
"""A text that the whole pattern must match; the words say what was expected."""

WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
PLAIN = (str, int, bool)
SHOWN = 60  # characters of a wrong value that a message repeats


def read_shaped(path: str | PathLike[str], kind: type[T]) -> T:
    """The record in a JSON file. Raises FormatError for a file that is not a JSON object, and
    ValueError that names the field which is not as ``kind`` has it."""
    return shaped(kind, read_json_object(path))


def shaped(kind: type[T], value: Any) -> T:
    """A JSON value as an instance of the dataclass ``kind``.

    Fields may be texts, numbers, truth values, literals, dataclasses, tuples, mappings from texts,
    and unions of those. Fields that ``kind`` does not have are left out. Raises ValueError that
    names the first field that is missing or has another type.
    """
    built: T = _shaped(kind, value, "")
    return built


def _shaped(kind: Any, value: Any, where: str) -> Any:
    if kind in PLAIN and type(value) is kind:
        return value  # most values of a long file
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        return _one_of(arguments, value, where)
    if origin is Annotated:
        text, pattern, words = arguments
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise _wrong(where, value, words)
        return _shaped(text, value, where)
    if origin is Literal:
        if value not in arguments or isinstance(value, bool | float):
            raise _wrong(where, value, " or ".join(map(repr, arguments)))
        return value
    if origin is tuple:
        return _tuple(arguments, value, where)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        return {name: _shaped(arguments[1], item, _at(where, name)) for name, item in value.items()}
    if is_dataclass(kind):
        return _dataclass(kind, value, where)
    if kind is None or kind is type(None):
        if value is not None:
            raise _wrong(where, value, "null")
        return None
    if not _is_plain(kind, value):
        raise _wrong(where, value, WORDS[kind])
    return value


def _is_plain(kind: Any, value: Any) -> bool:
    if kind is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value)
    return type(value) is kind


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    """The value as one of the kinds; null only if null is one of them."""
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    for kind in others[:-1]:
        try:
            return _shaped(kind, value, where)
        except ValueError:
            pass
    return _shaped(others[-1], value, where)


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    if kinds[-1] is ...:
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        raise _wrong(where, value, f"a list of {len(kinds)}")
    if all(kind in PLAIN and type(item) is kind for kind, item in zip(kinds, value, strict=True)):
        return tuple(value)
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(_shaped(kind, item, f"{where}[{index}]") for index, (kind, item) in pairs)


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    hints = _hints(kind)
    given = {}
    for field in fields(kind):
        name = _at(where, field.name)
        if field.name in value:
            given[field.name] = _shaped(hints[field.name], value[field.name], name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"the field {name!r} is missing")
    return kind(**given)


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    """The types of a dataclass's fields; a file may have many records of one kind."""
    return get_type_hints(kind, include_extras=True)


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _wrong(where: str, value: Any, expected: str) -> ValueError:
    shown = repr(value)
    if len(shown) > SHOWN:
        shown = f"{shown[:SHOWN]}..."
    what = f"the field {where!r} is {shown}" if where else f"it is {shown}"
    return ValueError(f"{what}; expected {expected}")
