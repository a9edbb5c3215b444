"""The mapping language: rows of layers, expanded over named indices into a proven bijection.

A row pairs one source layer with one target layer. Its kind says which tensors such a layer has and
what each is called on both sides; its scope says at which positions of the network it repeats. A
position is a set of named indices (``stage``, ``feature``, ``block``) that fill the templates, so
no index is ever parsed back out of a name.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mappings.errors import MappingError
from mappings.shapes import AnyShape, Shape

Position = Mapping[str, int]

CLASSIFIER = "fc"
"""What residual networks call the layer that gives the logits, as in torchvision and timm."""


@dataclass(frozen=True)
class Kind:
    """A type of layer: its tensors as (source leaf, target leaf) pairs.

    ``counter`` is the word with which Gluon numbers such layers in flat names (``conv0_weight``).
    It is empty if a flat name begins with the layer's own name (``stage1_unit1_conv1_weight``), and
    None if the source is not MXNet. ``synthesised`` are target leaves that a source does not have
    to hold; MXNet's sources never do.
    A ``pointwise`` layer is a 1x1 convolution in the source and a dense layer in the target: the
    source's weight (out, in, 1, 1) is the target's (out, in).
    """

    counter: str | None
    leaves: tuple[tuple[str, str], ...]
    synthesised: tuple[str, ...] = ()
    pointwise: bool = False


@dataclass(frozen=True)
class Scope:
    """The positions at which a row repeats, and the prefix within which Gluon counts its layers."""

    prefix: str
    holds: Callable[[Position], bool]


@dataclass(frozen=True)
class Row:
    """One line of a table: a layer's kind, its source and target templates, and its scope.

    ``flat`` is the layer's flat name within its scope's prefix, where the source framework's
    network states it (``pred``) instead of counting. ``also`` is a second source name of the layer,
    where two blocks of the source share it: ``save_parameters`` then writes its tensors twice.
    """

    kind: Kind
    source: str
    target: str
    scope: Scope
    flat: str | None = None
    also: str | None = None


@dataclass(frozen=True)
class Layer:
    """A row at one position: a layer's source name, flat source name (Gluon) and target name.

    A layer without a source name has leaves that are whole names, and so has one without a target
    name: tensors at the root of the network.
    """

    kind: Kind
    source: str
    flat: str | None
    target: str
    also: str | None = None


@dataclass(frozen=True)
class Table:
    """All layers of one network, and the bijection between source and target tensors.

    ``head`` is the target's name of the layer that gives the logits.
    Raises MappingError when two layers share a source, flat or target tensor name.
    """

    layers: tuple[Layer, ...]
    head: str = CLASSIFIER

    def __post_init__(self) -> None:
        for side, names in (
            ("source", (name for name, _ in self._pairs())),
            ("target", (*(name for _, name in self._pairs()), *self.synthesised)),
            ("flat source", (flat for flat, _ in self._flat_pairs())),
        ):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise MappingError(f"two rows claim the {side} tensor {twice[0]!r}")

    @classmethod
    def expand(
        cls, rows: Iterable[Row], positions: Iterable[Position], head: str = CLASSIFIER
    ) -> Table:
        """Expand ``rows`` at every position where their scope holds, in Gluon's creation order.

        Raises MappingError for a template that names an index its position lacks.
        """
        rows = tuple(rows)
        counters: Counter[tuple[str, str]] = Counter()
        layers = []
        for position in positions:
            for row in rows:
                if not row.scope.holds(position):
                    continue
                try:
                    source, target, prefix = (
                        template.format_map(position)
                        for template in (row.source, row.target, row.scope.prefix)
                    )
                except KeyError as missing:
                    raise MappingError(
                        f"the row {row.source!r} -> {row.target!r} names the index {missing}, "
                        f"which its scope does not bind"
                    ) from None
                flat = None if row.kind.counter is None else source
                if row.flat is not None:
                    flat = prefix + row.flat
                elif word := row.kind.counter:
                    flat = f"{prefix}{word}{counters[prefix, word]}"
                    counters[prefix, word] += 1
                layers.append(Layer(row.kind, source, flat, target, row.also))
        return cls(tuple(layers), head)

    @classmethod
    def identity(cls, tensors: Iterable[str], head: str = CLASSIFIER) -> Table:
        """The table of a source that already has the target's names, given in their order."""
        leaves: dict[str, list[str]] = {}
        for name in tensors:
            layer, _, leaf = name.rpartition(".")
            leaves.setdefault(layer, []).append(leaf)
        layers = (Layer(_own(ends), layer, None, layer) for layer, ends in leaves.items())
        return cls(tuple(layers), head)

    @cached_property
    def targets(self) -> Mapping[str, str]:
        """Source tensor name -> target tensor name."""
        return dict(self._pairs())

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """Target tensor name -> source tensor name: the same table read backwards."""
        return {target: source for source, target in self._pairs()}

    @cached_property
    def flat(self) -> Mapping[str, str]:
        """Flat source tensor name, without the network's prefix -> structural source name."""
        return dict(self._flat_pairs())

    @cached_property
    def synthesised(self) -> tuple[str, ...]:
        """Target tensors that a source does not have to hold."""
        return tuple(
            _joined(layer.target, leaf) for layer in self.layers for leaf in layer.kind.synthesised
        )

    @cached_property
    def accepted(self) -> Mapping[str, str]:
        """Source tensor name -> target tensor name, also of tensors that a source may leave out."""
        return dict(self.targets) | {
            f"{layer.source}.{leaf}": f"{layer.target}.{leaf}"
            for layer in self.layers
            if layer.kind.counter is None
            for leaf in layer.kind.synthesised
        }

    @cached_property
    def repeated(self) -> Mapping[str, str]:
        """Second source name of a tensor -> its source name."""
        return {
            f"{layer.also}.{leaf}": f"{layer.source}.{leaf}"
            for layer in self.layers
            if layer.also
            for leaf, _ in layer.kind.leaves
        }

    @cached_property
    def classifier(self) -> Layer | None:
        """The layer that gives the logits; None if the table leaves it out."""
        return next((layer for layer in self.layers if layer.target == self.head), None)

    @cached_property
    def without_classifier(self) -> Table:
        """The table of the same network without its classifier."""
        rest = (layer for layer in self.layers if layer is not self.classifier)
        return Table(tuple(rest), self.head)

    @cached_property
    def pointwise(self) -> frozenset[str]:
        """Target tensors whose source has two more axes, both of length 1, at the end."""
        return frozenset(f"{at.target}.weight" for at in self.layers if at.kind.pointwise)

    def source_shape(self, target: str, shape: AnyShape) -> AnyShape:
        """The source's shape of a target tensor of this shape: the same, or (out, in, 1, 1)."""
        return (*shape, 1, 1) if target in self.pointwise else shape

    def target_shape(self, target: str, shape: Shape) -> Shape:
        """The target's shape of a tensor that has this shape in the source."""
        is_window = target in self.pointwise and len(shape) == 4 and shape[2:] == (1, 1)
        return shape[:2] if is_window else shape

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of the sorted ``source -> target`` lines: what this table does."""
        lines = sorted(f"{source} -> {target}\n" for source, target in self._pairs())
        return hashlib.sha256("".join([*lines, *sorted(self.synthesised)]).encode()).hexdigest()

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for layer in self.layers:
            for source, target in layer.kind.leaves:
                yield _joined(layer.source, source), _joined(layer.target, target)

    def _flat_pairs(self) -> Iterator[tuple[str, str]]:
        for layer in self.layers:
            if layer.flat is not None:
                for leaf, _ in layer.kind.leaves:
                    yield f"{layer.flat}_{leaf}", f"{layer.source}.{leaf}"


TRACKED = "num_batches_tracked"
"""PyTorch's count of the batches that a BatchNorm was trained on; inference does not use it."""


def _joined(layer: str, leaf: str) -> str:
    return f"{layer}.{leaf}" if layer else leaf


def _own(leaves: Iterable[str]) -> Kind:
    pairs = tuple((leaf, leaf) for leaf in leaves if leaf != TRACKED)
    return Kind(None, pairs, (TRACKED,) if TRACKED in leaves else ())
