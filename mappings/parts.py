"""Parts of networks, by names alone: numbered children, other classifiers, tensors outside."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping

from mappings.language import Layer

LAYER_LEAVES = (
    *("weight", "bias", "gamma", "beta", "alpha"),
    *("running_mean", "running_var", "num_batches_tracked"),
)
"""The ends of the names of layers' tensors in MXNet and in PyTorch; all others are constants."""

FIRST_STAGE = 4
"""The number of ``layer1`` among the children of a ResNet of torchvision, timm or GluonCV's
resnetv1b.py: convolution, norm, ReLU and max-pool come before it."""


def numbered_name(name: str) -> str | None:
    """The name of a tensor in a Sequential of the network's children; None for other tensors.

    Gluon's ``features`` are numbered already. In ``torch.nn.Sequential(*net.children())``, ``0`` is
    conv1, ``1`` is bn1 and ``4`` is layer1.
    """
    first, _, rest = name.partition(".")
    if first == "features":
        return rest
    if first in ("conv1", "bn1"):
        return f"{('conv1', 'bn1').index(first)}.{rest}"
    stage = first.removeprefix("layer")
    if stage != first and stage.isdecimal():
        return f"{int(stage) + FIRST_STAGE - 1}.{rest}"
    return None


def names_outside(
    left: Collection[str],
    known: Mapping[str, str],
    space: Mapping[str, str],
    classifier: Layer | None,
) -> set[str]:
    """The names among ``left`` that stand outside the network's blocks.

    ``known`` are the resolved names, each with its source; they were resolved by the names in
    ``space``. A block's name is the prefix and the first part of a name: ``net.features.``,
    ``net_stage1_``.
    """
    spelled = {source: name for name, source in space.items()}
    blocks = set()
    for name, source in known.items():
        if classifier is None or source.rpartition(".")[0] != classifier.source:
            own = spelled[source]
            first = own.partition("." if "." in own else "_")[0]
            blocks.add(name[: len(name) - len(own) + len(first) + 1])
    roots: list[str] = []  # the blocks that are in no other
    for block in sorted(blocks):
        if not roots or not block.startswith(roots[-1]):
            roots.append(block)
    return {
        name
        for name in left
        if not roots or not name.startswith(roots[bisect_right(roots, name) - 1])
    }


def replaced_classifier(
    outside: Collection[str], taken: Collection[str], classifier: Layer | None
) -> tuple[dict[str, str], str]:
    """The tensors of a classifier with another name, each with its source, and that name. It must
    be the only layer outside the network's blocks."""
    if classifier is None:
        return {}, ""
    sources = {leaf: f"{classifier.source}.{leaf}" for leaf, _ in classifier.kind.leaves}
    layers = {name for name in outside if name.endswith(LAYER_LEAVES)}
    if len(layers) != len(sources) or not sources.items() or {*sources.values()} & {*taken}:
        return {}, ""
    stem = min(layers).removesuffix("bias").removesuffix("weight")
    if stem.endswith((".", "_")) and layers == {stem + leaf for leaf in sources}:
        return {stem + leaf: source for leaf, source in sources.items()}, stem
    return {}, ""


def is_classifiers(target: str, head: str) -> bool:
    """Whether a tensor of the network belongs to its classifier, the layer ``head``."""
    return target.rpartition(".")[0] == head
