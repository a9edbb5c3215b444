"""Where a model's published checkpoint is, and what was published of exactly these weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

from architectures.catalogue.figure import GLUONCV_TABLE, TIMM_TABLE, Figure, Regime
from architectures.catalogue.origin import GLUONCV, Origin

GLUON_REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"

TORCHVISION = "torchvision"


@dataclass(frozen=True)
class Source:
    """The published checkpoint: the framework's own name for it, who published it, where it is, its
    hash, and the accuracies that were published of exactly these weights.

    ``sha1`` (40 hex digits) is of the ``.params`` file; other files carry the beginning of their
    sha256 in their name. ``packaged`` names a file in ``architectures/samples`` instead of a url.
    ``stored`` is the name in the Gluon model store, where that is another one. ``unproven`` is
    where a file was that had no hash: it is never fetched, as nothing could be shown of it. A
    network that was registered and never published has no url, no sha1 and no figures.
    ``converted_from`` is the library that had these weights first, so that ``origin`` only
    converted them, as MXNet's page of its model zoo says.
    """

    framework: Literal["gluoncv", "mxnet", "timm", "mmpretrain"]
    name: str
    origin: Origin
    url: str | None = None
    sha1: str | None = None
    packaged: str | None = None
    stored: str | None = None
    unproven: str | None = None
    figures: tuple[Figure, ...] = ()
    converted_from: str | None = None

    def __post_init__(self) -> None:
        for figure in self.figures:
            if not self.hash or figure.weights != self.hash:
                raise ValueError(f"{self.name}: the figure {figure} is of other weights")

    @property
    def hash(self) -> str:
        """What identifies the weights: the sha1, or the beginning of the sha256; else empty."""
        return self.sha1 or Path(self.url or "").stem.rpartition("-")[2]

    def measured(
        self, regime: Regime, printed: str | None, table: str, images: int = 50_000
    ) -> Self:
        """The same, with the accuracy "top-1 / top-5" that ``table`` prints of these weights."""
        if printed is None:
            return self
        figure = Figure.printed(self.hash, regime, printed, table, images)
        return replace(self, figures=(*self.figures, figure))


def gluoncv(
    name: str,
    sha1: str | None = None,
    stored: str | None = None,
    gluon: str | None = None,
    timm: str | None = None,
    converted_from: str | None = None,
) -> Source:
    """A model of the Gluon model zoo, and its checkpoint where one was published.

    ``gluon`` and ``timm`` are the accuracies of this checkpoint, "top-1 / top-5" as GluonCV's and
    timm's tables print them; timm measured its own port of it.
    """
    if sha1 is None:
        return Source("gluoncv", name, GLUONCV)
    url = f"{GLUON_REPOSITORY}gluon/models/{stored or name}-{sha1[:8]}.zip"
    source = Source(
        "gluoncv", name, GLUONCV, url, sha1, stored=stored, converted_from=converted_from
    )
    return source.measured("gluon", gluon, GLUONCV_TABLE).measured("timm", timm, TIMM_TABLE)
