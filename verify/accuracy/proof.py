"""A fast path is trusted if it agrees with the plain network on real images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convert.formats import Array
from mappings.errors import AccuracyError
from verify.accuracy.prediction import best
from verify.accuracy.task import Precision

ROUNDING: dict[Precision, float] = {"float32": 2e-5, "tf32": 1e-2, "bfloat16": 1e-1}
"""How much a fast path may differ, as a share of an image's largest logit. The catalogue's folded
float32 networks differ by less than 2e-6; bfloat16's unit is 4e-3, and layers add up."""


@dataclass(frozen=True)
class Proof:
    """The fast path compared with the plain float32 network on ``images`` images.

    ``max_difference``: of a logit; ``max_logit``: the largest plain one;
    ``top1_equal``, ``top5_equal``: images with the same best class, the same five in order.
    """

    images: int
    max_difference: float
    max_logit: float
    top1_equal: int
    top5_equal: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"fast path compared with plain float32 on {self.images} images: logits differ by "
            f"at most {self.max_difference:.1e} (largest {self.max_logit:.3g}), "
            f"the same five classes in {self.top5_equal}"
        )


def prove(plain: Array, fast: Array, precision: Precision) -> Proof:
    """Compare logits (N, classes) of the two paths.

    Raises AccuracyError if logits are not finite, or if the fast path has a class among the five
    best whose plain logit is lower than the rounding of ``precision`` explains.
    """
    if not (np.isfinite(plain).all() and np.isfinite(fast).all()):
        raise AccuracyError("the network's logits are not finite: is this checkpoint damaged?")
    right, found = best(plain), best(fast)
    margin = 2 * ROUNDING[precision] * np.abs(plain).max(axis=1, keepdims=True)
    wanted, got = (np.take_along_axis(plain, order, axis=1) for order in (right, found))
    if moved := int((got < wanted - margin).any(axis=1).sum()):
        raise AccuracyError(
            f"the fast path changes the five best classes of {moved} of {len(plain)} images beyond "
            f"the rounding of {precision} (largest difference {np.abs(plain - fast).max():.1e}): "
            "use --precision float32, and leave --compile out"
        )
    return Proof(
        len(plain),
        float(np.abs(plain - fast).max()),
        float(np.abs(plain).max()),
        int((right[:, 0] == found[:, 0]).sum()),
        int((right == found).all(axis=1).sum()),
    )
