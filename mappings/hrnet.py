"""HRNet of GluonCV (gluoncv/model_zoo/hrnet.py), with timm's names on the other side.

Gluon gives these layers no prefix of the network: they are numbered in the order in which the whole
process created them (``conv0_weight``).
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.gluon import conv, conv_bias, dense, norm, once
from mappings.language import Kind, Row


def hrnet(modules: tuple[int, int, int], depth: int, first_depth: int) -> tuple[Row, ...]:
    """The table of a network with these modules in stages 2, 3 and 4, ``depth`` blocks in each
    branch of a module, and ``first_depth`` bottlenecks in stage 1."""
    return tuple(_rows(modules, depth, first_depth))


def _rows(modules: tuple[int, int, int], depth: int, first_depth: int) -> Iterator[Row]:
    for number in (1, 2):
        yield from _pair(conv, f"conv{number}", f"conv{number}", f"bn{number}", f"bn{number}")
    for block in range(first_depth):
        yield from _bottleneck(f"layer1.{block}", f"layer1.{block}", downsample=block == 0)
    for stage, count in enumerate(modules, 2):
        yield from _transition(stage)
        for module in range(count):
            yield from _module(f"stage{stage}.{module}", stage, depth)
    for index in range(4):
        yield from _bottleneck(f"incre_blocks.{index}.0", f"incre_modules.{index}.0", True)
    for index in range(3):
        yield from _in_sequence(conv_bias, f"downsamp_blocks.{index}", f"downsamp_modules.{index}")
    yield from _in_sequence(conv_bias, "final_layer", "final_layer")
    yield Row(dense, "classifier", "classifier", once)


def _transition(stage: int) -> Iterator[Row]:
    """The layers before a stage: only the first one changes branches that exist already."""
    name = f"transition{stage - 1}"
    if stage == 2:
        yield from _in_sequence(conv, f"{name}.0", f"{name}.0")
    yield from _in_sequence(conv, f"{name}.{stage - 1}.0", f"{name}.{stage - 1}.0")


def _module(name: str, branches: int, depth: int) -> Iterator[Row]:
    for branch in range(branches):
        for block in range(depth):
            place = f"{name}.branches.{branch}.{block}"
            yield from _pair(
                conv, f"{place}.body.0", f"{place}.conv1", f"{place}.body.1", f"{place}.bn1"
            )
            yield from _pair(
                conv, f"{place}.body.3", f"{place}.conv2", f"{place}.body.4", f"{place}.bn2"
            )
    for into in range(branches):
        for origin in range(branches):
            place = f"{name}.fuse_layers.{into}.{origin}"
            if origin > into:
                yield from _in_sequence(conv, place, place)
            for step in range(into - origin):  # Gluon's have no sequence of their own
                first = 3 * step
                yield from _pair(
                    conv,
                    f"{place}.{first}",
                    f"{place}.{step}.0",
                    f"{place}.{first + 1}",
                    f"{place}.{step}.1",
                )


def _bottleneck(source: str, target: str, downsample: bool) -> Iterator[Row]:
    for index in (1, 2, 3):
        first = 3 * (index - 1)
        yield from _pair(
            conv,
            f"{source}.body.{first}",
            f"{target}.conv{index}",
            f"{source}.body.{first + 1}",
            f"{target}.bn{index}",
        )
    if downsample:
        yield from _in_sequence(conv, f"{source}.downsample", f"{target}.downsample")


def _in_sequence(kind: Kind, source: str, target: str) -> Iterator[Row]:
    """A convolution and its norm, the first two children of a sequence."""
    yield from _pair(kind, f"{source}.0", f"{target}.0", f"{source}.1", f"{target}.1")


def _pair(
    kind: Kind, source: str, target: str, source_norm: str, target_norm: str
) -> Iterator[Row]:
    yield Row(kind, source, target, once)
    yield Row(norm, source_norm, target_norm, once)
