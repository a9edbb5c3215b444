"""What blocks have in common: a block with holes in the place of its literals.

Two blocks with the same template become one class; the holes whose values differ are the arguments
of its constructor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from architectures.graph.expression import Apply, DType, FieldOf, Item, Value
from architectures.graph.plan import ModuleAt, OwnModule, OwnTensor, Step, TensorAt
from architectures.graph.source.bodies import Body, Source

ROLES = {
    "nn.Conv": ("in_channels", "out_channels", "kernel_size"),
    "nn.Linear": ("in_features", "out_features"),
    "nn.BatchNorm": ("num_features",),
    "nn.InstanceNorm": ("num_features",),
    "nn.GroupNorm": ("num_groups", "num_channels"),
    "nn.PReLU": ("num_parameters",),
    "nn.Embedding": ("num_embeddings", "embedding_dim"),
    "nn.Dropout": ("p",),
    "F.max_pool": ("", "kernel_size", "stride", "padding"),
    "F.avg_pool": ("", "kernel_size", "stride", "padding"),
}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "nn.ConvTranspose": {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1},
    "nn.Conv": {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
}


@dataclass
class Hole:
    """The place of a literal. ``role``: what it stands for; ``value``: in the first block.

    All holes look alike, so that templates can be compared as text.
    """

    index: int = field(repr=False)
    role: str = field(repr=False)
    value: Any = field(repr=False)
    owner: str = field(repr=False)


@dataclass(frozen=True)
class Local:
    """A value in a block: argument ``output`` (``run`` -1), or an output of one of its runs."""

    run: int
    output: int = 0


@dataclass(frozen=True)
class Element:
    """One output of a step whose outputs are kept together."""

    of: Local
    index: int


@dataclass(frozen=True)
class Own:
    """``self.`` and a path within the block."""

    path: str


@dataclass(frozen=True)
class OwnCall:
    """A call of a layer of the block."""

    path: str
    inputs: tuple[Any, ...]


@dataclass(frozen=True)
class DeviceOfData:
    """The device of the block's data."""


@dataclass(frozen=True)
class LayerTemplate:
    kind: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    ones: tuple[str, ...]


@dataclass(frozen=True)
class TensorTemplate:
    shape: tuple[Any, ...]
    dtype: str
    trained: bool


@dataclass(frozen=True)
class BlockTemplate:
    """An inner block: its signature, and its holes as the first of them and their count."""

    signature: int
    first: int = field(repr=False)
    count: int = field(repr=False)


@dataclass(frozen=True)
class StepRun:
    outputs: tuple[Any, ...]
    spread: bool


@dataclass(frozen=True)
class BlockRun:
    attribute: str
    inputs: tuple[Any, ...]
    outputs: int


@dataclass
class Template:
    """``signature``: the number of its text, equal for blocks that differ in literals alone.

    ``places``: what the block's values are called in it.
    """

    body: Body
    attributes: dict[str, LayerTemplate | TensorTemplate | BlockTemplate]
    runs: list[StepRun | BlockRun]
    gives: tuple[Local, ...]
    holes: list[Hole]
    places: dict[Source, Local]
    signature: int = -1


def template_of(body: Body, inner: Mapping[str, Template], signatures: dict[str, int]) -> Template:
    """The template of a block whose inner blocks' templates are known by path."""
    return _Templating(body, inner).template(signatures)


def looked_up(table: Mapping[str, Any], kind: str, otherwise: Any) -> Any:
    """The entry of a table whose name the kind begins with."""
    return next((found for name, found in table.items() if kind.startswith(name)), otherwise)


class _Templating:
    def __init__(self, body: Body, inner: Mapping[str, Template]) -> None:
        self.body, self.inner = body, inner
        self.holes: list[Hole] = []
        self.places: dict[Source, Local] = {
            source: Local(-1, place) for place, source in enumerate(body.takes)
        }
        self.owner = ""
        self.spread: dict[int, int] = {}

    def template(self, signatures: dict[str, int]) -> Template:
        attributes: dict[str, LayerTemplate | TensorTemplate | BlockTemplate] = {}
        for name, own in self.body.attributes.items():
            self.owner = name
            match own:
                case OwnModule():
                    attributes[name] = self._layer(own)
                case OwnTensor():
                    shape = tuple(self._hole(size, "size") for size in own.shape)
                    attributes[name] = TensorTemplate(shape, own.dtype, own.trained)
                case Body():
                    found = self.inner[own.path]
                    attributes[name] = BlockTemplate(
                        found.signature, len(self.holes), len(found.holes)
                    )
                    for hole in found.holes:
                        self._hole(hole.value, hole.role)
        runs: list[StepRun | BlockRun] = []
        for place, run in enumerate(self.body.runs):
            if isinstance(run, Step):
                self.owner = ""
                outputs = tuple(self._expression(part) for part in run.outputs)
                runs.append(StepRun(outputs, run.spread))
                self.places |= {
                    Value(run.node, output): Local(place, output)
                    for output in range(1 if run.spread else len(outputs))
                }
                if run.spread:
                    self.spread[run.node] = place
            else:
                inputs = tuple(self._source(source) for source in run.takes)
                attribute = run.path.rpartition(".")[2]
                runs.append(BlockRun(attribute, inputs, len(run.gives)))
                self.places |= {
                    value: Local(place, output) for output, value in enumerate(run.gives)
                }
        gives = tuple(self._source(value) for value in self.body.gives)
        template = Template(self.body, attributes, runs, gives, self.holes, self.places)
        text = repr((attributes, runs, gives, len(self.body.takes)))
        template.signature = signatures.setdefault(text, len(signatures))
        return template

    def _layer(self, own: OwnModule) -> LayerTemplate:
        roles = looked_up(ROLES, own.kind, ())
        args = tuple(
            self._literal(arg, roles[place] if place < len(roles) else f"argument_{place + 1}")
            for place, arg in enumerate(own.args)
        )
        filled = {**looked_up(DEFAULTS, own.kind, {}), **own.kwargs}
        kwargs = {name: self._literal(value, name) for name, value in filled.items()}
        return LayerTemplate(own.kind, args, kwargs, own.ones)

    def _hole(self, value: Any, role: str) -> Hole:
        hole = Hole(len(self.holes), role, value, self.owner)
        self.holes.append(hole)
        return hole

    def _literal(self, value: Any, role: str) -> Any:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        numbers = isinstance(value, tuple) and all(type(part) is int for part in value)
        return self._hole(value, role) if number or numbers else value

    def _source(self, source: Source) -> Any:
        if isinstance(source, TensorAt):
            local = self.body.local(source.path)
            if local is not None:
                return Own(local)
        found = self.places.get(source)
        if found is None and isinstance(source, Value):
            found = Local(self.spread[source.node], source.output)
            self.places[source] = found
        assert found is not None
        return found

    def _expression(self, part: Any, role: str = "value") -> Any:
        match part:
            case Value() | TensorAt():
                return self._source(part)
            case ModuleAt():
                local = self.body.local(part.path)
                assert local is not None, "a layer is called from outside of its block"
                return OwnCall(local, self._expression(part.inputs))
            case Apply():
                roles = looked_up(ROLES, part.function, ())
                args = tuple(
                    part_
                    if part.function == "[]" and place
                    else self._expression(part_, roles[place] if place < len(roles) else "value")
                    for place, part_ in enumerate(part.args)
                )
                kwargs = {name: self._expression(v, name) for name, v in part.kwargs.items()}
                return Apply(part.function, args, kwargs)
            case Item():
                return Item(self._expression(part.of), part.index)
            case FieldOf(_, "device"):
                return DeviceOfData()
            case FieldOf():
                return FieldOf(self._expression(part.of), part.name)
            case DType() | None | bool() | str():
                return part
            case tuple() if not part or not all(type(one) is int for one in part):
                return tuple(self._expression(one, role) for one in part)
            case list():
                return [self._expression(one, role) for one in part]
        return self._literal(part, role)


def locals_in(part: Any) -> Iterable[Local]:
    """Every value in a part of a template, in order."""
    match part:
        case Local():
            yield part
        case tuple() | list():
            for one in part:
                yield from locals_in(one)
        case OwnCall():
            yield from locals_in(part.inputs)
        case _ if hasattr(part, "args"):
            yield from locals_in(part.args)
            yield from locals_in(tuple(part.kwargs.values()))
        case _ if hasattr(part, "of"):
            yield from locals_in(part.of)
