"""Which of a network's stored weights a recognised file holds: the hash says it, never the name."""

from __future__ import annotations

from dataclasses import replace

from architectures.catalogue import table_of
from architectures.catalogue.other_weights import other_weights
from architectures.catalogue.stored_file import StoredFile, file_of
from convert.formats import Checkpoint
from convert.laid import Fit


def stored_file_of(checkpoint: Checkpoint) -> StoredFile | None:
    """The file of the stores that a checkpoint is, by its sha1, whatever it is called."""
    if not checkpoint.format.startswith("params") or len(checkpoint.files) != 1:
        return None
    from convert.formats.regular import sha1

    return file_of(sha1(checkpoint.path)) if checkpoint.path.is_file() else None


def stored_weights(found: Fit, file: StoredFile | None) -> Fit:
    """The same fit, of the model with the weights that the file is by its sha1; unchanged for any
    other file, and for the model's own weights."""
    if file is None or file.sha1 == found.model.source.sha1:
        return found
    if table_of(file.network) != found.model:
        return found
    return replace(found, model=other_weights(found.model, file))
