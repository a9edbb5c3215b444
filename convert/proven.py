"""Writes a file of tensors: written, synced, reread, compared, put in its place with records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path

import numpy as np

from convert.formats import Checkpoint, Tensor, open_checkpoint
from convert.formats.appearing import appearing, sync
from convert.formats.file_layout import layout
from convert.formats.given_values import Values
from convert.formats.hash_beside import HashBeside
from convert.provenance import Conversion, Evidence
from mappings.errors import ConversionError

READERS = 2  # threads that reread: the disk has the next values while some are compared


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

    The format is that of the target's name. The target is hashed as it is written. It is reread
    only after it is on disk, so the comparison covers what the disk did with it, and compares every
    byte with the source's values once more: the hash is that of the file.

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
        hashed, digests = _save(arrays, partial)
        sync(partial)
        try:
            _compare(partial, arrays)
        except ConversionError:
            checkpoint.require_unchanged()  # a source that changed has other values now
            raise
        sources = tuple(digest.result() for digest in hashes)
        checkpoint.require_unchanged()
        conversion, texts = report(Evidence(sources, hashed, digests))
        for path, text in zip(records, texts, strict=True):
            path.write_text(text, encoding="utf-8")
    return conversion


def _save(arrays: Mapping[str, Values], path: Path) -> tuple[str, dict[str, str]]:
    """Write the file; sha256 in hex of it and of each tensor, both of the very bytes that are
    written."""
    try:
        pieces = layout(path, arrays)
    except ValueError as error:
        raise ConversionError(f"{path.name}: cannot be written: {error}") from error
    digests = {}
    with open(path, "xb") as file, HashBeside() as whole, HashBeside() as one:
        for piece in pieces:
            if isinstance(piece, bytes):
                whole.add(piece)
                file.write(piece)
                continue
            for part in arrays[piece].parts():
                data = part.view(np.uint8).data
                whole.add(data)
                one.add(data)
                file.write(data)
            digests[piece] = one.finish()
        hashed = whole.finish().result()
        return hashed, {name: digests[name].result() for name in arrays}


def _compare(partial: Path, arrays: Mapping[str, Values]) -> None:
    """Reread the written file and compare it byte for byte. Raises ConversionError."""
    reread = open_checkpoint(partial)
    written = {tensor.name: tensor for tensor in reread.tensors}
    if written.keys() != arrays.keys():
        raise ConversionError(f"{partial}: the file reread has other tensors than were written")
    for name, values in arrays.items():
        tensor = written[name]
        if tensor.dtype != values.dtype.name or tensor.shape != values.shape:
            raise ConversionError(f"{partial}: tensor {name!r} reread has another dtype or shape")
    places, at = [], 0
    for piece in layout(partial, arrays):
        places.append((piece, at))
        at += len(piece) if isinstance(piece, bytes) else _nbytes(arrays[piece])
    (file,) = reread.files
    if file.size != at:
        raise _differs(partial, "the size of the file")

    def check(piece: bytes | str, at: int) -> str | None:
        if isinstance(piece, bytes):
            return None if file.read(at, at + len(piece)) == piece else "what is beside the tensors"
        same = written[piece].offset == at and _same_bytes(written[piece], arrays[piece])
        return None if same else f"tensor {piece!r}"

    with ThreadPoolExecutor(READERS) as pool:
        for wrong in pool.map(check, *zip(*places, strict=True)):
            if wrong is not None:
                pool.shutdown(cancel_futures=True)
                raise _differs(partial, wrong)


def _differs(partial: Path, what: str) -> ConversionError:
    return ConversionError(
        f"{partial}: {what} reread differs from what was written: "
        f"the storage is unreliable; nothing was kept"
    )


def _nbytes(values: Values) -> int:
    return prod(values.shape) * values.dtype.itemsize


def _same_bytes(tensor: Tensor, values: Values) -> bool:
    """Whether all bits are equal: comparing numbers would miss those of NaN and a zero's sign."""
    bits = np.dtype(f"u{values.dtype.itemsize}")
    return all(
        np.array_equal(one.view(bits), other.view(bits))
        for one, other in zip(tensor.parts(), values.again(), strict=True)
    )
