"""What a file is, by its content and never by its name; and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from convert.formats import npy, params
from convert.formats.archive import directory
from convert.formats.checkpoint import Checkpoint
from convert.formats.impostors import describe
from convert.formats.mapped import MappedFile
from convert.formats.npz import read_npz
from convert.formats.safetensors import MOST_HEADER, read_safetensors

Recogniser = Callable[[MappedFile], bool]
Reader = Callable[[MappedFile], Checkpoint]


def is_params(file: MappedFile) -> bool:
    mark = params.U64.pack(params.MAGIC)
    return file.head[:8] == mark[: file.size]  # shorter still: cut off within the mark


def is_npz(file: MappedFile) -> bool:
    """A zip with an array in it; PyTorch's checkpoints are zips too."""
    if not file.head.startswith(b"PK\x03\x04"):
        return False
    return any(info.filename.endswith(".npy") for info in directory(file)[0])


def is_safetensors(file: MappedFile) -> bool:
    return file.head[8:9] == b"{" and int.from_bytes(file.head[:8], "little") <= MOST_HEADER


READERS: tuple[tuple[Recogniser, Reader], ...] = (
    (is_params, params.read_params),
    (lambda file: file.head.startswith(npy.MAGIC), npy.read_npy),
    (is_npz, read_npz),
    (is_safetensors, lambda file: read_safetensors(file.path)),
)


def open_checkpoint(path: str | PathLike[str], ema: bool | None = None) -> Checkpoint:
    """The named arrays of a checkpoint in any supported format; of its bytes, only the structure
    is read.

    Raises FormatError where there is no file, where it is no checkpoint (saying what it is), and
    where it is not wholly sound.
    """
    file = MappedFile.open(path)
    for recognises, read in READERS:
        if recognises(file):
            return read(file)
    raise file.error(describe(file))
