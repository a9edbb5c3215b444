"""A checkpoint on its way into a file: written, reread, compared, and only then there."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from architectures.catalogue.record import count_parameters
from convert.formats import Array, Checkpoint, Tensor, open_checkpoint
from convert.formats.appearing import appearing, sync
from convert.formats.checkpoint import split
from convert.formats.records import PROVENANCE, record_path
from convert.formats.write_params import write_params
from convert.laid import Fit
from convert.precision import Precision, Scratch, batches_tracked, convert_values
from convert.preprocessing import preprocessing_beside
from convert.provenance import Conversion, provenance_text, sha256
from mappings.errors import ConversionError

WIDEST = 8  # bytes of an element at most


def transfer(
    found: Fit,
    checkpoint: Checkpoint,
    target: Path,
    precision: Precision,
    *,
    names: Mapping[str, str] | None,
    allow_nonfinite: bool,
    url: str | None,
    ignore: tuple[str, ...],
    force: bool,
) -> Conversion:
    """Write a checkpoint that fits its network, under the network's names or under ``names``.

    Raises ConversionError for values that cannot be written as asked and for a file that reads
    otherwise than it was written; WriteError for a target that another process is writing, and for
    a full disk; FormatError for a source that changes meanwhile: its hash would be another's.
    """
    model = found.model
    # A fit without residues has a first convolution, and a classifier or the wish for none.
    assert found.num_classes is not None and found.in_chans is not None
    tensors, constants = found.by_target(checkpoint), preprocessing_beside(checkpoint, found)
    count = sum(math.prod(tensor.shape) for tensor in tensors.values())
    with (
        ThreadPoolExecutor(3) as pool,
        Scratch(target.parent, WIDEST * count) as scratch,
        appearing(record_path(target, PROVENANCE), target, replacing=force) as (
            partial_provenance,
            partial,
        ),
    ):
        hashes = [pool.submit(file.sha256) for file in checkpoint.files]
        arrays = {
            name: batches_tracked(tensors.get(name))
            if name in found.table.synthesised
            else convert_values(tensors[name], precision, scratch, allow_nonfinite=allow_nonfinite)
            for name in found.shapes
            if names is None or name in names
        }
        if names is not None:
            arrays = {names[name]: values for name, values in arrays.items()}
        digests = pool.submit(_digests, arrays)
        if names is None:
            _save(arrays, partial)
        else:
            write_params(partial, arrays)
        synced = pool.submit(sync, partial)  # the disk works while the file is reread
        target_hash = pool.submit(sha256, partial)
        _compare(partial, arrays)
        sha256s = [digest.result() for digest in hashes]
        checkpoint.require_unchanged()
        conversion = Conversion(
            model=model.name,
            source=str(checkpoint.path),
            source_format=checkpoint.format,
            naming=found.scheme,
            notes=(*checkpoint.notes, *found.notes, *([str(constants)] if constants else [])),
            target=str(target),
            tensors=len(arrays),
            parameters=count_parameters(model.sized(found.num_classes, found.in_chans)),
            num_classes=found.num_classes,
            in_chans=found.in_chans,
            dtype=precision,
            synthetic=checkpoint.format == "synthetic",
            source_sha256=sha256s[0] if sha256s else None,
            target_sha256=target_hash.result(),
        )
        partial_provenance.write_text(
            provenance_text(
                conversion,
                found.table.digest,
                digests.result(),
                url=url,
                checkpoint=checkpoint,
                ignore=ignore,
                shards={
                    file.path.name: digest
                    for file, digest in zip(checkpoint.files[1:], sha256s[1:], strict=True)
                },
                preprocessing=constants.as_json() if constants else None,
            ),
            encoding="utf-8",
        )
        synced.result()  # an error of the disk is told only once
    return conversion


def _save(arrays: Mapping[str, Array], path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(dict(arrays), path, metadata={"format": "pt"})
    except SafetensorError as error:
        raise ConversionError(
            f"{path.name}: cannot be written: {error}; nothing was kept"
        ) from error


def _digests(arrays: Mapping[str, Array]) -> dict[str, str]:
    """sha256 of each tensor's bytes, in hex."""
    return {
        name: hashlib.sha256(array.reshape(-1).view(np.uint8).data).hexdigest()
        for name, array in arrays.items()
    }


def _compare(partial: Path, arrays: Mapping[str, Array]) -> None:
    """Reread the written file and compare every tensor byte for byte."""
    reread = open_checkpoint(partial)
    written = {tensor.name: tensor for tensor in reread.tensors}
    if written.keys() != arrays.keys():
        raise ConversionError(f"{partial}: the file reread has other tensors than were written")
    for name, array in arrays.items():
        tensor = written[name]
        if tensor.dtype != array.dtype.name or tensor.shape != array.shape:
            raise ConversionError(f"{partial}: tensor {name!r} reread has another dtype or shape")
        if not _same_bytes(tensor, array):
            raise ConversionError(
                f"{partial}: tensor {name!r} reread differs from what was written: "
                f"the storage is unreliable; nothing was kept"
            )


def _same_bytes(tensor: Tensor, array: Array) -> bool:
    """Whether they agree in every bit, which numbers do not tell: NaN, and the zeros' signs."""
    bits = np.dtype(f"u{array.itemsize}")
    return all(
        np.array_equal(one.view(bits), other.view(bits))
        for one, other in zip(tensor.parts(), split(array), strict=True)
    )
