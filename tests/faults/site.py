"""Where a fault is put."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from architectures.catalogue.config import ResNetConfig
from architectures.networks.resnet import Bottleneck, ResNet
from convert.formats import Array


@dataclass(frozen=True)
class Site:
    """A network, its inputs, and the place in it: a residual block, ``stem`` or ``fc``.

    A fault changes the network or the ``inputs``, which are float32 (N, 3, H, W), normalised.
    """

    network: ResNet
    inputs: Array
    place: str

    @property
    def index(self) -> int:
        """The block's index in its stage."""
        return int(self.place.rpartition(".")[2])

    @property
    def stage(self) -> nn.Sequential:
        """The stage that the block is in."""
        stage = self.network.get_submodule(self.place.rpartition(".")[0])
        assert isinstance(stage, nn.Sequential)
        return stage

    @property
    def block(self) -> Bottleneck:
        """The block itself."""
        return self._block(self.index)

    @property
    def next(self) -> Bottleneck:
        """The block after it in its stage."""
        return self._block(self.index + 1)

    def tensor(self, name: str) -> Tensor:
        """A tensor of the block, by its name there: a view, which can be written to."""
        tensor: Tensor = self.block.state_dict()[name]
        return tensor

    @property
    def stem(self) -> nn.Conv2d:
        """The network's first convolution."""
        return next(m for m in self.network.modules() if isinstance(m, nn.Conv2d))

    @property
    def maxpool(self) -> nn.MaxPool2d:
        """The max-pool before the first stage."""
        pool = self.network.maxpool
        assert isinstance(pool, nn.MaxPool2d)
        return pool

    @property
    def classifier(self) -> nn.Linear:
        """The network's last layer."""
        assert isinstance(self.network.fc, nn.Linear)
        return self.network.fc

    def norms(self) -> Iterator[nn.BatchNorm2d]:
        """Every BatchNorm of the network."""
        return (m for m in self.network.modules() if isinstance(m, nn.BatchNorm2d))

    def _block(self, index: int) -> Bottleneck:
        block = self.stage[index]
        assert isinstance(block, Bottleneck)
        return block


def stem(_: ResNetConfig) -> str:
    """Everything before the first stage."""
    return "stem"


def head(_: ResNetConfig) -> str:
    """Global pooling and the classifier."""
    return "fc"


def first(_: ResNetConfig) -> str:
    """The first block of all."""
    return "layer1.0"


def inner(config: ResNetConfig) -> str:
    """The second block of the last stage but one; the first where the stage has one block."""
    return f"layer{len(config.depths) - 1}.{min(1, config.depths[-2] - 1)}"


def third(config: ResNetConfig) -> str:
    """The third block of the last stage but one."""
    return f"layer{len(config.depths) - 1}.2"


def last(config: ResNetConfig) -> str:
    """The first block of the last stage: the one with a stride and a shortcut of its own."""
    return f"layer{len(config.depths)}.0"
