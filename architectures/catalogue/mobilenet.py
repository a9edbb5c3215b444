"""MobileNet v1, v2 and v3 of the Gluon model zoo.

timm has two of these networks. Its MobileNets v1 of other widths cannot be created by a name, and
nobody else has the others: GluonCV's v2 has no bias in its classifier, and rounds channels to whole
numbers instead of multiples of 8; its small v3 has 1,280 features before the classifier instead of
1,024. torchvision's v3 has biases where GluonCV's has none, and another epsilon in its norms.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import Client
from architectures.catalogue.config import NetworkConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.mobilenet_config import (
    LARGE,
    SMALL,
    MobileNetV3Config,
    mobilenet_v1,
    mobilenet_v2,
)
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source, gluoncv
from mappings import mobilenet as tables
from mappings.language import Row

MOBILENETS_V1 = Family(
    "MobileNet", "A network of depthwise separable convolutions", (papers.MOBILENETS,)
)
MOBILENETS_V2 = Family(
    "MobileNetV2", "A network of inverted residual blocks", (papers.MOBILENET_V2,)
)
MOBILENETS_V3 = Family(
    "MobileNetV3",
    "A network of inverted residual blocks, some with squeeze-and-excitation",
    (papers.MOBILENET_V3,),
)


def _model(
    family: Family,
    network: NetworkConfig,
    rows: tuple[Row, ...],
    flat_prefix: str,
    source: Source,
    client: Client | None,
) -> Model:
    return Model(
        f"gluon_{source.name}",
        family,
        network,
        source,
        IMAGENET,
        ("gluon",),
        (rows,),
        flat_prefix=flat_prefix,
        client=client,
    )


def v1_model(source: Source, multiplier: float, client: Client | None = None) -> Model:
    """The record of a MobileNet v1 of this width."""
    network = mobilenet_v1(multiplier)
    rows = tables.mobilenet_v1(network.depths)
    return _model(MOBILENETS_V1, network, rows, "mobilenet0_", source, client)


def v2_model(source: Source, multiplier: float) -> Model:
    """The record of a MobileNet v2 of this width."""
    network = mobilenet_v2(multiplier)
    rows = tables.mobilenet_v2(network.depths)
    return _model(MOBILENETS_V2, network, rows, "mobilenetv20_", source, None)


def v3_model(source: Source, network: MobileNetV3Config, client: Client | None = None) -> Model:
    """The record of a MobileNet v3. GluonCV gives these networks no prefix."""
    kinds = [[(block.expanded > 0, block.squeeze > 0) for block in s] for s in network.stages]
    return _model(MOBILENETS_V3, network, tables.mobilenet_v3(kinds), "", source, client)


MODELS: tuple[Model, ...] = (
    v1_model(
        gluoncv("mobilenet1.0", "efbb2ca3881998d5a8c5cb6c457a28c1e085fed5", gluon="73.28 / 91.30"),
        1.0,
        Client("mobilenetv1_100", options=(("act_layer", "relu"),)),
    ),
    v1_model(
        gluoncv("mobilenet0.75", "84c801e27b1ac5040b6e945c0d1f8d49e9a59f3d", gluon="70.25 / 89.49"),
        0.75,
    ),
    v1_model(
        gluoncv("mobilenet0.5", "0130d2aa2f7e3a63db35579b243e25f512172371", gluon="65.20 / 86.34"),
        0.5,
    ),
    v1_model(
        gluoncv("mobilenet0.25", "f0046a3da4e150b85da58ea31913dbb86e7540d1", gluon="52.91 / 76.94"),
        0.25,
    ),
    v2_model(
        gluoncv(
            "mobilenetv2_1.0", "f9952bcde7a7982947ac5240546e1c1c8f057370", gluon="72.04 / 90.57"
        ),
        1.0,
    ),
    v2_model(
        gluoncv(
            "mobilenetv2_0.75", "b56e3d1c33eb52d0b90678db4ce6c5ca6c9a6704", gluon="69.36 / 88.50"
        ),
        0.75,
    ),
    v2_model(
        gluoncv(
            "mobilenetv2_0.5", "0803818513599fa1329524ee3607b708b4a4630f", gluon="64.43 / 85.31"
        ),
        0.5,
    ),
    v2_model(
        gluoncv(
            "mobilenetv2_0.25", "9b1d2cc38fed4cd171a7f7a0d17fe1a905573887", gluon="51.76 / 74.89"
        ),
        0.25,
    ),
    v3_model(
        gluoncv(
            "mobilenetv3_large", "eaa44578554ddffaf2a2630ced9093181ff79688", gluon="75.32 / 92.30"
        ),
        LARGE,
        Client("mobilenetv3_large_100", options=(("head_bias", False),)),
    ),
    # GluonCV's figure for the small network is of other weights (33c100a7) than the stored ones.
    v3_model(gluoncv("mobilenetv3_small", "10430433698d18f49991e4a366c9fce8f9286298"), SMALL),
)
