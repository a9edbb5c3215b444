"""The configurations of MobileNet v1, v2 and v3. They do not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from architectures.catalogue.config import NetworkConfig

Activation = Literal["relu", "relu6", "hard_swish"]


@dataclass(frozen=True)
class MobileBlock:
    """A depthwise convolution of size ``kernel`` with ``stride``, and a 1x1 to ``out`` channels.

    ``expanded``: the channels to which a 1x1 widens the input first; 0 if none does.
    ``squeeze``: the hidden channels of squeeze-and-excitation after the depthwise; 0 for none.
    ``activation`` follows every norm but the last; that one too if ``activates_out``.
    """

    out: int
    stride: int = 1
    expanded: int = 0
    kernel: int = 3
    squeeze: int = 0
    activation: Activation = "relu6"
    activates_out: bool = False


@dataclass(frozen=True)
class MobileNetConfig(NetworkConfig):
    """MobileNet v1 and v2.

    ``stem``: output channels of the 3x3 with stride 2; ``activation`` follows it. ``stages``: the
    blocks. ``head``: output channels of a last 1x1 with a norm, 0 for none. ``bias``: whether the
    classifier has one.
    """

    classifier: ClassVar[str] = "classifier"
    blocks: ClassVar[tuple[str, ...]] = ("blocks.*.*",)

    stem: int
    stages: tuple[tuple[MobileBlock, ...], ...]
    activation: Activation
    head: int = 0
    bias: bool = True

    @property
    def depths(self) -> tuple[int, ...]:
        """The blocks of each stage."""
        return tuple(map(len, self.stages))


@dataclass(frozen=True)
class MobileNetV3Config(NetworkConfig):
    """MobileNet v3: ``stem`` and ``stages`` as in ``MobileNetConfig``, ``last``: output channels of
    a 1x1 with a norm after them, ``head``: of a 1x1 after the pooling, without norm and bias."""

    classifier: ClassVar[str] = "classifier"
    blocks: ClassVar[tuple[str, ...]] = ("blocks.*.*",)

    stages: tuple[tuple[MobileBlock, ...], ...]
    last: int
    stem: int = 16
    head: int = 1280
    dropout: float = 0.2


def mobilenet_v1(multiplier: float) -> MobileNetConfig:
    """MobileNet v1 (Howard et al., 2017), its channels times ``multiplier``, rounded down."""
    stages = tuple(
        tuple(
            MobileBlock(
                int(out * multiplier),
                2 if stage and not block else 1,
                activation="relu",
                activates_out=True,
            )
            for block in range(depth)
        )
        for stage, (depth, out) in enumerate(
            ((1, 64), (2, 128), (2, 256), (6, 512), (2, 1024)),
        )
    )
    return MobileNetConfig(int(32 * multiplier), stages, "relu")


def mobilenet_v2(multiplier: float) -> MobileNetConfig:
    """MobileNet v2 (Sandler et al., 2018), its channels times ``multiplier``, rounded down to whole
    numbers. Other implementations round them to multiples of 8."""
    stages: list[tuple[MobileBlock, ...]] = []
    channels = int(32 * multiplier)
    for depth, stride, out in (
        (1, 1, 16),
        (2, 2, 24),
        (3, 2, 32),
        (4, 2, 64),
        (3, 1, 96),
        (3, 2, 160),
        (1, 1, 320),
    ):
        blocks, out = [], int(out * multiplier)
        for block in range(depth):
            blocks.append(MobileBlock(out, 1 if block else stride, 6 * channels if stages else 0))
            channels = out
        stages.append(tuple(blocks))
    return MobileNetConfig(int(32 * multiplier), tuple(stages), "relu6", head=1280, bias=False)


def _v3(kernel: int, expanded: int, out: int, squeeze: int, hard: bool, stride: int) -> MobileBlock:
    activation: Activation = "hard_swish" if hard else "relu"
    return MobileBlock(out, stride, expanded, kernel, squeeze, activation)


LARGE = MobileNetV3Config(
    (
        (_v3(3, 0, 16, 0, False, 1),),
        (_v3(3, 64, 24, 0, False, 2), _v3(3, 72, 24, 0, False, 1)),
        (_v3(5, 72, 40, 24, False, 2), *2 * (_v3(5, 120, 40, 32, False, 1),)),
        (
            _v3(3, 240, 80, 0, True, 2),
            _v3(3, 200, 80, 0, True, 1),
            *2 * (_v3(3, 184, 80, 0, True, 1),),
        ),
        (_v3(3, 480, 112, 120, True, 1), _v3(3, 672, 112, 168, True, 1)),
        (_v3(5, 672, 160, 168, True, 2), *2 * (_v3(5, 960, 160, 240, True, 1),)),
    ),
    last=960,
)
SMALL = MobileNetV3Config(
    (
        (_v3(3, 0, 16, 8, False, 2),),
        (_v3(3, 72, 24, 0, False, 2), _v3(3, 88, 24, 0, False, 1)),
        (_v3(5, 96, 40, 24, True, 2), *2 * (_v3(5, 240, 40, 64, True, 1),)),
        (_v3(5, 120, 48, 32, True, 1), _v3(5, 144, 48, 40, True, 1)),
        (_v3(5, 288, 96, 72, True, 2), *2 * (_v3(5, 576, 96, 144, True, 1),)),
    ),
    last=576,
)
"""MobileNet v3 (Howard et al., 2019). Squeeze-and-excitation has a quarter of the expanded channels
as hidden ones, rounded up to a multiple of 8."""
