"""Finds the sets of weights in an unpickled checkpoint: mappings of tensors at any depth."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from convert.formats.limits import MAX_MAPPING_DEPTH, MAX_NAME
from convert.formats.selection import TOP
from convert.formats.torch_tensor import shape_of

PLAIN = ("state_dict", "model", "model_state_dict", "net", "network", "module", "params")
"""Keys in common use for a network's weights."""
AVERAGED = ("state_dict_ema", "model_ema", "ema", "params_ema")
"""Keys of averaged weights beside the last ones, as timm's CheckpointSaver, DeiT's and
torchvision's references and BasicSR write them."""
SWAPPED = (
    ("ema_state_dict", "message_hub"),  # mmengine/hooks/ema_hook.py, before_save_checkpoint
    ("current_model_state", "averaging_state"),  # lightning/pytorch/callbacks/weight_averaging.py
)
"""Keys of the *last* weights where "state_dict" holds the averaged ones, each with another key that
the same writer always leaves beside it. Without that one, nobody can know who wrote the file."""
SAME = 0.5
"""Two mappings are weights of one network if they share this part of the larger one's tensors, by
last name and shape: averages of the parameters alone are more than half of a network."""
SMALL = 0.1
"""A mapping with a smaller share of the largest mapping's tensors is not a network's weights."""


@dataclass(frozen=True, eq=False)
class Mapped:
    """A mapping that holds tensors, the keys of the mappings around it, and the innermost one."""

    path: tuple[str, ...]
    items: dict[Any, object]
    around: dict[Any, object]

    @property
    def key(self) -> str:
        return ".".join(self.path) or TOP

    @cached_property
    def tensors(self) -> Counter[tuple[str, tuple[int, ...]]]:
        """Its tensors, without scalars, by shape and the last part of the name: both stay the same
        when a network is wrapped."""
        found: Counter[tuple[str, tuple[int, ...]]] = Counter()
        for name, value in self.items.items():
            if type(name) is str and (shape := shape_of(value)):
                found[name[-MAX_NAME:].rpartition(".")[2], shape] += 1
        return found

    @cached_property
    def size(self) -> int:
        return self.tensors.total()

    def resembles(self, other: Mapped) -> bool:
        """Whether both are weights of one network."""
        shared = (self.tensors & other.tensors).total()
        return shared >= SAME * max(self.size, other.size)


def find_mappings(value: dict[Any, object]) -> list[Mapped]:
    """The mappings of tensors in a value, which may be one itself; outer ones come first. A mapping
    that occurs several times is returned once."""
    found, seen = [], {id(value)}
    queue = deque([Mapped((), value, value)])
    while queue:
        mapping = queue.popleft()
        if mapping.size:
            found.append(mapping)
        for key, item in mapping.items.items():
            if type(item) is not dict or id(item) in seen:
                continue
            if type(key) is str and len(key) <= MAX_NAME and len(mapping.path) < MAX_MAPPING_DEPTH:
                seen.add(id(item))
                queue.append(Mapped((*mapping.path, key), item, mapping.items))
    return found


def find_sets(mappings: Sequence[Mapped]) -> list[Mapped]:
    """The mappings that can be the network's weights: a main one, and all that resemble it.

    The main one is the largest under a key in common use. If no mapping has such a key, every
    mapping of some size is returned.
    """
    largest = max(mapping.size for mapping in mappings)
    known = [
        mapping
        for mapping in mappings
        if mapping.size >= SMALL * largest
        and (not mapping.path or mapping.path[-1] in (*PLAIN, *AVERAGED))
    ]
    main = max(known or mappings, key=lambda mapping: mapping.size)
    return [
        mapping
        for mapping in mappings
        if mapping is main
        or mapping.resembles(main)
        or (not known and mapping.size >= SMALL * largest)
    ]


def find_roles(sets: Sequence[Mapped]) -> tuple[Mapped | None, Mapped | None]:
    """Of two sets, the averaged and the last weights if their keys say so; else None and None."""
    if len(sets) == 2:
        for one, other in (sets, sets[::-1]):
            depth = len(one.path) - 1
            if one.path[:-1] != other.path[: max(depth, 0)] or not one.path or not other.path:
                continue
            if one.path[-1] in PLAIN and other.path[depth] in AVERAGED:
                return other, one
            swapped = [last for last, beside in SWAPPED if beside in one.around]
            if one.path[-1] == "state_dict" and other.path[depth:] in [(key,) for key in swapped]:
                return one, other
    return None, None
