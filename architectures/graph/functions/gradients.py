"""Values with a gradient that is not their own."""

from torch import Tensor


def with_gradient_of(value: Tensor, x: Tensor, factor: float) -> Tensor:
    """``value``, whose gradient is ``factor`` times that of ``x``."""
    return value.detach() + factor * (x - x.detach())
