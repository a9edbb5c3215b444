"""The protocol buffer ``tf.train.Example``, found out by reading as little of it as possible.

An Example holds a map from names to features, each a list of bytes, of floats or of int64s
(tensorflow/core/example/example.proto and feature.proto). An image's bytes are not read: only where
they are is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
"""An offset and a size, in bytes, in the file."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FEATURES = 1000


class WrongExample(Exception):
    """Bytes that are not an Example; says what is wrong."""


@dataclass(frozen=True)
class Feature:
    """The values of a feature: where each of its bytes is, or its numbers."""

    spans: tuple[Span, ...] = ()
    numbers: tuple[int, ...] = ()


def features(read: Callable[[int, int], bytes], start: int, size: int) -> dict[str, Feature]:
    """The features of the Example in ``size`` bytes at ``start``; ``read(offset, size)`` gives
    bytes of the file. Raises WrongExample."""
    found: dict[str, Feature] = {}
    for number, held in _fields(read, (start, size)):
        if number == 1 and isinstance(held, tuple):
            for inner, entry in _fields(read, held):
                if inner == 1 and isinstance(entry, tuple):
                    name, feature = _entry(read, entry)
                    found[name] = feature
                    if len(found) > MOST_FEATURES:
                        raise WrongExample(f"more than {MOST_FEATURES} features")
    return found


def _entry(read: Callable[[int, int], bytes], span: Span) -> tuple[str, Feature]:
    name, feature = "", Feature()
    for number, held in _fields(read, span):
        if number == 1 and isinstance(held, tuple):
            offset, size = held
            if size > 1000:
                raise WrongExample(f"the name of a feature has {size} bytes")
            name = read(offset, size).decode("utf-8", "replace")
        elif number == 2 and isinstance(held, tuple):
            feature = _feature(read, held)
    return name, feature


def _feature(read: Callable[[int, int], bytes], span: Span) -> Feature:
    spans: list[Span] = []
    numbers: list[int] = []
    for kind, values in _fields(read, span):
        if not isinstance(values, tuple):
            continue
        if kind == 1:
            spans += [h for n, h in _fields(read, values) if n == 1 and isinstance(h, tuple)]
        elif kind == 3:
            for number, held in _fields(read, values):
                if number == 1 and isinstance(held, tuple):
                    numbers += _packed(read, held)
                elif number == 1 and isinstance(held, int):
                    numbers.append(_signed(held))
    return Feature(tuple(spans), tuple(numbers))


def _packed(read: Callable[[int, int], bytes], span: Span) -> Iterator[int]:
    offset, size = span
    if size > 1 << 16:
        return  # a list of thousands of numbers is not a label
    end = offset + size
    while offset < end:
        number, offset = _varint(read, offset, end)
        yield _signed(number)


def _fields(read: Callable[[int, int], bytes], span: Span) -> Iterator[tuple[int, Span | int]]:
    """The fields of a message: their numbers, and their spans, or the values of varints."""
    offset, size = span
    end = offset + size
    while offset < end:
        tag, offset = _varint(read, offset, end)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, offset = _varint(read, offset, end)
            yield number, value
            continue
        if wire == BYTES:
            length, offset = _varint(read, offset, end)
        elif wire in (FIXED32, FIXED64):
            length = 4 if wire == FIXED32 else 8
        else:
            raise WrongExample(f"a field of wire type {wire}")
        if length > end - offset:
            raise WrongExample(f"a field of {length} bytes in {end - offset}")
        yield number, (offset, length)
        offset += length


def _varint(read: Callable[[int, int], bytes], offset: int, end: int) -> tuple[int, int]:
    value = 0
    for k, byte in enumerate(read(offset, min(10, end - offset))):
        value |= (byte & 127) << 7 * k
        if byte < 128:
            return value, offset + k + 1
    raise WrongExample("a number that does not end")


def _signed(number: int) -> int:
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number
