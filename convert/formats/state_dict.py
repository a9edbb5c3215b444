"""Finds the weights in a PyTorch checkpoint: alone, or beside an optimizer, an epoch, ..."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from convert.formats.mapped import MappedFile
from convert.formats.pickled import PickledCall
from convert.formats.selection import TOP, Selection, decide, listed, select
from convert.formats.torch_tensor import shape_of
from convert.formats.weight_sets import (
    AVERAGED,
    PLAIN,
    Mapped,
    find_mappings,
    find_roles,
    find_sets,
)
from mappings.choice import Choice
from mappings.errors import ChoiceError


@dataclass(frozen=True)
class Weights:
    """The chosen tensors, still as their calls, by name ("0", "1", ... in a plain list)."""

    named: bool
    tensors: Mapping[str, PickledCall]
    selection: Selection


def find_weights(file: MappedFile, value: object, choice: Choice) -> Weights:
    """The chosen weights in an unpickled ``value``.

    Raises FormatError if there are no weights, for two sets of weights without a choice, and for a
    choice that finds nothing to choose.
    """
    if isinstance(value, PickledCall):
        value = [value]
    if isinstance(value, list | tuple):
        return _select(file, False, dict(enumerate(value)), choice)
    if not isinstance(value, dict):
        what = f"this holds a {type(value).__name__}; expected a state dict, names and tensors"
        raise file.error(f"{what}: save model.state_dict()")
    mappings = find_mappings(value)
    if not mappings:  # no tensor of any size: perhaps an empty state dict
        key = next((key for key in PLAIN if isinstance(value.get(key), dict)), None)
        items = value if key is None else value[key]
        return _select(file, True, items, choice, "" if key is None else key)
    sets = find_sets(mappings)
    averaged, last = find_roles(sets)
    if choice.weights is None:
        taken, rest = _decided(file, sets, averaged, last, choice), choice
    else:
        taken, rest = _named(file, mappings, sets, choice)
    if len(sets) > 1:
        rest = replace(rest, ema=None)
    is_average = True if taken is averaged else False if taken is last else None
    if len(sets) == 1 and any(key in AVERAGED for key in taken.path):
        is_average = True
    if not taken.path:
        return _select(file, True, taken.items, rest, averaged=is_average)
    kind = {None: "weights", True: "averaged weights", False: "last weights"}[is_average]
    notes = [f"the {kind} under {taken.key!r} were taken"]
    others = [key for key in value if isinstance(key, str) and key != taken.path[0]]
    if others:
        notes.append(f"beside them were ignored: {listed(others)}")
    return _select(file, True, taken.items, rest, taken.key, is_average, tuple(notes))


def _decided(
    file: MappedFile,
    sets: list[Mapped],
    averaged: Mapped | None,
    last: Mapped | None,
    choice: Choice,
) -> Mapped:
    if len(sets) == 1:
        return sets[0]
    keys = {mapping.key: mapping for mapping in sets}
    known = (averaged.key, last.key) if averaged and last else None
    return keys[decide(tuple(keys), known, choice.ema, file.path)]


def _named(
    file: MappedFile, mappings: list[Mapped], sets: list[Mapped], choice: Choice
) -> tuple[Mapped, Choice]:
    """The mapping under a key, and what is still to be chosen of it by the rest of the key."""
    key = choice.weights or TOP
    around = [m for m in mappings if m.key == key or (m.path and key.startswith(f"{m.key}."))]
    if around:
        taken = max(around, key=lambda mapping: len(mapping.key))
        return taken, replace(choice, weights=key[len(taken.key) + 1 :])
    if len(sets) > 1:
        known = listed([mapping.key for mapping in sets])
        raise ChoiceError(file.path, f"no weights are under {key!r}; this holds some under {known}")
    return sets[0], choice


def _select(
    file: MappedFile,
    named: bool,
    items: dict[Any, object],
    choice: Choice,
    within: str = "",
    averaged: bool | None = None,
    notes: tuple[str, ...] = (),
) -> Weights:
    values = _by_name(file, items)
    shapes = {name: shape_of(value) for name, value in values.items()}
    found = select(shapes, choice, file.path, within)
    tensors = {name: _call(file, source, values[source]) for name, source in found.kept.items()}
    averaged = averaged if found.averaged is None else found.averaged
    return Weights(named, tensors, replace(found, averaged=averaged, notes=(*notes, *found.notes)))


def _by_name(file: MappedFile, items: dict[Any, object]) -> dict[str, object]:
    values = {}
    for key, value in items.items():
        if not isinstance(key, str | int):
            what = "a name in the state dict is not a text"
            raise file.error(f"{what}; save model.state_dict() alone")
        name = str(key)
        if "\0" in name or name != name.encode(errors="replace").decode():  # a lone surrogate
            raise file.damaged(f"{name[:100]!r} cannot be a tensor's name", 0)
        values[name] = value
    return values


def _call(file: MappedFile, name: str, value: object) -> PickledCall:
    if not isinstance(value, PickledCall):
        what = f"a {type(value).__name__} where a tensor is expected"
        advice = "save model.state_dict() alone, or leave this out with --ignore NAME"
        raise file.error(f"{what}; {advice}", array=name[:100])
    return value
