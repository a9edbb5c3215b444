"""Which models of a catalogue a file can be, by the shapes of its tensors alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from architectures.catalogue.record import Model
from mappings.language import TRACKED
from mappings.shapes import OpenShape, Shape, fill, open_sizes

MOST = 8


def nearest_models(shapes: Mapping[str, Shape], models: Iterable[Model]) -> list[Model]:
    """The ``MOST`` models whose tensors differ in the fewest shapes from the file's.

    A model that fits is among them, whatever the file's names and class count. Comparing names with
    a table takes a hundred times longer, so only these models are compared by name.
    """
    bag = _bag(shapes)
    return sorted(models, key=lambda model: _distance(bag, _bag(model.shapes)))[:MOST]


def misfits(shapes: Mapping[str, Shape], model: Model) -> list[str]:
    """The tensors of a file in the network's own names that are missing, unknown or of another
    shape. The class count and the image channels are the file's own. A file without any tensor of
    the classifier is compared with the rest of the network."""
    pairs = ((found, model.shapes[name]) for name, found in shapes.items() if name in model.shapes)
    sizes = open_sizes(pairs)
    wanted = model.expected(classifier=model.has_classifier(shapes))
    expected = {name: fill(shape, sizes) for name, shape in wanted.items()}
    return [name for name in {**expected, **shapes} if shapes.get(name) != expected.get(name)]


def _bag(shapes: Mapping[str, OpenShape]) -> Counter[OpenShape]:
    """How often each shape occurs, without shapes with open dimensions and without batch counts."""
    closed = [
        shape
        for name, shape in shapes.items()
        if str not in map(type, shape) and not name.endswith(TRACKED)
    ]
    return Counter(closed)


def _distance(one: Counter[OpenShape], other: Counter[OpenShape]) -> int:
    return (one - other).total() + (other - one).total()
