"""Right answers that were counted on real weights and real images, beside MXNet's own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Counted:
    """``top1`` and ``top5`` of ``images`` images, of the port and of the framework alike.

    ``date`` is when they were counted, ``source`` where the run is described.
    """

    top1: int
    top5: int
    images: int
    what: str
    framework: str
    date: str
    source: str

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def _cifar(top1: int, top5: int) -> Counted:
    what = "test images of CIFAR-10, stored as JPEGs, which costs accuracy"
    return Counted(top1, top5, 10_000, what, "MXNet 1.9.1", "2026-11-25", "docs/cifar.md")


COUNTED = {
    "gluon_cifar_resnet20_v1": _cifar(8337, 9908),
    "gluon_cifar_resnet20_v2": _cifar(8312, 9893),
    "gluon_cifar_resnet56_v1": _cifar(8512, 9910),
    "gluon_cifar_resnet56_v2": _cifar(8592, 9918),
    "gluon_seresnext8_digits": Counted(
        352,
        360,
        360,
        "the packaged held-out scans",
        "MXNet 1.9.1",
        "2026-11-21",
        "architectures/samples/README.md",
    ),
}
"""By the model's name. ``scripts/reproduce_cifar.py`` counts those for CIFAR-10 again, and
``gluonport demo`` those of the sample."""
