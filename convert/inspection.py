"""Describes a checkpoint: its format, names, precisions, and the model that it fits."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from architectures import MODELS
from architectures.catalogue.record import STATISTICS
from architectures.catalogue.stored_file import StoredFile
from convert.fit import exact_fits, nearest
from convert.formats import Checkpoint, open_checkpoint
from convert.laid import Fit
from convert.preprocessing import Preprocessing, preprocessing_beside
from convert.stored_weights import stored_file_of
from convert.thumbnails import thumbnail_of
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import ReconcileError
from mappings.naming import guess_scheme
from mappings.notebook_card import notebook_card

if TYPE_CHECKING:
    from convert.packaged_source import PackagedSource


@dataclass(frozen=True)
class Inspection:
    """A checkpoint and the models nearest to it, the one with the fewest misfits first.

    If it fits no model exactly, ``backbones`` are those that it fits except for the classifier, and
    ``thumbnail`` is the network of MXNet's own zoo that fits it if built with ``thumbnail=True``,
    and ``packaged`` the network whose packaged graph fits it. ``stored`` is the published file that
    it is by its sha1.
    """

    checkpoint: Checkpoint
    fits: tuple[Fit, ...]
    backbones: tuple[Fit, ...] = ()
    thumbnail: str | None = None
    stored: StoredFile | None = None
    packaged: PackagedSource | None = None

    @property
    def exact(self) -> tuple[Fit, ...]:
        """The models that the checkpoint fits by every name and shape; of several that are one
        network, the one that its class count tells."""
        return exact_fits(self.fits)

    @property
    def naming(self) -> str | None:
        """The naming scheme; None for a list without names."""
        if not self.checkpoint.named:
            return None
        if self.exact:
            return self.exact[0].scheme
        return guess_scheme([tensor.name for tensor in self.checkpoint.tensors])

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how the file wraps its weights and decorates their names."""
        if not self.exact:
            return self.checkpoint.notes
        constants = [str(self.preprocessing)] if self.preprocessing else []
        return (*self.checkpoint.notes, *self.exact[0].notes, *constants)

    @cached_property
    def preprocessing(self) -> Preprocessing | None:
        """The preprocessing constants that the checkpoint holds beside the network it fits."""
        return preprocessing_beside(self.checkpoint, self.exact[0]) if self.exact else None

    @property
    def dtypes(self) -> Counter[str]:
        """How many tensors have each dtype; "none" counts the tensors without values."""
        return Counter(tensor.dtype or "none" for tensor in self.checkpoint.tensors)

    @property
    def parameters(self) -> int:
        """The number of elements in all tensors except BatchNorm's statistics."""
        return sum(
            math.prod(tensor.shape)
            for tensor in self.checkpoint.tensors
            if tensor.storage != "none" and not tensor.name.endswith(STATISTICS)
        )

    def _repr_html_(self) -> str:
        """What the checkpoint is, for a notebook."""
        models = [fit.model.name for fit in self.exact]
        if self.packaged:
            models = [self.packaged.record.name]
        return notebook_card(
            "RECOGNISED" if models else "NOT RECOGNISED",
            "pass" if models else "open",
            " or ".join(models) or "no model of the catalogue fits every name and shape",
            [
                ("file", self.checkpoint.path),
                ("format", self.checkpoint.format),
                ("naming", self.naming or "the arrays have no names"),
                ("dtypes", ", ".join(f"{n} {dtype}" for dtype, n in self.dtypes.items())),
                ("tensors", f"{len(self.checkpoint.tensors):,}"),
                ("parameters", f"{self.parameters:,}"),
                ("classes", (self.exact[0].num_classes or "") if self.exact else ""),
                *(("note", note) for note in self.notes),
            ],
        )

    def as_json(self) -> dict[str, Any]:
        """The findings as JSON values."""
        only = self.exact[0] if len(self.exact) == 1 else None
        return {
            "file": str(self.checkpoint.path),
            "format": self.checkpoint.format,
            "naming": self.naming,
            "notes": list(self.notes),
            "dtypes": dict(self.dtypes),
            "tensors": len(self.checkpoint.tensors),
            "parameters": self.parameters,
            "model": only and only.model.name,
            "num_classes": self.exact[0].num_classes if self.exact else None,
            "in_chans": self.exact[0].in_chans if self.exact else None,
            "thumbnail": self.thumbnail,
            "stored_file": self.stored
            and {"name": self.stored.name, "store": self.stored.store, "sha1": self.stored.sha1},
            "packaged_graph": self.packaged
            and {"name": self.packaged.record.name, "classes": self.packaged.classes},
            "without_classifier": [fit.model.name for fit in self.backbones],
            "preprocessing": self.preprocessing and self.preprocessing.as_json(),
            "candidates": [
                {
                    "model": fit.model.name,
                    "misfits": len(fit.residues),
                    "residues": str(fit.residues),
                }
                for fit in self.fits[:5]
                if not (fit.residues and fit.model.source.packaged)
            ],
        }


def inspect_checkpoint(path: str | os.PathLike[str], choice: Choice = NO_CHOICE) -> Inspection:
    """Describe a checkpoint of any network in any format that the readers accept.

    ``choice`` says which tensors are meant if it holds more than one network's weights.

    Raises FormatError as ``open_checkpoint`` does.
    """
    checkpoint = open_checkpoint(path, choice)
    near = tuple(nearest(checkpoint)) if checkpoint.named else ()
    found = Inspection(checkpoint, near, stored=stored_file_of(checkpoint))
    if found.exact or not checkpoint.named:
        return found
    bare = nearest(checkpoint, classifier=False)
    return replace(
        found,
        backbones=tuple(fit for fit in bare if not fit.residues),
        thumbnail=thumbnail_of(checkpoint, MODELS),
        packaged=_packaged(checkpoint, found.stored),
    )


def _packaged(checkpoint: Checkpoint, stored: StoredFile | None) -> PackagedSource | None:
    """The packaged graph that a checkpoint fits; None if there is none, or more than one."""
    from convert.packaged_source import recognise_packaged  # brings all operators

    try:
        return recognise_packaged(checkpoint, stored)
    except ReconcileError:
        return None


def digests(checkpoint: Checkpoint) -> Iterator[dict[str, Any]]:
    """Every tensor in file order with the sha256 of its dense little-endian bytes.

    Raises FormatError for damaged values, and at the end if the file changed meanwhile.
    """
    for tensor in checkpoint.tensors:
        yield {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "dtype": tensor.dtype,
            "storage": tensor.storage,
            "offset": tensor.offset,
            "sha256": None if tensor.storage == "none" else tensor.sha256(),
        }
    checkpoint.require_unchanged()
