"""Writes a file of tensors: written, synced, reread, compared, put in its place with records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from convert.formats import Checkpoint, open_checkpoint
from convert.formats.appearing import appearing
from convert.formats.given_values import Values
from convert.formats.hash_beside import HashBeside
from convert.provenance import Conversion, Evidence
from convert.reread import Reread, pieces
from mappings.errors import ConversionError


def write_proven(
    target: Path,
    checkpoint: Checkpoint,
    values: Callable[[], Mapping[str, Values]],
    beside: Sequence[Path],
    report: Callable[[Evidence], tuple[Conversion, Sequence[str]]],
    *,
    replacing: bool,
) -> Conversion:
    """Write ``values`` to ``target``, and the texts of ``report`` to the files ``beside`` it: all
    or nothing. The result is what else ``report`` gives.

    The format is that of the target's name. The target is hashed as it is written. What is on
    disk is reread behind the writer, so the comparison covers what the disk did with it, and
    compares every byte with the source's values once more: the hash is that of the file.

    Raises ConversionError for values that cannot be written as asked, and for a file that does not
    read back as it was written; WriteError for a target that another process is writing, and for a
    full disk; FormatError for a source that changes meanwhile, as its hash would be of other bytes.
    """
    with (
        ThreadPoolExecutor(3) as pool,
        appearing(*beside, target, replacing=replacing) as (*records, partial),
    ):
        hashes = [pool.submit(file.sha256) for file in checkpoint.files]
        arrays = values()
        try:
            with Reread(partial, arrays) as reread:
                hashed, digests = _save(arrays, partial, reread.written)
                reread.finish()
            _require_readable(partial, arrays, reread.offsets)
        except ConversionError:
            checkpoint.require_unchanged()  # a source that changed has other values now
            raise
        sources = tuple(digest.result() for digest in hashes)
        checkpoint.require_unchanged()
        conversion, texts = report(Evidence(sources, hashed, digests))
        for path, text in zip(records, texts, strict=True):
            path.write_text(text, encoding="utf-8")
    return conversion


def _save(
    arrays: Mapping[str, Values], path: Path, written: Callable[[int], None]
) -> tuple[str, dict[str, str]]:
    """Write the file; sha256 in hex of it and of each tensor, both of the very bytes that are
    written. ``written`` is told the size that the file has with each tensor."""
    laid, digests, size = pieces(path, arrays), {}, 0
    with open(path, "xb") as file, HashBeside() as whole, HashBeside() as one:
        for piece in laid:
            if isinstance(piece, bytes):
                whole.add(piece)
                size += file.write(piece)
                continue
            for part in arrays[piece].parts():
                data = part.view(np.uint8).data
                whole.add(data)
                one.add(data)
                size += file.write(data)
            digests[piece] = one.finish()
            file.flush()
            written(size)
        hashed = whole.finish().result()
        return hashed, {name: digests[name].result() for name in arrays}


def _require_readable(
    partial: Path, arrays: Mapping[str, Values], offsets: Mapping[str, int]
) -> None:
    """Demand that the reader of the format finds each tensor where it was compared. Raises
    ConversionError."""
    written = {tensor.name: tensor for tensor in open_checkpoint(partial).tensors}
    if written.keys() != arrays.keys():
        raise ConversionError(f"{partial}: the file reread has other tensors than were written")
    for name, values in arrays.items():
        tensor = written[name]
        if tensor.dtype != values.dtype.name or tensor.shape != values.shape:
            raise ConversionError(f"{partial}: tensor {name!r} reread has another dtype or shape")
        if tensor.offset != offsets[name]:
            raise ConversionError(f"{partial}: tensor {name!r} is reread from another place")
