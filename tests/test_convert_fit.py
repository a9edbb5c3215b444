"""``auto``: what a file is, by names and shapes, over all pairs of models of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from architectures import MODELS, Model, find_model
from convert.fit import identify
from convert.formats import Checkpoint, Tensor
from convert.graph_agreement import packaged
from mappings.errors import ReconcileError
from tests.conftest import smallest

# Flat names say nothing of a pooling layer in the shortcut; their prefix is anybody's choice.
FLAT_TWINS = [
    {f"gluon_resnet{depth}_v1{letter}" for letter in pair}
    for depth in (50, 101, 152)
    for pair in ("cd", "es")
]
# A basic block is the same in v1 and v1b, and timm trained one of Gluon's networks again.
PYTORCH_TWINS = [
    {"gluon_resnet18_v1", "gluon_resnet18_v1b"},
    {"gluon_resnet34_v1", "gluon_resnet34_v1b"},
    {"gluon_seresnext50_32x4d", "seresnext50_32x4d"},
]


# MXNet published several sets of weights of one network: the class count says which.
ONE_NETWORK = [
    {"module_resnet50", "module_resnet50_11k_places"},
    {"module_resnet152", "module_resnet152_11k", "module_resnet152_11k_places"},
]
# GluonCV's v2 bottlenecks have the same tensors, and another epsilon.
SAME_TENSORS = [
    ONE_NETWORK[0] | {"gluon_resnet50_v2"},
    {"module_resnet101", "gluon_resnet101_v2"},
    ONE_NETWORK[1] | {"gluon_resnet152_v2"},
]


def own(model: Model) -> Mapping[str, str]:
    return model.table.targets if model.rows else {}  # timm's are PyTorch's, below


def flat(model: Model) -> Mapping[str, str]:
    return {name: model.table.targets[source] for name, source in model.table.flat.items()}


def pytorch(model: Model) -> Mapping[str, str]:
    return dict(model.dialects[-1][1].targets)


Names = Callable[[Model], Mapping[str, str]]
NAMINGS: dict[Names, list[set[str]]] = {
    own: ONE_NETWORK,
    flat: [*FLAT_TWINS, *ONE_NETWORK],
    pytorch: [*PYTORCH_TWINS, *SAME_TENSORS],
}


def shapes(model: Model, names: Names, classes: int | None = None) -> dict[str, tuple[int, ...]]:
    """A file of the model in a naming: names and shapes; a class count of its own where given."""
    sized = model.sized(classes)
    named = names(model).items()
    if names is pytorch:
        return {name: sized[target] for name, target in named}
    return {name: model.table.source_shape(target, sized[target]) for name, target in named}


def checkpoint(found: dict[str, tuple[int, ...]]) -> Checkpoint:
    tensors = (
        Tensor(n, shape, "float32", "dense", 0, lambda shape=shape: np.zeros(shape))
        for n, shape in found.items()
    )
    return Checkpoint(Path("a.params"), "params-v2", True, tuple(tensors))


def assert_recognised(model: Model, names: Names) -> None:
    found = shapes(model, names, classes=37)
    twins = next((pair for pair in NAMINGS[names] if model.name in pair), {model.name})
    if len(twins) == 1 or twins in ONE_NETWORK:
        fit = identify(checkpoint(found))
        assert (fit.model.network, fit.num_classes) == (model.network, 37)
        assert fit.model == model or twins in ONE_NETWORK
        return
    with pytest.raises(ReconcileError, match="equally well, by names and by shapes") as refusal:
        identify(checkpoint(found))
    assert all(name in str(refusal.value) for name in twins)


@pytest.mark.parametrize("twins", FLAT_TWINS, ids=lambda twins: "-".join(sorted(twins)))
def test_what_their_networks_compute_tells_twins_of_flat_names_apart(twins: set[str]) -> None:
    """So that a graph with flat names is converted under the one name."""
    one, other = (packaged(find_model(name)) for name in sorted(twins))
    assert one is not None and other is not None and one != other


@pytest.mark.parametrize("names", NAMINGS, ids=lambda names: names.__name__)
def test_no_two_models_share_all_names_and_shapes_but_the_known_twins(names: Names) -> None:
    alike: dict[frozenset[object], set[str]] = defaultdict(set)
    for model in MODELS:
        if found := shapes(model, names, classes=1000):
            alike[frozenset(found.items())].add(model.name)
    ours = [twins for twins in alike.values() if len(twins) > 1]
    assert sorted(map(sorted, ours)) == sorted(map(sorted, NAMINGS[names]))


@pytest.mark.parametrize("names", NAMINGS, ids=lambda names: names.__name__)
def test_auto_finds_the_model_or_names_the_twins(names: Names) -> None:
    for model in smallest().values():
        if names(model):
            assert_recognised(model, names)


@pytest.mark.exhaustive
@pytest.mark.parametrize("names", NAMINGS, ids=lambda names: names.__name__)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_auto_finds_every_model_or_names_its_twins(model: Model, names: Names) -> None:
    if names(model):
        assert_recognised(model, names)


def test_of_one_networks_published_weights_the_class_count_tells_which() -> None:
    for name in ONE_NETWORK[1]:
        model = find_model(name)
        assert identify(checkpoint(shapes(model, own))).model is model
    tuned = checkpoint(shapes(model, own, classes=7))
    assert identify(tuned).model.name == "module_resnet152"
