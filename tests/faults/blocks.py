"""Faults in what a residual block computes; its tensors are right."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.networks.resnet import Bottleneck, SqueezeExcite
from tests.faults.site import Site

Activation = Callable[[Tensor], Tensor]
Join = Callable[[Tensor, Tensor, nn.Module], Tensor]


class Block(Bottleneck):
    """A right block's layers with other activations; ``join`` adds the shortcut."""

    def __init__(
        self,
        right: Bottleneck,
        first: Activation = functional.relu,
        second: Activation = functional.relu,
        join: Join = lambda x, shortcut, se: functional.relu(se(x) + shortcut),
    ) -> None:
        nn.Module.__init__(self)
        self.__dict__ |= right.__dict__  # the very same layers and hooks
        self.first, self.second, self.join = first, second, join

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)
        x = self.first(self.bn1(self.conv1(x)))
        x = self.second(self.bn2(self.conv2(x)))
        return self.join(self.bn3(self.conv3(x)), shortcut, self.se)


class Gate(SqueezeExcite):
    """A right squeeze-and-excitation's layers with other functions."""

    def __init__(
        self,
        right: nn.Module,
        squeeze: Activation = lambda x: x.mean((2, 3), keepdim=True),
        inside: Activation = functional.relu,
        outside: Activation = torch.sigmoid,
    ) -> None:
        nn.Module.__init__(self)
        self.__dict__ |= right.__dict__
        self.squeeze, self.inside, self.outside = squeeze, inside, outside

    def forward(self, x: Tensor) -> Tensor:
        return x * self.outside(self.fc2(self.inside(self.fc1(self.squeeze(x)))))


# ------------------------------------------------------------------------------------------ blocks


def block_dropped(at: Site) -> None:
    """A block is left out."""
    at.stage[at.index] = nn.Identity()


def block_doubled(at: Site) -> None:
    """A block runs twice in a row."""
    at.stage.insert(at.index + 1, at.block)


def blocks_are_one(at: Site) -> None:
    """The rest of a stage is one block, which is run again and again."""
    for index in range(at.index, len(at.stage)):
        at.stage[index] = at.block


def block_skipped_at_random(at: Site) -> None:
    """Stochastic depth is left on in a block."""
    keep = 0.5

    def drop_path(x: Tensor, shortcut: Tensor, se: nn.Module) -> Tensor:
        return functional.relu(se(x) * torch.rand(len(x), 1, 1, 1).lt(keep) / keep + shortcut)

    _replace(at, Block(at.block, join=drop_path))


def stride_on_the_first(at: Site) -> None:
    """A block strides in its first convolution, as Caffe's ResNet did."""
    at.block.conv1.stride, at.block.conv2.stride = at.block.conv2.stride, at.block.conv1.stride


def groups_halved(at: Site) -> None:
    """A convolution has half as many groups, its filters repeated over twice the inputs."""
    at.block.conv2.groups //= 2
    at.block.conv2.weight = nn.Parameter(at.block.conv2.weight.repeat(1, 2, 1, 1) / 2)


def padding_repeats_the_edge(at: Site) -> None:
    """A 3x3 convolution pads with its edge instead of zeros."""
    at.block.conv2.padding_mode = "replicate"


def first_activation_missing(at: Site) -> None:
    """There is no ReLU after a block's first BatchNorm."""
    _replace(at, Block(at.block, first=_identity))


def second_activation_missing(at: Site) -> None:
    """There is no ReLU after a block's second BatchNorm."""
    _replace(at, Block(at.block, second=_identity))


def last_activation_missing(at: Site) -> None:
    """There is no ReLU after the shortcut is added."""
    _replace(at, Block(at.block, join=lambda x, shortcut, se: se(x) + shortcut))


def activations_clipped(at: Site) -> None:
    """Every block's last ReLU is ReLU6."""
    for name, block in list(at.network.named_modules()):
        if isinstance(block, Bottleneck):
            at.network.set_submodule(name, Block(block, join=_clipped))


def last_activation_before_the_sum(at: Site) -> None:
    """A block's last ReLU comes before the shortcut is added."""
    _replace(at, Block(at.block, join=lambda x, shortcut, se: functional.relu(se(x)) + shortcut))


def shortcut_missing(at: Site) -> None:
    """A block adds no shortcut."""
    _replace(at, Block(at.block, join=lambda x, shortcut, se: functional.relu(se(x))))


def shortcut_without_its_norm(at: Site) -> None:
    """A shortcut's convolution is added without its BatchNorm."""
    at.block.get_submodule("downsample")[-1] = nn.Identity()  # type: ignore[operator]


def shortcut_averages(at: Site) -> None:
    """A shortcut averages 2x2 before its convolution, as ResNet-D does."""
    conv = at.block.get_submodule("downsample.0")
    assert isinstance(conv, nn.Conv2d)
    conv.stride = (1, 1)
    conv.register_forward_pre_hook(lambda _, args: functional.avg_pool2d(args[0], 2))


def shortcut_strides(at: Site) -> None:
    """A shortcut takes every second pixel instead of averaging."""
    at.block.get_submodule("downsample")[0] = nn.MaxPool2d(1, 2)  # type: ignore[operator]


def shortcut_counts_padding(at: Site) -> None:
    """A shortcut's averages count the zeros beyond the edge."""

    def pad_to_even(_: nn.Module, args: tuple[Tensor]) -> Tensor:
        height, width = args[0].shape[2:]
        return functional.pad(args[0], (0, width % 2, 0, height % 2))

    _average(at).register_forward_pre_hook(pad_to_even)


def shortcut_rounds_down(at: Site) -> None:
    """A shortcut's average pooling drops the last row and column."""
    _average(at).ceil_mode = False


# -------------------------------------------------------------------------- squeeze-and-excitation


def gate_missing(at: Site) -> None:
    """A block has no squeeze-and-excitation."""
    at.block.se = nn.Identity()


def gate_after_the_sum(at: Site) -> None:
    """SE scales the sum instead of the block's own output."""
    _replace(at, Block(at.block, join=lambda x, shortcut, se: functional.relu(se(x + shortcut))))


def gate_by_maximum(at: Site) -> None:
    """SE squeezes each channel to its maximum instead of its mean."""
    at.block.se = Gate(at.block.se, squeeze=lambda x: x.amax((2, 3), keepdim=True))


def gate_without_relu(at: Site) -> None:
    """There is no ReLU between SE's two layers."""
    at.block.se = Gate(at.block.se, inside=_identity)


def gate_without_sigmoid(at: Site) -> None:
    """SE scales by the output of its second layer, without a sigmoid."""
    at.block.se = Gate(at.block.se, outside=_identity)


def gate_activations_exchanged(at: Site) -> None:
    """The sigmoid is between SE's two layers, and the ReLU after them."""
    at.block.se = Gate(at.block.se, inside=torch.sigmoid, outside=functional.relu)


def gate_with_hard_sigmoid(at: Site) -> None:
    """SE's sigmoid is piecewise linear."""
    at.block.se = Gate(at.block.se, outside=functional.hardsigmoid)


# ----------------------------------------------------------------------------------------- helpers


def _identity(x: Tensor) -> Tensor:
    return x


def _clipped(x: Tensor, shortcut: Tensor, se: nn.Module) -> Tensor:
    return functional.relu6(se(x) + shortcut)


def _replace(at: Site, block: Block) -> None:
    at.stage[at.index] = block


def _average(at: Site) -> nn.AvgPool2d:
    pool = at.block.get_submodule("downsample.0")
    assert isinstance(pool, nn.AvgPool2d)
    return pool
