"""A fast path is believed when it agrees with the plain network on real images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convert.formats import Array
from mappings.errors import AccuracyError
from verify.accuracy.prediction import best
from verify.accuracy.task import Precision

ROUNDING: dict[Precision, float] = {"float32": 2e-5, "tf32": 1e-2, "bfloat16": 1e-1}
"""What a fast path may differ by, as a share of an image's largest logit. float32 networks of the
catalogue, folded, differ by less than 2e-6; bfloat16's unit is 4e-3, and layers add up."""


@dataclass(frozen=True)
class Proof:
    """The fast path against the plain float32 network on ``images`` images.

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
            f"fast path against plain float32 on {self.images} images: logits differ by at most "
            f"{self.max_difference:.1e} (largest {self.max_logit:.3g}), the same five classes in "
            f"{self.top5_equal}"
        )


def prove(plain: Array, fast: Array, precision: Precision) -> Proof:
    """Compare logits (N, classes) of the two paths.

    Raises AccuracyError where logits are not finite, or a place among the five best went to a class
    that the plain network has further below than the rounding of ``precision`` explains.
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
