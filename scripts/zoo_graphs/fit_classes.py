"""Finds the template of a network from what GluonCV makes for two numbers of classes.

The form of a template is that of ``architectures/catalogue/class_template.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from architectures.catalogue.class_template import CLOSE, NUMBER, OPEN, REPEAT, expand

Point = tuple[int, int, Any]
"""A value as it is for a number of classes, in a turn of the repetition around it."""


class NoFit(Exception):
    """The two networks differ in another way than their number of classes explains."""


def fit_template(made: dict[int, Any], third: tuple[int, Any] | None = None) -> Any:
    """The template of what GluonCV ``made`` for two numbers of classes. It gives what it made for a
    third one too. Raises NoFit."""
    template = _fit([(classes, 0, value) for classes, value in sorted(made.items())])
    for classes, value in [*made.items(), *([third] if third else [])]:
        if expand(template, classes) != value:
            raise NoFit(f"the template does not give the network of {classes} classes")
    return template


def _fit(points: Sequence[Point]) -> Any:
    first = points[0][2]
    if all(value == first and type(value) is type(first) for _, _, value in points):
        return first
    if all(isinstance(value, dict) for _, _, value in points):
        if any(list(value) != list(first) for _, _, value in points):
            raise NoFit("other keys")
        return {key: _fit([(c, i, value[key]) for c, i, value in points]) for key in first}
    if all(isinstance(value, list) for _, _, value in points):
        if all(len(value) == len(first) for _, _, value in points):
            return [
                _fit([(c, i, value[place]) for c, i, value in points])
                for place in range(len(first))
            ]
        return _fit_repetition(points)
    if all(isinstance(value, int) for _, _, value in points):
        return f"{NUMBER}{_fit_number(points)}"
    if all(isinstance(value, str) for _, _, value in points):
        return _fit_text(points)
    raise NoFit("other types")


def _fit_number(points: Sequence[Point]) -> str:
    """``a C + b i + c`` through all points."""
    known = {(c, i): value for c, i, value in points}
    few, many = min(c for c, _ in known), max(c for c, _ in known)
    a, rest = divmod(known[many, 0] - known[few, 0], many - few)
    b = known[few, 1] - known[few, 0] if (few, 1) in known else 0
    c = known[few, 0] - a * few
    if rest or any(value != a * classes + b * i + c for classes, i, value in points):
        raise NoFit("not linear")
    return f"{a},{b},{c}"


def _fit_text(points: Sequence[Point]) -> str:
    split = [(c, i, re.split(r"(\d+)", value)) for c, i, value in points]
    parts = split[0][2]
    if any(len(found) != len(parts) for _, _, found in split):
        raise NoFit("other texts")
    text = ""
    for place, part in enumerate(parts):
        same = all(found[place] == part for _, _, found in split)
        if same:
            text += part
        elif place % 2:
            formula = _fit_number([(c, i, int(found[place])) for c, i, found in split])
            text += f"{OPEN}{formula}{CLOSE}"
        else:
            raise NoFit("other texts")
    return text


def _fit_repetition(points: Sequence[Point]) -> list[Any]:
    """Lists whose middle has a unit C - 1 times."""
    (few, _, short), (many, _, long) = points[0], points[-1]
    unit, rest = divmod(len(long) - len(short), many - few)
    if len(points) != 2 or rest or unit < 1:
        raise NoFit("lists of other lengths")
    forms = [[_form(item) for item in value] for value in (short, long)]
    for begin in range(len(short) - unit * (few - 1) + 1):
        if forms[0][:begin] != forms[1][:begin]:
            break
        ends = [begin + unit * (classes - 1) for classes in (few, many)]
        middle = forms[1][begin : ends[1]]
        if forms[0][ends[0] :] != forms[1][ends[1] :] or middle[:-unit] != middle[unit:]:
            continue
        try:
            before = [
                _fit([(few, 0, short[place]), (many, 0, long[place])]) for place in range(begin)
            ]
            repeated = [
                _fit(
                    [
                        (classes, i, value[begin + unit * i + place])
                        for classes, value in ((few, short), (many, long))
                        for i in range(classes - 1)
                    ]
                )
                for place in range(unit)
            ]
            after = [
                _fit([(few, 0, one), (many, 0, other)])
                for one, other in zip(short[ends[0] :], long[ends[1] :], strict=True)
            ]
        except NoFit:
            continue
        return [*before, {REPEAT: repeated}, *after]
    raise NoFit("no repetition")


def _form(item: Any) -> str:
    """An item without its numbers, to compare."""
    if isinstance(item, dict) and "op" in item:  # lists within may be of other lengths
        return f"{item['op']} {re.sub(r'[0-9]+', '', item['name'])}"
    return re.sub(r"[0-9]+", "", str(item))
