"""Pre-activation ResNets of MXNet's Module API (mxnet: example/image-classification).

SageMaker's image classification trains the same networks. MXNet published nine sets of weights, in
files without a hash; their figures are those of its README. The networks for CIFAR-10 were
published without weights.
"""

from __future__ import annotations

from dataclasses import replace

from architectures.catalogue import papers
from architectures.catalogue.dataset import (
    CIFAR10_PIXELS,
    IMAGENET_11K,
    IMAGENET_11K_PLACES,
    IMAGENET_PIXELS,
    Dataset,
)
from architectures.catalogue.family import Family
from architectures.catalogue.figure import Unbound
from architectures.catalogue.origin import MXNET
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source
from mappings.module_resnet import MODULE_BASIC, MODULE_BOTTLENECK, MODULE_CIFAR

MODULE_RESNETS = Family(
    "Module-API ResNet",
    "A pre-activation residual network of MXNet's Module API, as SageMaker trains it",
    (papers.IDENTITY_MAPPINGS,),
)
MODULE = replace(
    MXNET, url="https://github.com/apache/mxnet/tree/master/example/image-classification"
)
STORE = "http://data.mxnet.io/models/"
FIRST_STORE = "http://data.dmlc.ml/mxnet/models/"
EPS = 2e-5
WIDE, NARROW = (64, 256, 512, 1024, 2048), (64, 64, 128, 256, 512)
DEPTHS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


def _model(
    name: str,
    depth: int,
    published: str,
    place: str,
    figure: str | None,
    dataset: Dataset = IMAGENET_PIXELS,
) -> Model:
    bottleneck = depth >= 50
    channels = WIDE if bottleneck else NARROW
    return Model(
        name,
        MODULE_RESNETS,
        PreActivationConfig(
            DEPTHS[depth], channels, bottleneck=bottleneck, always_projects=True, eps=EPS
        ),
        Source("mxnet", published, MODULE, unproven=f"{place}-0000.params"),
        dataset,
        ("gluon",),
        (MODULE_BOTTLENECK if bottleneck else MODULE_BASIC,),
        flat_prefix="",
        undecided=None if figure is None else Unbound(figure),
    )


def _imagenet(depth: int, figure: str | None, store: str = STORE) -> Model:
    place = f"{store}imagenet/resnet/{depth}-layers/resnet-{depth}"
    return _model(f"module_resnet{depth}", depth, f"imagenet1k-resnet-{depth}", place, figure)


def _cifar(depth: int) -> Model:
    """The 3x3 stem without a norm that images of up to 32 x 32 get, and three stages."""
    units = ((depth - 2) // 6,) * 3
    return Model(
        f"module_cifar_resnet{depth}",
        MODULE_RESNETS,
        PreActivationConfig(units, (16, 16, 32, 64), stem="cifar", always_projects=True, eps=EPS),
        Source("mxnet", f"cifar_resnet{depth}_module", MODULE),
        CIFAR10_PIXELS,
        ("gluon",),
        (MODULE_CIFAR,),
        flat_prefix="",
        input_size=28,
        crop=0.875,
    )


MODELS: tuple[Model, ...] = (
    _imagenet(18, "68.58 / 88.66"),
    _imagenet(34, "72.44 / 90.97"),
    _imagenet(50, "75.27 / 92.58"),
    _imagenet(101, "76.84 / 93.27"),
    _imagenet(152, "76.53 / 93.12"),
    _imagenet(200, None, FIRST_STORE),
    _model(
        "module_resnet152_11k",
        152,
        "imagenet11k-resnet-152",
        f"{STORE}imagenet-11k/resnet-152/resnet-152",
        "41.57",
        IMAGENET_11K,
    ),
    _model(
        "module_resnet50_11k_places",
        50,
        "imagenet11k-place365ch-resnet-50",
        f"{STORE}imagenet-11k-place365-ch/resnet-50",
        "31.12",
        IMAGENET_11K_PLACES,
    ),
    _model(
        "module_resnet152_11k_places",
        152,
        "imagenet11k-place365ch-resnet-152",
        f"{STORE}imagenet-11k-place365-ch/resnet-152",
        "33.55",
        IMAGENET_11K_PLACES,
    ),
    *(_cifar(depth) for depth in (20, 32, 44, 56, 110)),
)
