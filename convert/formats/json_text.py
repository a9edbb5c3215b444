"""Reads JSON from untrusted files: within bounds, strictly, and without a traceback."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

from convert.formats.regular import read_text, utf8
from mappings.errors import FormatError

MAX_DIGITS = 20  # 2**64 has 20; no size, offset or count is longer
MAX_RECORD = 64 << 20  # bytes: the provenance of a network with 100,000 tensors takes 15 MB


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises ValueError for text that is not JSON (RFC 8259), for NaN and Infinity, and for what RFC
    8259 leaves open and no honest writer produces: a name that occurs twice in an object, an
    integer of more than ``MAX_DIGITS`` digits, and nesting deeper than Python's stack.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_constant=_constant
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json_object(path: str | PathLike[str], most: int = MAX_RECORD) -> dict[str, Any]:
    """The JSON object in a UTF-8 file of at most ``most`` bytes. Raises FormatError."""
    return json_object(read_text(path, most), path)


def json_object(text: str | bytes, path: str | PathLike[str]) -> dict[str, Any]:
    """The JSON object in a text, or in its UTF-8, of ``path``. Raises FormatError."""
    text = text if isinstance(text, str) else utf8(text, path)
    try:
        value = parse_json(text)
    except ValueError as error:
        raise FormatError(path, f"the file is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise FormatError(path, f"the file holds a JSON {_kind(value)}; expected an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name occurs twice")
    return entries


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS + digits.startswith("-"):
        raise ValueError(f"an integer has {len(digits)} digits; expected at most {MAX_DIGITS}")
    return int(digits)


def _constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is not a JSON number")


def _kind(value: Any) -> str:
    return "array" if isinstance(value, list) else type(value).__name__
