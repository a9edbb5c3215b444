"""The verifier itself: it catches every porting fault, and names the block where it was put."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from architectures import Model, find_model
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import DIGITS
from architectures.catalogue.family import Family
from architectures.catalogue.origin import TIMM
from architectures.catalogue.source import Source
from architectures.networks.build import build
from architectures.networks.resnet import Bottleneck, ResNet
from architectures.synthetic import synthetic_values
from convert.formats import Array
from mappings.residues import OpenShape
from tests.faults import FAULTS, Fault, break_port, first_images
from tests.faults.page import DEEP, IMAGES, NETWORKS, Verdict, judge, read_tables, whole_page
from verify.parity.compare import compare, load, synthetic_state
from verify.parity.trace import trace
from verify.reference.answers import Reference, golden
from verify.reference.inputs import reference_inputs

SAMPLE = "gluon_seresnext8_digits"
PLAIN, SE, AVERAGING = "gluon_resnext50_32x4d", "gluon_seresnext50_32x4d", "seresnext26d_32x4d"

QUICK = {  # in the default run: what depth does to small faults, and the models' own features
    PLAIN: (
        "norms of two blocks swapped",
        "one ulp in the stem",
        "one ulp in a convolution",
        "block dropped",
        "epsilons off by a thousandth",
        "bfloat16 arithmetic",
    ),
    SE: ("SE biases of two blocks swapped", "SE without ReLU", "one ulp in the classifier"),
    AVERAGING: ("shortcut strides", "stem padding too small"),
}

CAUGHT_BY = {  # all others by structure and layers
    "bfloat16 arithmetic": {"arithmetic"},
    "one ulp in a convolution": {"layers"},
    "one ulp in a variance": {"layers"},
    "NaN in a weight": {"structure", "arithmetic", "evidence", "layers"},
    "classifier of zeros": {"structure", "arithmetic", "evidence", "layers", "top-1"},
    "classes shifted": {"structure", "arithmetic", "layers", "top-1"},
    "statistics of one BatchNorm fresh": {"structure", "evidence", "layers"},
    "statistics fresh": {"structure", "evidence", "layers"},
    "epsilon doubled": {"structure", "layers"},
    "inputs in BGR": {"inputs", "structure", "layers"},
    "inputs of another std": {"inputs", "structure", "layers"},
    "inputs in another order": {"inputs", "structure", "layers"},
}

NAMED = {fault.name: fault for fault in FAULTS}

PAGE = (Path(__file__).parents[1] / "docs" / "faults.md").read_text(encoding="utf-8")
TABLES = read_tables(PAGE)


def in_words(row: Verdict) -> Verdict:
    """A row without its figures, whose last digits depend on the machine."""
    return replace(row, float64="", float32="")


@dataclass(frozen=True)
class Port:
    """A right port, and the golden's first two images."""

    model: Model
    network: ResNet
    reference: Reference
    inputs: Array


@pytest.fixture(scope="session")
def port() -> Callable[[str], Port]:
    """``port(name)``: loaded once."""

    @cache
    def loaded(name: str) -> Port:
        model = find_model(name)
        network = load(model, synthetic_state(model), model.num_classes)
        assert isinstance(network, ResNet)
        return Port(model, network, *first_images(golden(model), reference_inputs(model), 2))

    return loaded


CASES = [
    pytest.param(
        name,
        fault,
        id=f"{name}-{fault.name}",
        marks=[pytest.mark.exhaustive] * (name != SAMPLE and fault.name not in QUICK.get(name, ())),
    )
    for name in (SAMPLE, PLAIN, SE, AVERAGING, DEEP)
    for fault in FAULTS
    if fault.needs(find_model(name))
    if name != AVERAGING or fault.name in QUICK.get(AVERAGING, ())
]


def assert_caught_and_placed(fault: Fault, port: Port) -> Verdict:
    row, parity = judge(port.model, port.network, port.reference, port.inputs, fault)
    failed = {criterion.name for criterion in parity.criteria if not criterion.passed}
    assert not parity.passed
    assert failed >= CAUGHT_BY.get(fault.name, {"structure", "layers"})
    assert parity.finding is not None
    assert parity.finding.block == fault.place_in(port.model)
    assert parity.finding.here is not fault.in_inputs
    assert parity.finding.layers
    where = "given wrong input" if fault.in_inputs else "wrong here"
    assert f"first bad block {parity.finding.block} ({where}: " in parity.failure()
    return row


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_every_fault_is_caught_and_placed(
    name: str, fault: Fault, port: Callable[[str], Port]
) -> None:
    row = assert_caught_and_placed(fault, port(name))
    assert name not in TABLES or in_words(row) in map(in_words, TABLES[name])


@pytest.mark.parametrize(
    "name", [SAMPLE, PLAIN, SE, AVERAGING, pytest.param(DEEP, marks=pytest.mark.exhaustive)]
)
def test_the_right_port_passes_on_the_same_images(name: str, port: Callable[[str], Port]) -> None:
    right = port(name)
    row, parity = judge(right.model, right.network, right.reference, right.inputs, None)
    assert parity.passed and parity.finding is None, parity.failure()
    assert name not in TABLES or in_words(row) == in_words(TABLES[name][0])


class MadeUp(Model):
    """A model that is in no catalogue, with timm's names."""

    @cached_property
    def shapes(self) -> Mapping[str, OpenShape]:
        return {name: tuple(t.shape) for name, t in build(self).state_dict().items()}


@pytest.fixture(scope="session")
def rich() -> Port:
    """A small network with everything that the sample has not: many blocks, square weights, average
    pooling of an odd map. Nobody recorded it: it is compared with itself."""
    config = ResNetConfig((11, 1), cardinality=64, base_width=4, se=True, average_down=True)
    family, source = Family("Test", "A test", ()), Source("timm", "rich", TIMM)
    model = MadeUp("rich", family, config, source, DIGITS, ("timm",), input_size=28)
    network = build(model).eval()
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.ndim:
                tensor.copy_(torch.from_numpy(synthetic_values("rich", name, tuple(tensor.shape))))
    inputs = np.random.default_rng(0).normal(size=(2, 3, 28, 28)).astype(np.float32)
    recorded = nn.Conv2d | nn.BatchNorm2d | nn.MaxPool2d | nn.Linear | Bottleneck
    itself = trace(
        network,
        inputs,
        {n for n, module in network.named_modules() if isinstance(module, recorded)},
    )
    digests = np.stack(list(itself.digests64.values()))
    reference = Reference(
        kind="golden",
        logits64=itself.logits64,
        logits32=itself.logits32,
        layers=tuple(itself.digests64),
        digests=digests,
        scales=np.abs(digests).max(2),
        drift32=np.full(len(digests), 1e-6),
        about={},
        activations={},
    )
    return Port(model, network, *first_images(reference, inputs, 2))


def test_a_right_port_passes_against_itself(rich: Port) -> None:
    parity = compare(rich.model, rich.network, rich.reference, rich.inputs)
    assert parity.passed and parity.finding is None, parity.failure()


ELSEWHERE = [fault for fault in FAULTS if not fault.needs(find_model(SAMPLE))]


@pytest.mark.parametrize("fault", ELSEWHERE, ids=lambda fault: fault.name)
def test_faults_that_the_sample_cannot_have_are_caught_and_placed(fault: Fault, rich: Port) -> None:
    assert fault.needs(rich.model)
    assert_caught_and_placed(fault, rich)


def test_a_port_that_cannot_run_fails_by_name(rich: Port) -> None:
    network, inputs = break_port(
        NAMED["shortcut rounds down"], rich.model, rich.network, rich.inputs
    )
    parity = compare(rich.model, network, rich.reference, inputs)
    assert "the network fails: The size of tensor a" in parity.failure()
    assert parity.observed is None and parity.answers == ()
    assert "NaN" not in str(parity.as_json())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_breaking_leaves_the_right_port_whole(
    fault: Fault, port: Callable[[str], Port], rich: Port
) -> None:
    right = port(SAMPLE) if fault.needs(port(SAMPLE).model) else rich
    state = {name: tensor.clone() for name, tensor in right.network.state_dict().items()}
    inputs = right.inputs.copy()
    break_port(fault, right.model, right.network, right.inputs)
    assert all(torch.equal(tensor, state[n]) for n, tensor in right.network.state_dict().items())
    assert np.array_equal(right.inputs, inputs) and not right.network.training
    assert not any(module._forward_hooks for module in right.network.modules())


def test_every_fault_has_a_name_and_a_sentence_of_its_own() -> None:
    assert len(NAMED) == len({fault.about for fault in FAULTS}) == len(FAULTS) >= 32
    assert all(fault.about.endswith(".") and "\n" not in fault.about for fault in FAULTS)


def test_the_page_is_what_its_script_prints() -> None:
    assert PAGE == whole_page("uv run scripts/fault_table.py --deep", IMAGES, TABLES)


def test_the_page_has_every_fault_that_its_networks_can_have_in_the_order_of_the_catalogue() -> (
    None
):
    assert list(TABLES) == [*NETWORKS, DEEP]
    for name, (right, *broken) in TABLES.items():
        model = find_model(name)
        assert (right.fault, right.caught_by, right.put, right.found) == ("none", "-", "-", "-")
        assert [(row.fault, row.put) for row in broken] == [
            (fault.name, fault.place_in(model)) for fault in FAULTS if fault.needs(model)
        ]
        assert all(row.names_the_block for row in broken)
