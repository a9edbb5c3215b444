"""The configuration of HRNet. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class HRNetConfig(NetworkConfig):
    """A high-resolution network (Wang et al., 2019): branches of several resolutions in parallel.

    ``width``: channels of the branch with the highest resolution; each further branch has half the
    resolution and twice the channels. ``modules``: high-resolution modules of stages 2, 3 and 4,
    which have 2, 3 and 4 branches. ``depth``: residual blocks in a branch of a module.
    ``first_depth``, ``first_planes``: bottlenecks of stage 1, and their inner channels.
    """

    width: int
    modules: tuple[int, int, int] = (1, 4, 3)
    depth: int = 4
    first_depth: int = 4
    first_planes: int = 64

    classifier: ClassVar[str] = "classifier"
    blocks: ClassVar[tuple[str, ...]] = (
        "layer1.*",
        "stage*.*.branches.*.*",
        "stage*.*.fuse_layers.*",
        "stage*.*",
        "transition*.*",
        "incre_modules.*",
        "downsamp_modules.*",
    )
