"""Faults in what a network computes outside its blocks, and in single layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.faults.site import Site

# ------------------------------------------------------------------------------------------- stem


def stem_padding(at: Site) -> None:
    """The first convolution has one pixel less padding."""
    at.stem.padding = (at.stem.padding[0] - 1, at.stem.padding[1] - 1)  # type: ignore[operator]


def stem_stride_on_the_pool(at: Site) -> None:
    """The first convolution has stride 1 and the max-pool stride 4."""
    at.stem.stride = (1, 1)
    at.maxpool.stride = 4


def stem_activation_missing(at: Site) -> None:
    """There is no ReLU before the max-pool."""
    at.network.act1 = nn.Identity()


def pool_without_padding(at: Site) -> None:
    """The max-pool is not padded; its size is rounded up, so that shapes agree."""
    at.maxpool.padding, at.maxpool.ceil_mode = 0, True


def pool_rounded_up(at: Site) -> None:
    """The max-pool's size is rounded up (ceil_mode, MXNet's full)."""
    at.maxpool.ceil_mode = True


def pool_by_mean(at: Site) -> None:
    """The stem pools by mean instead of maximum."""
    at.network.maxpool = nn.AvgPool2d(3, 2, padding=1)


# -------------------------------------------------------------------------------------------- head


def pooled_by_maximum(at: Site) -> None:
    """The last map is pooled by maximum instead of mean."""
    stages = [name for name, _ in at.network.named_children() if name.startswith("layer")]
    stage = at.network.get_submodule(stages[-1])
    stage.register_forward_hook(lambda _, __, x: x.amax((2, 3), keepdim=True))


def dropout_on(at: Site) -> None:
    """Features are dropped at random before the classifier."""
    at.classifier.register_forward_pre_hook(lambda _, args: functional.dropout(args[0], 0.2))


def softmax_inside(at: Site) -> None:
    """The network returns probabilities instead of logits."""
    at.classifier.register_forward_hook(lambda _, __, logits: logits.softmax(1))


# ------------------------------------------------------------------------------------------- norms


def epsilon_doubled(at: Site) -> None:
    """One BatchNorm has epsilon 2e-5."""
    at.block.bn1.eps *= 2


def epsilons_off_by_a_thousandth(at: Site) -> None:
    """Every BatchNorm has epsilon 1.001e-5."""
    for norm in at.norms():
        norm.eps = 1.001e-5


def epsilons_of_the_symbol(at: Site) -> None:
    """Every BatchNorm has epsilon 1e-3, the default of MXNet's BatchNorm operator."""
    for norm in at.norms():
        norm.eps = 1e-3


def norm_in_training(at: Site) -> None:
    """One BatchNorm is in training mode."""
    at.block.bn2.train()


def network_in_training(at: Site) -> None:
    """The network is in training mode."""
    at.network.train()


# --------------------------------------------------------------------------------------- arithmetic


def single_precision(at: Site) -> None:
    """One convolution rounds its output to float32, also in float64."""
    at.block.conv2.register_forward_hook(lambda _, __, x: x.float().to(x.dtype))


def bfloat16_arithmetic(at: Site) -> None:
    """One convolution runs under bfloat16 autocast."""

    def recompute(conv: nn.Module, args: tuple[Tensor], output: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):  # which leaves float64 alone
            result: Tensor = conv.forward(*args)
        return result.to(output.dtype)

    at.block.conv2.register_forward_hook(recompute)
