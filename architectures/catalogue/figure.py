"""Published accuracies, each with the weights that it was measured with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Regime = Literal["gluon", "timm", "mmpretrain"]

GLUONCV_TABLE = "GluonCV model zoo, classification table"
TIMM_TABLE = "timm, results-imagenet.csv"
SAMPLE_TABLE = "MXNet 1.9.1, architectures/samples/gluon_seresnext8_digits.csv"
MODULE_TABLE = "table of MXNet's example/image-classification/README.md"
MMPRETRAIN_TABLE = "mmpretrain, configs/seresnet/README.md"


@dataclass(frozen=True)
class Figure:
    """The published accuracy of one set of weights, in percent.

    ``weights`` is the hash of these weights, as in their Source. ``decimals`` are the printed
    decimals of top-1 and of top-5. It was measured in ``regime`` on ``images`` images: those of
    ImageNet-1k's validation set, except for the sample's. ``source`` is the table.
    """

    weights: str
    regime: Regime
    top1: float
    top5: float
    decimals: tuple[int, int]
    source: str
    images: int = 50_000

    @classmethod
    def printed(
        cls, weights: str, regime: Regime, text: str, source: str, images: int = 50_000
    ) -> Figure:
        """The figure that ``source`` prints as ``text``, "top-1 / top-5"."""
        first, fifth = text.split(" / ")
        decimals = len(first.partition(".")[2]), len(fifth.partition(".")[2])
        return cls(weights, regime, float(first), float(fifth), decimals, source, images)

    def __str__(self) -> str:
        """As it is printed."""
        first, fifth = self.decimals
        return f"{self.top1:.{first}f} / {self.top5:.{fifth}f}"


@dataclass(frozen=True)
class Undecided:
    """Two published top-1 accuracies in percent, one of which is the stored weights'.

    GluonCV trained each network for CIFAR twice, and stored one of the two without saying which.
    So no result is judged by either figure.
    """

    vanilla: float
    mixup: float
    source: str = GLUONCV_TABLE

    def __str__(self) -> str:
        return f"{self.vanilla} or {self.mixup}"

    @property
    def note(self) -> str:
        """One sentence on what is published and why it judges nothing."""
        return (
            f"two top-1 figures are published, {self.vanilla} % (vanilla) and {self.mixup} % "
            "(mix-up), without saying which of them the stored weights have: "
            "nothing is judged by either"
        )

    def as_json(self) -> dict[str, Any]:
        """The two figures, their table and the sentence on them."""
        return {**asdict(self), "note": self.note}


@dataclass(frozen=True)
class Unbound:
    """A published accuracy, as it is printed, in percent, of a file whose hash nobody published.

    A figure belongs to a hash, so no result is judged by it.
    """

    printed: str
    source: str = MODULE_TABLE

    def __str__(self) -> str:
        return self.printed

    @property
    def note(self) -> str:
        """One sentence on what is published and why it judges nothing."""
        kind = "top-1 / top-5" if "/" in self.printed else "top-1"
        return (
            f"{kind} of {self.printed} % is published for a file whose hash nobody published, so "
            "no file can be shown to be that one: nothing is judged by it"
        )

    def as_json(self) -> dict[str, Any]:
        """The figure, its table and the sentence on it."""
        return {**asdict(self), "note": self.note}
