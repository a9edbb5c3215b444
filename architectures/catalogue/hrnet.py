"""HRNet for classification of the Gluon model zoo.

timm has these networks. Of the Gluon weights it has the two small ones: its untagged names
and its other tags mean the weights of the authors. GluonCV printed no accuracy of them.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import GLUON_TAG, Client
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.hrnet_config import HRNetConfig
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.hrnet import hrnet

HRNETS = Family(
    "HRNet",
    "A high-resolution network: branches of several resolutions, fused again and again",
    (papers.HRNET,),
)


def _model(width: str, network: HRNetConfig, sha1: str, timm: str, tag: str = "") -> Model:
    return Model(
        f"gluon_hrnet_{width}_c",
        HRNETS,
        network,
        gluoncv(f"hrnet_{width}_c", sha1, stored=f"hrnet_{width}_cls"),
        IMAGENET,
        ("gluon", "timm") if tag else ("gluon",),
        (hrnet(network.modules, network.depth, network.first_depth),),
        flat_prefix="",
        client=Client(timm, tag),
    )


MODELS: tuple[Model, ...] = (
    _model(
        "w18_small_v1",
        HRNetConfig(16, (1, 1, 1), depth=2, first_depth=1, first_planes=32),
        "c224ae0fe80dd060d244b6a934dada1de0a9c021",
        "hrnet_w18_small",
        GLUON_TAG,
    ),
    _model(
        "w18_small_v2",
        HRNetConfig(18, (1, 3, 2), depth=2, first_depth=2),
        "346da53060b949a3a3ffb83a9b6f9ba46c5c4fbc",
        "hrnet_w18_small_v2",
        GLUON_TAG,
    ),
    _model("w18", HRNetConfig(18), "9c946e56229ae6d1e4ec482c3be63ae2ee33d654", "hrnet_w18"),
)
