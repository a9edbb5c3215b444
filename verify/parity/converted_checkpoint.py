"""A converted checkpoint, opened together with the source that it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from architectures import Model
from architectures.synthetic import synthetic_values
from convert.formats import Array, Checkpoint, Tensor, open_checkpoint
from convert.formats.mapped import MappedFile
from convert.formats.records import PROVENANCE, read_record
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import FormatError, SourceError
from mappings.naming import recognise
from mappings.shapes import open_sizes
from verify.parity.choices import from_again, recorded_choice


@dataclass(frozen=True)
class Converted:
    """A checkpoint of ``model`` in the network's names, and its source in any dialect's names."""

    model: Model
    checkpoint: Checkpoint
    source: Checkpoint

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """The checkpoint's tensors by name."""
        return {tensor.name: tensor for tensor in self.checkpoint.tensors}

    @cached_property
    def sources(self) -> Mapping[str, Tensor]:
        """The source's tensors under the network's names and in its shapes, read in the dialect
        that knows most of them.

        Raises ReconcileError when two names of the source stand for the same tensor.
        """
        names = [tensor.name for tensor in self.source.tensors]
        readings = []
        for _, table in self.model.dialects:
            found, accepted = recognise(names, table).names, table.accepted
            targets = {n: accepted[s] for n, s in found.items() if s in accepted}
            readings.append((targets, table))
        targets, table = max(readings, key=lambda reading: len(reading[0]))
        known = ((targets[t.name], t) for t in self.source.tensors if t.name in targets)
        return {name: t.reshaped(table.target_shape(name, t.shape)) for name, t in known}

    @property
    def is_as_published(self) -> bool:
        """Whether the source framework can load the source file: it holds one set of weights, in a
        format and under names of that framework."""
        if self.source.weights is not None or self.source.ignored or not self.has_classifier:
            return False
        names, own = [t.name for t in self.source.tensors], self.model.table.accepted
        plain = all(name in own for name in names)
        if self.model.source.framework in ("gluoncv", "mxnet"):
            flat = not any("." in name for name in names) and len(self.sources) == len(names)
            return self.source.format == "params-v2" and (plain or flat)
        return plain and self.source.format in ("safetensors", "pytorch-zip", "pytorch-legacy")

    def require_unchanged(self) -> None:
        """Raise FormatError if either file changed after it was opened."""
        self.checkpoint.require_unchanged()
        self.source.require_unchanged()

    @property
    def has_classifier(self) -> bool:
        """Whether the checkpoint has a classifier: some networks are converted without one."""
        return self.model.has_classifier(self.tensors)

    @cached_property
    def expected(self) -> tuple[str, ...]:
        """The tensors that the checkpoint must have."""
        return tuple(self.model.expected(classifier=self.has_classifier))

    @property
    def num_classes(self) -> int:
        """The checkpoint's class count; the model's if the checkpoint has no classifier."""
        if not self.has_classifier:
            return self.model.num_classes
        return self.tensors[f"{self.model.classifier}.weight"].shape[0]

    @property
    def in_chans(self) -> int:
        """The channels of the images that the checkpoint's network takes."""
        pairs = ((t.shape, self.model.shapes.get(name, ())) for name, t in self.tensors.items())
        return open_sizes(pairs)["channels"]

    @property
    def is_rounded(self) -> bool:
        """Whether any tensor has another precision than its source."""
        weights = self.model.table.sources
        return any(
            t.dtype != self.tensors[name].dtype
            for name, t in self.sources.items()
            if name in weights and name in self.tensors
        )

    def float32_state(self) -> dict[str, Array]:
        """The checkpoint's weights as float32. A synthetic classifier replaces a missing one, so
        that the logits depend on the features."""
        state, shapes = {}, self.model.sized()
        for name, source in self.model.table.sources.items():
            if name in self.expected:
                state[name] = self.tensors[name].copy().astype(np.float32, copy=False)
            else:
                state[name] = synthetic_values(self.model.source.name, source, shapes[name])
        return state

    def source_state(self) -> dict[str, Array]:
        """The source's weights as float32, under the network's names."""
        return {
            name: self.sources[name].copy().astype(np.float32, copy=False)
            for name in self.model.table.sources
            if name in self.sources
        }


def open_converted(
    model: Model,
    path: str | os.PathLike[str],
    source: str | os.PathLike[str] | None,
    choice: Choice = NO_CHOICE,
) -> Converted:
    """Open a checkpoint and its source. Without ``source``, the provenance beside the checkpoint
    names it.

    ``choice`` says which tensors of the source were converted. Without one, a provenance that names
    the source gives the choice too.

    Raises SourceError if there is no source, or if it is not the file that the provenance names;
    FormatError for a file that is not a checkpoint.
    """
    checkpoint = open_checkpoint(path)
    recorded_files: list[MappedFile] = []
    if source is None:
        source, recorded_files, recorded = _source_by_provenance(Path(path))
        choice = choice or recorded
    if str(source) == "synthetic":
        return Converted(model, checkpoint, _synthetic(model))
    opened = open_checkpoint(source, choice)
    identities = {file.path: file.identity for file in opened.files}
    for file in recorded_files:
        if identities.get(file.path) != file.identity:
            raise file.changed()
    return Converted(model, checkpoint, opened)


def _source_by_provenance(path: Path) -> tuple[str, list[MappedFile], Choice]:
    """The source that the provenance names, its unchanged files, and the recorded choice."""
    try:
        provenance = read_record(path, PROVENANCE)
        source, choice = str(provenance["source"]), recorded_choice(provenance)
        again = from_again(provenance)
        digests = {Path(source): provenance["source_sha256"]}
        for shard, digest in provenance.get("source_shards", {}).items():
            digests[Path(source).with_name(shard)] = digest
    except (FormatError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path}: no provenance beside it says what it was converted from: name it with "
            f"--from SOURCE"
        ) from error
    files = []
    for file, digest in digests.items() if source != "synthetic" else ():
        if not file.exists():
            raise SourceError(
                f"{path}: its source {file} does not exist any more: name a copy of it with {again}"
            )
        files.append(MappedFile.open(file))
        if files[-1].sha256() != digest:
            raise SourceError(
                f"{path}: {file} is no longer the file it was converted from (sha256 "
                f"{digest}): name the original file with {again}"
            )
    return source, files, choice


def _synthetic(model: Model) -> Checkpoint:
    tensors, shapes = [], model.sized()
    for name, target in model.table.targets.items():
        shape = model.table.source_shape(target, shapes[target])
        load = partial(synthetic_values, model.source.name, name, shape)
        tensors.append(Tensor(name, shape, "float32", "dense", 0, load))
    return Checkpoint(Path("synthetic"), "synthetic", True, tuple(tensors))
