"""Porting faults of MobileNets and DarkNet are caught, and placed at the block where they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from architectures import find_model
from architectures.networks.mobilenet import MobileSqueezeExcite
from tests.faults import first_images
from verify.parity.compare import compare, load, synthetic_state
from verify.parity.result import Parity
from verify.reference.answers import golden
from verify.reference.inputs import reference_inputs

V1, V2, V3 = "gluon_mobilenet0.25", "gluon_mobilenetv2_0.25", "gluon_mobilenetv3_small"
DARK = "gluon_darknet53"

Break = Callable[[nn.Module], None]


def judged(name: str, fault: Break = lambda _: None) -> Parity:
    """The verdict on a right port of a model with a fault in it."""
    model = find_model(name)
    network = load(model, synthetic_state(model), model.num_classes)
    reference, inputs = first_images(golden(model), reference_inputs(model), 2)
    fault(network)
    return compare(model, network, reference, inputs)


class Sigmoid(MobileSqueezeExcite):
    """A right gate's layers with an exact sigmoid."""

    def __init__(self, right: nn.Module) -> None:
        nn.Module.__init__(self)
        self.__dict__ |= right.__dict__

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = functional.relu(self.conv_reduce(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.conv_expand(gate))


def instead(module: str, other: Callable[[nn.Module], nn.Module]) -> Break:
    """Another module in the place of one."""

    def fault(network: nn.Module) -> None:
        network.set_submodule(module, other(network.get_submodule(module)))

    return fault


def setting(module: str, **values: object) -> Break:
    """Other settings of a module."""

    def fault(network: nn.Module) -> None:
        for name, value in values.items():
            setattr(network.get_submodule(module), name, value)

    return fault


def shifted_padding(network: nn.Module) -> None:
    """TensorFlow's padding of a strided convolution: below and on the right alone."""
    conv = network.get_submodule("blocks.1.0.conv_dw")
    assert isinstance(conv, nn.Conv2d)
    conv.padding = (0, 0)
    conv.register_forward_pre_hook(lambda _, args: functional.pad(args[0], (0, 1, 0, 1)))


# Gluon's v1 is one row of layers: what follows a block's last norm shows in the next block.
FAULTS: dict[str, tuple[str, str, Break]] = {
    "ReLU6 in v1": (V1, "blocks.1.0", instead("blocks.1.0.act1", lambda _: nn.ReLU6())),
    "no activation after a 1x1 in v1": (
        V1, "blocks.3.0", instead("blocks.2.1.act2", lambda _: nn.Identity()),
    ),
    "padding as in TensorFlow": (V1, "blocks.1.0", shifted_padding),
    "a sum in v1": (V1, "blocks.2.0", setting("blocks.1.1", adds=True)),
    "ReLU in v2": (V2, "blocks.4.1", instead("blocks.4.1.act1", lambda _: nn.ReLU())),
    "an activation after v2's bottleneck": (
        V2, "blocks.3.0", instead("blocks.3.0.bn3", lambda right: nn.Sequential(right, nn.ReLU6())),
    ),
    "no sum in v2": (V2, "blocks.2.1", setting("blocks.2.1", adds=False)),
    "epsilon of torchvision's v3": (V3, "blocks.2.0", setting("blocks.2.0.bn2", eps=1e-3)),
    "exact sigmoid in a gate": (V3, "blocks.2.1", instead("blocks.2.1.se", Sigmoid)),
    "swish": (V3, "blocks.3.0", instead("blocks.3.0.act2", lambda _: nn.SiLU())),
    "ReLU for hard swish": (V3, "blocks.4.1", instead("blocks.4.1.act1", lambda _: nn.ReLU())),
    "stride in another block": (V3, "blocks.1.0", setting("blocks.1.0.conv_dw", stride=(1, 1))),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_caught_and_placed_at_its_block(fault: str) -> None:
    name, block, broken = FAULTS[fault]
    parity = judged(name, broken)
    failed = {criterion.name for criterion in parity.criteria if not criterion.passed}
    assert {"structure", "layers"} <= failed
    assert parity.finding is not None and parity.finding.block == block and parity.finding.here


@pytest.mark.parametrize("name", [V1, V2, V3])
def test_a_right_port_passes_on_the_same_images(name: str) -> None:
    assert judged(name).passed


@pytest.mark.exhaustive
def test_timms_slope_in_darknet_is_caught_in_its_block() -> None:
    assert judged(DARK).passed
    block = "stages.2.blocks.3"
    finding = judged(DARK, setting(f"{block}.conv1.act", negative_slope=0.01)).finding
    assert finding is not None and finding.block == block and finding.here
