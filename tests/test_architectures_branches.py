"""VGG, AlexNet, SqueezeNet, DenseNet, GoogLeNet and Inception v3 are torchvision's networks and
timm's, where these compute the same; faults in them are caught where they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from architectures import find_model
from verify.parity.compare import compare, load, synthetic_state
from verify.parity.result import Parity
from verify.reference.answers import golden
from verify.reference.inputs import reference_inputs

NO_AUXILIARY = {"aux_logits": False, "init_weights": False}


def vision(name: str, **options: Any) -> Callable[[], nn.Module]:
    return lambda: torchvision.models.get_model(name, weights=None, **options)


SAME = [  # our model, theirs, sizes at which they compute the same, sizes at which they do not
    ("gluon_squeezenet1.0", vision("squeezenet1_0"), (224, 227), (231,)),
    ("gluon_squeezenet1.1", vision("squeezenet1_1"), (220, 224), (231,)),
    ("gluon_densenet121", vision("densenet121"), (224, 240), (256,)),
    ("gluon_densenet121", lambda: timm.create_model("densenet121"), (224,), (256,)),
    ("gluon_googlenet", vision("googlenet", **NO_AUXILIARY), (224, 230), (240, 256)),
    ("gluon_inception_v3", vision("inception_v3", **NO_AUXILIARY), (299, 320), (331,)),
    ("gluon_inception_v3", lambda: timm.create_model("inception_v3"), (299,), (331,)),
    ("gluon_alexnet", vision("alexnet"), (224, 256), ()),
    ("gluon_vgg11", vision("vgg11"), (224, 192), ()),
    ("gluon_vgg11_bn", vision("vgg11_bn"), (224,), ()),
]
HEAVY = ("gluon_vgg", "gluon_alexnet", "gluon_inception", "gluon_densenet", "gluon_googlenet")


def cases() -> list[Any]:
    marks = {True: [pytest.mark.exhaustive], False: []}
    return [pytest.param(*case, marks=marks[case[0].startswith(HEAVY)]) for case in SAME]


@pytest.mark.parametrize(("name", "other", "same", "different"), cases())
def test_weights_load_strictly_and_compute_the_same(
    name: str, other: Callable[[], nn.Module], same: tuple[int, ...], different: tuple[int, ...]
) -> None:
    model = find_model(name)
    network, theirs = load(model, synthetic_state(model), 1000), other().eval()
    theirs.load_state_dict(network.state_dict(), strict=True)
    network.double(), theirs.double()
    for side in (*same, *different):
        image = torch.linspace(-2, 2, 3 * side * side).sin().reshape(1, 3, side, side).double()
        with torch.inference_mode():
            ours, others = network(image), theirs(image)
        close = torch.allclose(ours, others, rtol=1e-11, atol=1e-11 * float(ours.abs().max()))
        assert close == (side in same), side


def judged(name: str, spoil: Callable[[nn.Module], None]) -> Parity:
    model = find_model(name)
    network = load(model, synthetic_state(model), 1000)
    spoil(network)
    source = golden(model)
    first = replace(
        source,
        logits64=source.logits64[:1],
        logits32=source.logits32[:1],
        digests=source.digests[:, :1],
        scales=source.scales[:, :1],
    )
    return compare(model, network, first, reference_inputs(model)[:1])


def reversed_branches(network: nn.Module) -> None:
    """A fire module joins its two branches in the other order."""
    fire: Any = network.get_submodule("features.6")

    def join(x: Tensor) -> Tensor:
        x = torch.relu(fire.squeeze(x))
        return torch.cat((torch.relu(fire.expand3x3(x)), torch.relu(fire.expand1x1(x))), 1)

    fire.forward = join


def set_option(module: str, **options: object) -> Callable[[nn.Module], None]:
    def spoil(network: nn.Module) -> None:
        for name, value in options.items():
            setattr(network.get_submodule(module), name, value)

    return spoil


FAULTS = [
    ("gluon_squeezenet1.1", reversed_branches, "features.6"),
    ("gluon_squeezenet1.0", set_option("features.6", ceil_mode=False), "features.6"),
    ("gluon_googlenet", set_option("maxpool2", ceil_mode=False), "maxpool2"),
    (
        "gluon_googlenet",
        set_option("inception3b.branch4.0", kernel_size=1, padding=0),
        "inception3b",
    ),
    ("gluon_googlenet", set_option("inception4b.branch2.1.bn", eps=1e-5), "inception4b"),
    ("gluon_inception_v3", set_option("Mixed_5c.pool", count_include_pad=False), "Mixed_5c"),
    (
        "gluon_densenet121",
        set_option("features.transition2.pool", stride=1),
        "features.transition2",
    ),
]


@pytest.mark.parametrize(
    ("name", "spoil", "block"),
    [pytest.param(*f, marks=[] if "squeeze" in f[0] else [pytest.mark.exhaustive]) for f in FAULTS],
)
def test_a_fault_is_caught_where_it_is(
    name: str, spoil: Callable[[nn.Module], None], block: str
) -> None:
    parity = judged(name, spoil)
    layers = parity.criterion("layers")
    assert layers is not None and not layers.passed
    assert parity.first_bad_block == block
    sound = judged(name, lambda _: None)  # the golden's hash is of all eight images
    assert [c.name for c in sound.criteria if not c.passed] == ["inputs"]
