"""Recognises a file by its content, never by its name, and reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from os import PathLike

from convert.formats import npy, params
from convert.formats.archive import directory
from convert.formats.block import dtype_of
from convert.formats.checkpoint import Checkpoint
from convert.formats.impostors import describe
from convert.formats.limits import MAX_DENSE_BYTES, MAX_DENSE_RATIO, MAX_NAME
from convert.formats.mapped import MappedFile
from convert.formats.model_archive import open_file
from convert.formats.npz import read_npz
from convert.formats.pytorch import (
    is_pytorch_legacy,
    is_pytorch_zip,
    read_pytorch_legacy,
    read_pytorch_zip,
)
from convert.formats.safetensors import is_safetensors, read_safetensors
from convert.formats.selection import selected
from convert.formats.sharded import is_sharded, read_sharded
from mappings.choice import NO_CHOICE, Choice

Recogniser = Callable[[MappedFile], bool]
Reader = Callable[[MappedFile], Checkpoint]


def is_params(file: MappedFile) -> bool:
    mark = params.U64.pack(params.MAGIC)
    return file.head[:8] == mark[: file.size]  # a file shorter than the mark counts too


def is_npz(file: MappedFile) -> bool:
    if not file.head.startswith(b"PK\x03\x04"):
        return False
    return any(info.filename.endswith(".npy") for info in directory(file)[0])


READERS: tuple[tuple[Recogniser, Reader], ...] = (
    (is_params, params.read_params),
    (lambda file: file.head.startswith(npy.MAGIC), npy.read_npy),
    (is_npz, read_npz),
    (is_safetensors, read_safetensors),
    (is_sharded, read_sharded),
)
TORCH: tuple[tuple[Recogniser, Callable[[MappedFile, Choice], Checkpoint]], ...] = (
    (is_pytorch_legacy, read_pytorch_legacy),
    (is_pytorch_zip, read_pytorch_zip),
)


def open_checkpoint(path: str | PathLike[str], choice: Choice = NO_CHOICE) -> Checkpoint:
    """The named arrays of a checkpoint in any supported format. Only its structure is read, no
    values. A file in an archive is named as ``model.tar.gz/model-0000.params``.

    ``choice`` says which tensors are meant if a file holds more than one network's weights.
    Sparse and expanded arrays must not promise much more than the file holds (``limits.py``).

    Raises FormatError if there is no such file; if it is not a checkpoint, saying what it is; if it
    is damaged or has a name longer than MAX_NAME; if it holds two sets of weights without a choice;
    and if the choice finds nothing to choose.
    """
    return checkpoint_in(open_file(path), choice)


def checkpoint_in(file: MappedFile, choice: Choice = NO_CHOICE) -> Checkpoint:
    """The same for a file that is open already, such as one that was taken out of an archive."""
    if choice.weights is not None and choice.ema is not None:
        what = "--weights names the set of weights that --ema or --no-ema would choose"
        raise file.error(f"{what}: give one of them")
    found = _read(file, choice)
    checkpoint = replace(found, files=(file, *found.files))
    checkpoint.require_unchanged()
    _require_bounds(file, checkpoint)
    return checkpoint


def _read(file: MappedFile, choice: Choice) -> Checkpoint:
    for recognises, read_set in TORCH:
        if recognises(file):
            return read_set(file, choice)
    for recognises, read in READERS:
        if recognises(file):
            return selected(read(file), choice)
    raise file.error(describe(file))


def _require_bounds(file: MappedFile, checkpoint: Checkpoint) -> None:
    left = max(MAX_DENSE_BYTES, MAX_DENSE_RATIO * checkpoint.nbytes)
    for tensor in checkpoint.tensors:
        if len(tensor.name) > MAX_NAME:
            what = f"the name that begins {tensor.name[:60]!r} has {len(tensor.name)} characters"
            raise file.error(f"{what}; expected at most {MAX_NAME}: rename this tensor")
        if tensor.dtype is not None:
            left -= prod(tensor.shape) * dtype_of(tensor.dtype).itemsize
        if left < 0:
            raise file.error(
                f"with this one of shape {tensor.shape}, the arrays that {checkpoint.nbytes} bytes "
                f"stand for are more than can be made here; save them dense, or leave it out",
                tensor.offset,
                tensor.name,
            )
