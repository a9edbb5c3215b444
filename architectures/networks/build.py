"""From a model's record to its network: the one place where configurations meet PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from architectures.catalogue.cifar_config import CifarConfig
from architectures.catalogue.config import NetworkConfig, ResNetConfig, ResNetV1Config, SENetConfig
from architectures.catalogue.darknet_config import DarkNetConfig
from architectures.catalogue.densenet_config import DenseNetConfig
from architectures.catalogue.dla_config import DLAConfig
from architectures.catalogue.hrnet_config import HRNetConfig
from architectures.catalogue.inception_config import GoogLeNetConfig, InceptionV3Config
from architectures.catalogue.mobilenet_config import MobileNetConfig, MobileNetV3Config
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.record import Model
from architectures.catalogue.resnest_config import ResNeStConfig
from architectures.catalogue.squeezenet_config import SqueezeNetConfig
from architectures.catalogue.vgg_config import AlexNetConfig, VGGConfig
from architectures.catalogue.xception_config import XceptionConfig
from architectures.networks.alexnet import AlexNet
from architectures.networks.cifar import CifarResNet
from architectures.networks.darknet import DarkNet
from architectures.networks.densenet import DenseNet
from architectures.networks.dla import DLA
from architectures.networks.googlenet import GoogLeNet
from architectures.networks.hrnet import HRNet
from architectures.networks.inception_v3 import InceptionV3
from architectures.networks.mobilenet import MobileNet, MobileNetV3
from architectures.networks.network import Network
from architectures.networks.preactivation import PreActivationResNet
from architectures.networks.resnest import ResNeSt
from architectures.networks.resnet import ResNet
from architectures.networks.resnet_v1 import ResNetV1
from architectures.networks.senet import SENet
from architectures.networks.squeezenet import SqueezeNet
from architectures.networks.vgg import VGG
from architectures.networks.xception import Xception

NETWORKS: Mapping[type[NetworkConfig], Callable[[Any, int, int], Network]] = {
    ResNetConfig: ResNet,
    ResNetV1Config: ResNetV1,
    SENetConfig: SENet,
    CifarConfig: CifarResNet,
    PreActivationConfig: PreActivationResNet,
    ResNeStConfig: ResNeSt,
    MobileNetConfig: MobileNet,
    MobileNetV3Config: MobileNetV3,
    DarkNetConfig: DarkNet,
    VGGConfig: VGG,
    AlexNetConfig: AlexNet,
    SqueezeNetConfig: SqueezeNet,
    DenseNetConfig: DenseNet,
    GoogLeNetConfig: GoogLeNet,
    InceptionV3Config: InceptionV3,
    HRNetConfig: HRNet,
    XceptionConfig: Xception,
    DLAConfig: DLA,
}
"""The network of each configuration: exactly that type, never one that it inherits from."""


def build(model: Model, num_classes: int | None = None, in_chans: int = 3) -> Network:
    """The network of a record, freshly initialised; it has the record's class count by default."""
    classes = model.num_classes if num_classes is None else num_classes
    return build_network(model.network, classes, in_chans)


def build_network(config: NetworkConfig, num_classes: int, in_chans: int = 3) -> Network:
    """The network of a configuration, freshly initialised."""
    return NETWORKS[type(config)](config, num_classes, in_chans)
