"""timm's ``_info.json`` beside WebDataset shards: which shards each split has, and their counts.

``{"splits": {NAME: {"filenames": [...], "shard_lengths": [...], "num_samples": N}}}``, as
timm/data/readers/reader_wds.py reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.formats.json_text import json_object
from mappings.errors import DatasetError, FormatError
from verify.datasets.labelled_images import count, some
from verify.datasets.split_files import EVALUATED
from verify.datasets.storage import neighbours, read_file

NAMES = ("_info.json", "info.json")
MAX_INFO = 1 << 26


@dataclass(frozen=True)
class ShardInfo:
    """What the file says of one split: the number of samples in each of its shards."""

    file: Path | str
    split: str
    samples: dict[str, int]

    def unmet(self, found: Counter[str]) -> list[str]:
        """What is not as the file says; ``found``: the samples of each shard that is there."""
        lines = []
        said = Path(self.file).name
        if missing := [name for name in self.samples if name not in found]:
            which = f"{count(len(missing), 'shard')} of split {self.split!r} missing"
            lines.append(f"{which}, which {said} lists: {some(missing)}")
        for name, expected in self.samples.items():
            if name in found and found[name] != expected:
                lines.append(
                    f"{name}: has {count(found[name], 'sample')}, where {said} says {expected}"
                )
        return lines


def shard_info(shards: Sequence[Path | str]) -> ShardInfo | None:
    """What the file beside shards says of their split; None without one, or if it lists no shard.

    Of several splits, the evaluation set is meant. Raises DatasetError for a file of another kind,
    or if no split is called as an evaluation set is.
    """
    try:
        file, info = _beside(shards[0])
    except FormatError as error:
        raise DatasetError(f"{error}: copy it again, or remove it") from None
    if file is None:
        return None
    splits = info.get("splits")
    if not isinstance(splits, dict):
        if Path(file).name == NAMES[1]:
            return None  # a file of that common name may be of something else
        raise DatasetError(f"{file}: has no 'splits': copy it again, or remove it")
    names = {Path(path).name for path in shards}
    listed = {split: _samples(file, split, said) for split, said in splits.items()}
    present = [split for split, samples in listed.items() if names & samples.keys()]
    if not present:
        return None
    chosen = present[0] if len(present) == 1 else _evaluated(file, present)
    return ShardInfo(file, chosen, listed[chosen])


def _beside(shard: Path | str) -> tuple[str | None, dict[str, Any]]:
    """The file beside a shard and its content; None without one. Raises FormatError."""
    beside = neighbours(shard)
    for name in NAMES:
        if name in beside.names:
            path = beside.path(name)
            return path, json_object(read_file(path, MAX_INFO), path)
    return None, {}


def _evaluated(file: Path | str, splits: Sequence[str]) -> str:
    for name in EVALUATED:
        if name in splits:
            return name
    raise DatasetError(
        f"{file}: lists several splits: {some(splits)}: name the shards to evaluate, as in "
        "'FOLDER/NAME-*.tar'"
    )


def _samples(file: Path | str, split: str, said: Any) -> dict[str, int]:
    said = said if isinstance(said, dict) else {}
    names, lengths = said.get("filenames"), said.get("shard_lengths")
    if (
        not isinstance(names, list)
        or not isinstance(lengths, list)
        or len(names) != len(lengths)
        or len({*map(str, names)}) != len(names)
        or not all(isinstance(name, str) for name in names)
        or not all(type(length) is int and length >= 0 for length in lengths)
        or said.get("num_samples", sum(lengths)) != sum(lengths)
    ):
        raise DatasetError(
            f"{file}: split {split!r}: expected filenames, as many shard_lengths, and their sum as "
            "num_samples: copy it again, or remove it"
        )
    return dict(zip(names, lengths, strict=True))
