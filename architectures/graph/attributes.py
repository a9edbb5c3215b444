"""MXNet's attribute values: text that MXNet parses, with a default where the file is silent.

Spellings of dmlc-core's parameter parser (include/dmlc/parameter.h) and mxnet::TShape's
(include/mxnet/tuple.h): ``(3, 3)``, ``[3,3]``, ``3``, ``True``, ``true``, ``1``, ``None``,
``1e-05``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

INTEGER = re.compile(r"[+-]?[0-9]+[lL]?")
FLOAT = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|inf|nan)f?")


class Required:
    """The default of an attribute that has none."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = Required()


@dataclass(frozen=True)
class Attribute:
    """How one attribute is read: its parser, what it expects, and its default (a parsed value)."""

    parse: Callable[[str], Any]
    expects: str
    default: Any


def integer(default: Any = REQUIRED) -> Attribute:
    """``2``. A default of None makes ``None`` a value."""
    return Attribute(_optional(_integer, default), "an integer", default)


def number(default: Any = REQUIRED) -> Attribute:
    """``1e-05``: a float64, whose rounding to float32 is the operator's matter."""
    return Attribute(_optional(_number, default), "a number", default)


def flag(default: Any = REQUIRED) -> Attribute:
    """``True``, ``true`` or ``1``."""
    return Attribute(_optional(_flag, default), "True or False", default)


def shape(default: Any = REQUIRED) -> Attribute:
    """``(3, 3)`` or ``3``: a tuple of integers; an empty one where none is given."""
    return Attribute(_optional(_shape, default), "integers such as (3, 3)", default)


def numbers(default: Any = REQUIRED) -> Attribute:
    """``(0.1, 0.2)`` or ``0.1``: a tuple of numbers."""
    return Attribute(_optional(_numbers, default), "numbers such as (0.5, 1.0)", default)


def optionals(default: Any = REQUIRED) -> Attribute:
    """``(0, None)``: a tuple of integers and None, as slices have them."""
    return Attribute(_optional(_optionals, default), "integers or None, as (0, None)", default)


def or_none(attribute: Attribute) -> Attribute:
    """The same, where ``None`` is a value too, though not the default."""
    return Attribute(_optional(attribute.parse, None), attribute.expects, attribute.default)


def choice(*values: str, default: Any = REQUIRED) -> Attribute:
    """One word of these."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return Attribute(_optional(parse, default), f"one of {', '.join(values)}", default)


def _optional(parse: Callable[[str], Any], default: Any) -> Callable[[str], Any]:
    if default is not None:
        return parse
    return lambda text: None if text == "None" else parse(text)


def _integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise ValueError(text)
    value = int(text.rstrip("lL"))
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def _number(text: str) -> float:
    if not FLOAT.fullmatch(text):
        raise ValueError(text)
    value = float(text.rstrip("f") if text[-3:] != "inf" else text)
    if math.isinf(value) and "inf" not in text:
        raise ValueError(text)
    return value


def _flag(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _items(text: str) -> list[str]:
    if text[:1] in ("(", "["):
        if text[-1:] != {"(": ")", "[": "]"}[text[0]]:
            raise ValueError(text)
        text = text[1:-1].strip()
        return [item.strip() for item in text.rstrip(",").split(",")] if text else []
    return [text]


def _shape(text: str) -> tuple[int, ...]:
    return tuple(_integer(item) for item in _items(text))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(_number(item) for item in _items(text))


def _optionals(text: str) -> tuple[int | None, ...]:
    return tuple(None if item == "None" else _integer(item) for item in _items(text))
