"""Writes a file of tensors: written, synced, reread, compared, put in its place with records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from convert.formats import Array, Checkpoint, Tensor, open_checkpoint
from convert.formats.appearing import appearing, sync
from convert.formats.checkpoint import sha256_of, split
from convert.formats.regular import sha256
from convert.formats.write_params import write_params
from convert.precision import Scratch
from convert.provenance import Conversion, Evidence
from mappings.errors import ConversionError

WIDEST = 8  # bytes of an element at most


def write_proven(
    target: Path,
    checkpoint: Checkpoint,
    count: int,
    values: Callable[[Scratch], Mapping[str, Array]],
    beside: Sequence[Path],
    report: Callable[[Evidence], tuple[Conversion, Sequence[str]]],
    *,
    replacing: bool,
) -> Conversion:
    """Write ``values`` to ``target``, and the texts of ``report`` to the files ``beside`` it: all
    or nothing. The result is what else ``report`` gives.

    ``count`` elements at most are converted in a scratch file beside the target. The format is that
    of the target's name. The file is reread only after it is on disk, so the comparison covers what
    the disk did with it.

    Raises ConversionError for values that cannot be written as asked, and for a file that does not
    read back as it was written; WriteError for a target that another process is writing, and for a
    full disk; FormatError for a source that changes meanwhile, as its hash would be of other bytes.
    """
    with (
        ThreadPoolExecutor(3) as pool,
        appearing(*beside, target, replacing=replacing) as (*records, partial),
        Scratch.open(target.parent, WIDEST * count) as scratch,
    ):
        hashes = [pool.submit(file.sha256) for file in checkpoint.files]
        arrays = values(scratch)
        digests = pool.submit(_digests, arrays)
        if target.suffix == ".params":
            write_params(partial, arrays)
        else:
            _save(arrays, partial)
        sync(partial)
        target_hash = pool.submit(sha256, partial)
        _compare(partial, arrays)
        sources = tuple(digest.result() for digest in hashes)
        checkpoint.require_unchanged()
        evidence = Evidence(sources, target_hash.result(), digests.result())
        conversion, texts = report(evidence)
        for path, text in zip(records, texts, strict=True):
            path.write_text(text, encoding="utf-8")
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
