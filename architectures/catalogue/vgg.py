"""VGG and AlexNet of the Gluon model zoo. Some of the weights were torchvision's."""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import Client, torchvision
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import TORCHVISION, gluoncv
from architectures.catalogue.vgg_config import AlexNetConfig, VGGConfig
from mappings.vgg import ALEXNET, vgg

VGGS = Family(
    "VGG",
    "A plain network of 3x3 convolutions, max-pools and three large dense layers",
    (papers.VGG,),
)
VGGS_BN = Family(
    "VGG with BatchNorm",
    "A plain network of 3x3 convolutions with BatchNorm, max-pools and three large dense layers",
    (papers.VGG, papers.BATCH_NORM),
)
ALEXNETS = Family(
    "AlexNet",
    "A plain network of five convolutions and three large dense layers",
    (papers.ALEXNET,),
)

DEPTHS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}


def _vgg(name: str, sha1: str, gluon: str, converted_from: str | None = None) -> Model:
    """torchvision's networks of the same names compute the same at every size of images that
    Gluon's take."""
    plain = name.removesuffix("_bn")
    network = VGGConfig(DEPTHS[plain], batch_norm=plain != name)
    return Model(
        f"gluon_{name}",
        VGGS_BN if network.batch_norm else VGGS,
        network,
        gluoncv(name, sha1, gluon=gluon, converted_from=converted_from),
        IMAGENET,
        ("gluon", "timm"),
        (vgg(network.depths, network.batch_norm),),
        flat_prefix="vgg0_",
        client=Client("", torchvision=torchvision(name)),
    )


MODELS: tuple[Model, ...] = (
    _vgg("vgg11", "dd221b160977f36a53f464cb54648d227c707a05", "66.62 / 87.34", TORCHVISION),
    _vgg("vgg13", "6bc5de58a05a5e2e7f493e2d75a580d83efde38c", "67.74 / 88.11", TORCHVISION),
    _vgg("vgg16", "e660d4569ccb679ec68f1fd3cce07a387252a90a", "73.23 / 91.31"),
    _vgg("vgg19", "ad2f660d101905472b83590b59708b71ea22b2e5", "74.11 / 91.35"),
    _vgg("vgg11_bn", "ee79a8098a91fbe05b7a973fed2017a6117723a8", "68.59 / 88.72", TORCHVISION),
    _vgg("vgg13_bn", "7d97a06c3c7a1aecc88b6e7385c2b373a249e95e", "68.84 / 88.82", TORCHVISION),
    _vgg("vgg16_bn", "7f01cf050d357127a73826045c245041b0df7363", "73.10 / 91.76"),
    _vgg("vgg19_bn", "f360b758e856f1074a85abd5fd873ed1d98297c3", "74.33 / 91.85"),
    # torchvision's AlexNet drops out before the dense layers, and Gluon's after them: both compute
    # the same outside training, at every size of images that Gluon's takes.
    Model(
        "gluon_alexnet",
        ALEXNETS,
        AlexNetConfig(),
        gluoncv(
            "alexnet",
            "44335d1f0046b328243b32a26a4fbd62d9057b45",
            gluon="54.92 / 78.03",
            converted_from=TORCHVISION,
        ),
        IMAGENET,
        ("gluon", "timm"),
        (ALEXNET,),
        flat_prefix="alexnet0_",
        client=Client("", torchvision=torchvision("alexnet")),
    ),
)
