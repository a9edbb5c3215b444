"""What a model's whole evaluation set holds, so that a partial one is recognised."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.evaluated import Evaluated
from mappings.words import counted


@cache
def wordnet_ids() -> tuple[str, ...]:
    """The 1000 WordNet ids of ImageNet-1k in the order of their class indices, which sorts them.

    From timm, timm/data/_info/imagenet_synsets.txt.
    """
    return tuple(files("verify").joinpath("datasets", "imagenet_synsets.txt").read_text().split())


@cache
def imagenet_names() -> tuple[str, ...]:
    """The names of ImageNet-1k's classes, in the order of ``wordnet_ids``: WordNet's lemmas.

    From timm, timm/data/_info/imagenet_synset_to_lemma.txt. Two classes are called "crane".
    """
    lines = files("verify").joinpath("datasets", "imagenet_names.txt").read_text(encoding="utf-8")
    return tuple(lines.splitlines())


@dataclass(frozen=True)
class Expectation:
    """What an evaluation set must hold.

    ``classes`` classes with ``each`` images each, or with any number above 0 if ``each`` is None;
    ``images`` in all, None if unknown. ``names``: those of class folders, which are ImageNet's
    WordNet ids, or None for other data sets.
    """

    title: str
    classes: int
    each: int | None = None
    images: int | None = None
    names: tuple[str, ...] | None = None

    def unmet(self, counts: Counter[int]) -> list[str]:
        """Where the counts per class are not as expected, in a few lines."""
        lines = []
        total = sum(counts.values())
        if self.images is not None and total != self.images:
            lines.append(
                f"{counted(total, 'image')} with a label, where {self.title} has {self.images}"
            )
        off: dict[int, list[int]] = defaultdict(list)
        for label in range(self.classes):
            wrong = counts[label] != self.each if self.each is not None else not counts[label]
            if wrong:
                off[counts[label]].append(label)
        wanted = "none should be empty" if self.each is None else f"{self.each} each expected"
        for number, labels in sorted(off.items()):
            classes = f"{len(labels)} classes have" if len(labels) > 1 else "1 class has"
            images = "1 image" if number == 1 else f"{number or 'no'} images"
            lines.append(f"{classes} {images}, {wanted}: {self.listed(labels)}")
        return lines

    def listed(self, labels: list[int], limit: int = 5) -> str:
        """Ascending class indices as ranges, ``3, 7..19``; only the first few are named."""
        ranges: list[list[int]] = []
        for label in labels:
            if ranges and ranges[-1][-1] == label - 1:
                ranges[-1] = [ranges[-1][0], label]
            else:
                ranges.append([label])
        named = ["..".join(map(self.name, ends)) for ends in ranges[:limit]]
        return ", ".join([*named, "..."] if len(ranges) > limit else named)

    def name(self, label: int) -> str:
        return f"{label} ({self.names[label]})" if self.names else str(label)


def expectation(model: Evaluated, num_classes: int | None = None) -> Expectation:
    """The images that a model is evaluated on: those of its own data set, or of ImageNet-1k if it
    has as many classes. For any other number of classes, only that number is known."""
    classes = model.num_classes if num_classes is None else num_classes
    for data in (model.dataset, IMAGENET):
        if data.num_classes == classes:
            names = wordnet_ids() if data == IMAGENET else None
            return Expectation(data.evaluation, classes, data.images_per_class, data.images, names)
    return Expectation(f"a set of {classes} classes", classes)
