"""The classes of a written network: blocks with one template, and what differs between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from architectures.graph.identifiers import UniqueNames
from architectures.graph.plan import Plan
from architectures.graph.source.bodies import body_of
from architectures.graph.source.class_words import class_words
from architectures.graph.source.templates import (
    BlockRun,
    BlockTemplate,
    Hole,
    LayerTemplate,
    Local,
    OwnCall,
    StepRun,
    Template,
    template_of,
)

INWARD = ("in_channels", "in_features", "num_features", "num_channels", "num_embeddings")
OUTWARD = ("out_channels", "out_features", "embedding_dim")
CHANNELS = frozenset((*INWARD, *OUTWARD, "num_parameters", "size"))
DEFAULTS: Mapping[str, Any] = {"stride": 1, "dilation": 1, "groups": 1, "padding": 0}


@dataclass(frozen=True)
class Parameter:
    """An argument of a class's constructor. ``holes``: those that it fills."""

    name: str
    annotation: str
    default: Any
    holes: tuple[int, ...]

    @property
    def by_place(self) -> bool:
        """Whether calls give it by its place: numbers of channels; others go by keyword."""
        return self.default is None and self.name.rstrip("_0123456789").endswith(
            ("channels", "features")
        )


@dataclass(frozen=True)
class WrittenClass:
    """One class of the file. ``templates``: its blocks. ``sequential``: it is written where it is
    used, as a ``nn.Sequential`` of these attributes."""

    name: str
    templates: Sequence[Template]
    parameters: Sequence[Parameter]
    sequential: bool

    @property
    def first(self) -> Template:
        return self.templates[0]

    def names(self) -> dict[int, str]:
        """The parameter's name for each hole that has one."""
        return {hole: p.name for p in self.parameters for hole in p.holes}


def classes_of(plan: Plan, name: str, taken: Iterable[str]) -> list[WrittenClass]:
    """The classes in the order of their definition, the network last, by signature number.

    ``taken``: names that are not free.
    """
    root = body_of(plan)
    signatures: dict[str, int] = {}
    templates: dict[str, Template] = {}
    groups: dict[int, list[Template]] = {}
    for body in root.inner():
        template = template_of(body, templates, signatures)
        templates[body.path] = template
        groups.setdefault(template.signature, []).append(template)
    names = UniqueNames(taken, "")
    main = names(name)
    words = class_words(groups, templates[""].signature)
    order = sorted(groups, key=lambda signature: -len(groups[signature]))
    called: dict[int, str] = {templates[""].signature: main}
    sequential = {
        signature: signature != templates[""].signature and _is_sequential(group)
        for signature, group in groups.items()
    }
    for signature in order:
        if signature not in called and not sequential[signature]:
            called[signature] = names(words[signature])
    return [
        WrittenClass(called.get(signature, ""), group, _parameters(group), sequential[signature])
        for signature, group in groups.items()
    ]


def _is_sequential(group: Sequence[Template]) -> bool:
    """Whether a block is a plain chain of layers and blocks, better written where it is used."""
    template = group[0]
    attributes = list(template.attributes)
    if len(template.body.takes) != 1 or len(template.runs) != len(attributes) or not attributes:
        return False
    previous = Local(-1)
    for place, (run, attribute) in enumerate(zip(template.runs, attributes, strict=True)):
        match run:
            case BlockRun(name, (taken,), 1) if name == attribute and taken == previous:
                pass
            case StepRun((OwnCall(name, (taken,)),), False) if (
                name == attribute and taken == previous
            ):
                pass
            case _:
                return False
        previous = Local(place)
    leaves = all(isinstance(part, LayerTemplate) for part in template.attributes.values())
    return template.gives == (previous,) and (len(group) == 1 or not leaves)


def _parameters(group: Sequence[Template]) -> list[Parameter]:
    """What differs between the blocks of a class, named by what it stands for."""
    if len(group) == 1:
        return []
    columns: dict[tuple[str, tuple[Any, ...]], list[Hole]] = {}
    for hole in sorted(group[0].holes, key=lambda hole: hole.role == "groups"):
        column = tuple(template.holes[hole.index].value for template in group)
        if any(value != column[0] for value in column):
            family = "channels" if hole.role in CHANNELS else hole.role
            if hole.role == "groups" and ("channels", column) in columns:
                family = "channels"
            columns.setdefault((family, column), []).append(hole)
    channels = [
        (column, holes) for (family, column), holes in columns.items() if family == "channels"
    ]
    others = [
        (column, holes) for (family, column), holes in columns.items() if family != "channels"
    ]
    names = UniqueNames(("self",))
    found = _channels(channels, names)
    repeated = Counter(holes[0].role for _, holes in others)
    defaulted: list[Parameter] = []
    for column, holes in others:
        hole = holes[0]
        word = (
            hole.role if repeated[hole.role] == 1 or not hole.owner else f"{hole.owner}_{hole.role}"
        )
        default = DEFAULTS.get(hole.role)
        if column.count(default) * 2 < len(column):
            default = None
        parameter = Parameter(
            names(word), _annotation(column), default, tuple(hole.index for hole in holes)
        )
        (found if default is None else defaulted).append(parameter)
    return found + defaulted


def _channels(
    groups: Sequence[tuple[tuple[Any, ...], list[Hole]]], names: UniqueNames
) -> list[Parameter]:
    holes = [hole for _, group in groups for hole in group]
    inward = min((h.index for h in holes if h.role in INWARD), default=-1)
    outward = max((h.index for h in holes if h.role in OUTWARD), default=-1)
    linear = all(hole.role.endswith("features") for hole in holes if hole.role in OUTWARD)
    noun = "features" if linear and outward >= 0 else "channels"
    first, middle, last = [], [], []
    for column, group in groups:
        indices = tuple(hole.index for hole in group)
        starts, ends = inward in indices, outward in indices
        if starts and not ends:
            first.append((f"in_{noun}", column, indices))
        elif starts or len(groups) == 1:
            first.append((noun, column, indices))
        elif ends:
            last.append((f"out_{noun}", column, indices))
        else:
            middle.append((f"mid_{noun}", column, indices))
    return [
        Parameter(names(word), _annotation(column), None, indices)
        for word, column, indices in (*first, *middle, *last)
    ]


def _annotation(column: Sequence[Any]) -> str:
    """The type of a parameter's values."""
    kinds = set()
    for value in column:
        if isinstance(value, tuple):
            kinds.add("tuple[int, ...]")
        elif value is None:
            kinds.add("None")
        else:
            kinds.add("float" if isinstance(value, float) else "int")
    if "float" in kinds:
        kinds.discard("int")
    return " | ".join(sorted(kinds, key=lambda kind: (kind == "None", kind)))


def inner_blocks(template: Template) -> Iterable[tuple[str, BlockTemplate]]:
    """The attributes of a block that are blocks."""
    return (
        (name, part)
        for name, part in template.attributes.items()
        if isinstance(part, BlockTemplate)
    )
