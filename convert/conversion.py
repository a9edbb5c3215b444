"""From a source to a proven file: reconcile, rename, write, reread, and only then appear."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from architectures import Model, find_model
from architectures.record import count_parameters
from convert.fit import Fit, fit, identify
from convert.formats import Array, Checkpoint, open_checkpoint
from convert.formats.write_params import write_params
from convert.naming import GluonNaming, gluon_names
from convert.provenance import Conversion, provenance_path, provenance_text
from convert.published import fetch_published
from convert.synthetic import synthetic_checkpoint
from convert.values import Precision, Scratch, batches_tracked, convert_values
from convert.write import appearing, sync
from mappings.errors import ConversionError

BLOCK = 1 << 18  # elements compared at a time
WIDEST = 8  # bytes of an element at most


def convert(
    name: str,
    out: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    dtype: Precision = "float32",
    *,
    naming: GluonNaming = "structural",
    force: bool = False,
    allow_nonfinite: bool = False,
    ema: bool | None = None,
) -> Conversion:
    """Convert a checkpoint to ``out``, with its provenance beside it.

    ``name`` is a model of the catalogue, or ``auto`` to find it from names and shapes. ``out`` ends
    in ``.safetensors`` (PyTorch's names), or ``.params`` (Gluon's, in the ``naming`` asked for).
    ``source`` is a checkpoint file or ``synthetic``; without it the published checkpoint is
    fetched. ``ema`` chooses between the averaged and the last weights of a file that has both. The
    target is reread and compared byte for byte before it takes its name.

    Raises a GluonportError of the room where it failed; the target then does not exist, or is what
    it was.
    """
    target = Path(out)
    _check_target(target, force)
    if name == "auto":
        if source is None or source == "synthetic":
            raise ConversionError("'auto' finds the model of a file: give one with --from FILE")
        found = identify(checkpoint := open_checkpoint(source, ema))
    else:
        model = find_model(name)
        checkpoint = _open(model, source, ema)
        found = fit(checkpoint, model)
    names = gluon_names(found.model, naming) if target.suffix == ".params" else None
    return _write(found, checkpoint, target, names, dtype, allow_nonfinite, source is None)


def _check_target(target: Path, force: bool) -> None:
    if target.suffix not in (".safetensors", ".params"):
        raise ConversionError(f"{target}: expected a name that ends in .safetensors or .params")
    if not target.parent.is_dir():
        raise ConversionError(f"{target}: the folder {target.parent} does not exist: create it")
    if target.is_dir():
        raise ConversionError(f"{target}: is a folder, expected the name of a file")
    if target.exists() and not force:
        raise ConversionError(f"{target}: already exists: --force replaces it")


def _open(model: Model, source: str | os.PathLike[str] | None, ema: bool | None) -> Checkpoint:
    if source == "synthetic":
        return synthetic_checkpoint(model)
    return open_checkpoint(fetch_published(model.source) if source is None else source, ema)


def _write(
    found: Fit,
    checkpoint: Checkpoint,
    target: Path,
    names: Mapping[str, str] | None,
    precision: Precision,
    allow_nonfinite: bool,
    published: bool,
) -> Conversion:
    model = found.model
    synthetic = checkpoint.format == "synthetic"
    assert found.num_classes is not None  # a fit without residues has a classifier
    tensors = found.by_target(checkpoint)
    count = sum(math.prod(tensor.shape) for tensor in tensors.values())
    with (
        ThreadPoolExecutor(4) as pool,
        Scratch(target.parent, WIDEST * count) as scratch,
        appearing(provenance_path(target), target) as (partial_provenance, partial),
    ):
        source_hash = None if synthetic else pool.submit(sha256, checkpoint.path)
        arrays = {
            name: batches_tracked(tensors.get(name))
            if name in found.table.synthesised
            else convert_values(tensors[name], precision, scratch, allow_nonfinite=allow_nonfinite)
            for name in model.shapes
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
        conversion = Conversion(
            model=model.name,
            source=str(checkpoint.path),
            source_format=checkpoint.format,
            naming=found.scheme,
            notes=found.naming.notes,
            target=str(target),
            tensors=len(arrays),
            parameters=count_parameters(model.shapes, found.num_classes),
            num_classes=found.num_classes,
            dtype=precision,
            synthetic=synthetic,
            source_sha256=source_hash.result() if source_hash else None,
            target_sha256=target_hash.result(),
        )
        url = model.source.url if published else None
        partial_provenance.write_text(
            provenance_text(conversion, found.table.digest, digests.result(), url=url),
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
    path.chmod(0o666 & ~_umask())  # the library makes it readable by its owner alone


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _digests(arrays: Mapping[str, Array]) -> dict[str, str]:
    """sha256 of each tensor's bytes, in hex."""
    return {
        name: hashlib.sha256(array.reshape(-1).view(np.uint8).data).hexdigest()
        for name, array in arrays.items()
    }


def _compare(partial: Path, arrays: Mapping[str, Array]) -> None:
    """Reread the written file and compare every tensor byte for byte."""
    written = {tensor.name: tensor for tensor in open_checkpoint(partial).tensors}
    if written.keys() != arrays.keys():
        raise ConversionError(f"{partial}: the file reread has other tensors than were written")
    for name, array in arrays.items():
        reread = written[name].array()
        if reread.dtype != array.dtype or reread.shape != array.shape:
            raise ConversionError(f"{partial}: tensor {name!r} reread has another dtype or shape")
        if not _same_bytes(reread, array):
            raise ConversionError(
                f"{partial}: tensor {name!r} reread differs from what was written: "
                f"the storage is unreliable; nothing was kept"
            )


def _same_bytes(one: Array, other: Array) -> bool:
    """Whether they agree in every bit, which numbers do not tell: NaN, and the zeros' signs."""
    bits = np.dtype(f"u{one.itemsize}")
    one, other = (array.reshape(-1).view(bits) for array in (one, other))
    return all(
        np.array_equal(one[start : start + BLOCK], other[start : start + BLOCK])
        for start in range(0, one.size, BLOCK)
    )


def sha256(path: Path) -> str:
    """sha256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
