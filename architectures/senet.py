"""SENet-154 in PyTorch, with the names of timm's ``senet154``.

Two things are GluonCV's own (gluoncv/model_zoo/senet.py): a max-pool that pads nothing and rounds
up, where timm's pads, and a dropout of 0.2 before the classifier.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from architectures.config import ResNetConfig
from architectures.resnet import ResNet, norm


class SENet(ResNet):
    """A residual network that strides in 3x3 shortcuts."""

    def __init__(self, config: ResNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__(config, num_classes, in_chans)
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.drop = nn.Dropout(0.2)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.drop(functional.adaptive_avg_pool2d(x, 1).flatten(1))
        return x if pre_logits else self.fc(x)

    def _shortcut(self, channels: int, out: int, stride: int, config: ResNetConfig) -> nn.Module:
        if config.average_down or stride == 1:
            return super()._shortcut(channels, out, stride, config)
        conv = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        return nn.Sequential(conv, norm(config, out))
