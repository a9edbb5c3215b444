"""From a checkpoint to a file: converted, written, synced, reread, compared, put in its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from architectures.catalogue.record import count_parameters
from convert.formats import Array, Tensor, open_checkpoint
from convert.formats.appearing import appearing, sync
from convert.formats.checkpoint import sha256_of, split
from convert.formats.records import PROVENANCE, record_path
from convert.formats.regular import sha256
from convert.formats.write_params import write_params
from convert.precision import Scratch, batches_tracked, convert_values
from convert.preprocessing import preprocessing_beside
from convert.provenance import Conversion, provenance_text
from convert.request import Request
from mappings.errors import ConversionError

WIDEST = 8  # bytes of an element at most


def transfer(request: Request) -> Conversion:
    """Write the file that is asked for, prove it, and leave its provenance beside it.

    The file is reread only after it is on disk, so the comparison covers what the disk did with it.

    Raises ConversionError for values that cannot be written as asked, and for a file that does not
    read back as it was written; WriteError for a target that another process is writing, and for a
    full disk; FormatError for a source that changes meanwhile, as its hash would be of other bytes.
    """
    found, checkpoint, target = request.found, request.checkpoint, request.target
    # A fit without residues has a first convolution, and a classifier or the wish for none.
    assert found.num_classes is not None and found.in_chans is not None
    constants = preprocessing_beside(checkpoint, found)
    tensors = found.by_target(checkpoint)
    count = sum(math.prod(tensor.shape) for tensor in tensors.values())
    with (
        ThreadPoolExecutor(3) as pool,
        appearing(record_path(target, PROVENANCE), target, replacing=request.force) as (
            partial_provenance,
            partial,
        ),
        Scratch.open(target.parent, WIDEST * count) as scratch,
    ):
        hashes = [pool.submit(file.sha256) for file in checkpoint.files]
        arrays = _convert(request, tensors, scratch)
        digests = pool.submit(_digests, arrays)
        if request.names is None:
            _save(arrays, partial)
        else:
            write_params(partial, arrays)
        sync(partial)
        target_hash = pool.submit(sha256, partial)
        _compare(partial, arrays)
        sha256s = [digest.result() for digest in hashes]
        checkpoint.require_unchanged()
        conversion = Conversion(
            model=found.model.name,
            source=str(checkpoint.path),
            source_format=checkpoint.format,
            naming=found.scheme,
            notes=(*checkpoint.notes, *found.notes, *([str(constants)] if constants else [])),
            target=str(target),
            tensors=len(arrays),
            parameters=count_parameters(found.model.sized(found.num_classes, found.in_chans)),
            num_classes=found.num_classes,
            in_chans=found.in_chans,
            dtype=request.precision,
            synthetic=checkpoint.format == "synthetic",
            source_sha256=sha256s[0] if sha256s else None,
            target_sha256=target_hash.result(),
        )
        text = provenance_text(conversion, request, sha256s[1:], digests.result(), constants)
        partial_provenance.write_text(text, encoding="utf-8")
    return conversion


def _convert(request: Request, tensors: Mapping[str, Tensor], scratch: Scratch) -> dict[str, Array]:
    """The values of the target, under the names that they get in it and in the network's order."""
    names = request.names
    arrays = {}
    for name in request.found.shapes:
        if names is not None and name not in names:
            continue
        if name in request.found.table.synthesised:
            values = batches_tracked(tensors.get(name))
        else:
            values = convert_values(
                tensors[name],
                request.precision,
                scratch,
                allow_nonfinite=request.allow_nonfinite,
            )
        arrays[name if names is None else names[name]] = values
    return arrays


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
    """The sha256 of each tensor's bytes, in hex."""
    return {name: sha256_of(split(array)) for name, array in arrays.items()}


def _compare(partial: Path, arrays: Mapping[str, Array]) -> None:
    """Reread the written file and compare every tensor byte for byte. Raises ConversionError."""
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
    """Whether all bits are equal: comparing numbers would miss those of NaN and a zero's sign."""
    bits = np.dtype(f"u{array.itemsize}")
    return all(
        np.array_equal(one.view(bits), other.view(bits))
        for one, other in zip(tensor.parts(), split(array), strict=True)
    )
