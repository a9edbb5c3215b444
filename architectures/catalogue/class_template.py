"""A network that GluonCV makes for any number of classes, as JSON with that number left open.

A template is JSON in which a text or a number that depends on the class count C holds places
``\\x01a,b,c\\x02``, which stand for the integer ``a C + b i + c``. ``{"\\x01repeat": [...]}`` in a
list stands for its items C - 1 times, and ``i`` counts these repetitions from 0. A number, which is
no text, stands as ``"\\x03a,b,c"``.

The templates are made by ``scripts/make_zoo_graphs.py`` from what GluonCV makes for 3 and for 5
classes, and are packaged only if they give exactly what GluonCV makes for a third number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

OPEN, CLOSE, NUMBER, REPEAT = "\x01", "\x02", "\x03", "\x01repeat"


def expand(template: Any, classes: int, turn: int = 0) -> Any:
    """The JSON of a template for this number of classes."""
    if isinstance(template, str):
        return _text(template, classes, turn)
    if isinstance(template, dict):
        return {key: expand(value, classes, turn) for key, value in template.items()}
    if isinstance(template, list):
        return list(_items(template, classes, turn))
    return template


def solve(place: str, found: int) -> int | None:
    """The class count for which an open number outside of any repetition is ``found``; None if
    there is none."""
    a, _, c = _formula(place[1:])
    if a == 0 or (found - c) % a:
        return None
    return (found - c) // a


def is_open(value: Any) -> bool:
    """Whether a value is a number that depends on the class count."""
    return isinstance(value, str) and value.startswith(NUMBER)


def _items(template: list[Any], classes: int, turn: int) -> Iterator[Any]:
    for item in template:
        if isinstance(item, dict) and REPEAT in item:
            for i in range(classes - 1):
                yield from (expand(part, classes, i) for part in item[REPEAT])
        else:
            yield expand(item, classes, turn)


def _text(template: str, classes: int, turn: int) -> str | int:
    if is_open(template):
        return _value(template[1:], classes, turn)
    if OPEN not in template:
        return template
    first, *others = template.split(OPEN)
    return first + "".join(_parts(others, classes, turn))


def _parts(others: Iterable[str], classes: int, turn: int) -> Iterator[str]:
    for other in others:
        formula, _, rest = other.partition(CLOSE)
        yield f"{_value(formula, classes, turn)}{rest}"


def _value(formula: str, classes: int, turn: int) -> int:
    a, b, c = _formula(formula)
    return a * classes + b * turn + c


def _formula(text: str) -> tuple[int, int, int]:
    a, b, c = (int(number) for number in text.split(","))
    return a, b, c
