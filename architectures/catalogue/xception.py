"""The aligned Xceptions of the Gluon model zoo: Xception-65, which GluonCV calls ``xception``, and
Xception-71, whose weights were never published.

timm 0.4 to 0.6 had the network as ``gluon_xception65``, with these names. Today's timm does not:
in its ``xception65`` the second block's shortcut begins before a ReLU, and norms have an epsilon of
1e-3. So no client is stated.

An image's short side becomes 333 pixels and the crop 299, as the author of timm's port notes
(timm/models/gluon_xception.py).
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source, gluoncv
from architectures.catalogue.xception_config import XceptionConfig
from mappings.xception import xception

XCEPTIONS = Family(
    "Xception",
    "An aligned Xception: residual blocks of separable convolutions",
    (papers.XCEPTION, papers.DEEPLAB_V3_PLUS),
)


def _model(name: str, source: Source, network: XceptionConfig, flat_prefix: str) -> Model:
    return Model(
        name,
        XCEPTIONS,
        network,
        source,
        IMAGENET,
        ("gluon",),
        (xception(network.deep_entry),),
        flat_prefix=flat_prefix,
        input_size=299,
        crop=299 / 333,
    )


MODELS: tuple[Model, ...] = (
    _model(
        "gluon_xception65",
        gluoncv("xception", "37c1c90b56800303a66934487fbf017bca8bba00", gluon="79.56 / 94.77"),
        XceptionConfig(),
        "xception650_",
    ),
    _model(
        "gluon_xception71", gluoncv("xception71"), XceptionConfig(deep_entry=True), "xception710_"
    ),
)
