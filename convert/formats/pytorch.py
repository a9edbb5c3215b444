"""PyTorch's checkpoints, as ``torch.save`` writes them: a pickle of names, shapes and strides, and
storages of plain values. The pickle is read and never run; the values stay where they lie.

Since PyTorch 1.6 this is a zip of uncompressed members, ``NAME/data.pkl`` and ``NAME/data/KEY``.
Before, and with ``_use_new_zipfile_serialization=False``, it is a row of pickles (a magic number,
the protocol, the system, the object, the storages' keys), then each storage: u64 count, values.
(pytorch/torch/serialization.py, ``_save`` and ``_legacy_save``.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from struct import Struct

from convert.formats.archive import Member, directory, members
from convert.formats.block import Stored, as_tensor, dtype_of
from convert.formats.checkpoint import Checkpoint, Tensor
from convert.formats.mapped import MappedFile
from convert.formats.pickled import Call, Global, unpickle
from convert.formats.state_dict import find_weights
from convert.formats.strided import strided
from convert.formats.torch_names import (
    KNOWN,
    NUMBERS,
    REBUILD_PARAMETER,
    REBUILD_TENSOR,
    REBUILD_TYPED,
    REBUILD_UNTYPED,
    REFUSED,
    STORAGES,
    TYPES,
)
from mappings.errors import FormatError

MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the first pickle of the older layout
PROTOCOL = 1001
COUNT = Struct("<Q")


@dataclass(frozen=True, eq=False)
class TorchStorage:
    """``count`` values from ``start`` on, of a storage that has ``total``."""

    key: str
    dtype: str
    total: int
    start: int
    count: int

    @property
    def nbytes(self) -> int:
        """Of the whole storage."""
        return self.total * dtype_of(self.dtype).itemsize


@dataclass(frozen=True)
class Region:
    """The bytes of a storage; ``check`` raises FormatError where they are not those written."""

    begin: int
    nbytes: int
    check: Callable[[], None] = lambda: None


def is_pytorch_zip(file: MappedFile) -> bool:
    if not file.head.startswith(b"PK\x03\x04"):
        return False
    return any(f"/{info.filename}".endswith("/data.pkl") for info in directory(file)[0])


def is_pytorch_legacy(file: MappedFile) -> bool:
    return file.head[:1] == b"\x80" and MAGIC in file.head[:32]


def read_pytorch_zip(file: MappedFile, ema: bool | None = None) -> Checkpoint:
    """The weights of a zip that ``torch.save`` wrote, in the order of the state dict.

    Raises FormatError where the file is not sound, and as ``find_weights`` does.
    """
    found = {member.name: member for member in members(file)}
    (pickle, *more) = [m for m in found.values() if f"/{m.name}".endswith("/data.pkl")]
    prefix = pickle.name.removesuffix("data.pkl")
    if more or f"{prefix}constants.pkl" in found:
        what = "this is a TorchScript archive, which holds code"
        raise file.error(f"{what}; torch.jit.load it where you trust it, save its state_dict()")
    order = found.get(f"{prefix}byteorder")
    if order is not None and file.buffer[order.begin : order.end] != b"little":
        what = "the values are said to be big-endian; save them on a little-endian machine"
        raise file.error(what, order.begin)
    _require_crc(file, pickle, None)
    value, end = unpickle(file, pickle.begin, KNOWN, _storage)
    if end != pickle.end:
        raise file.damaged(f"the pickle ends here; expected its end at {pickle.end}", end)
    regions = {
        name.removeprefix(f"{prefix}data/"): Region(
            member.begin,
            member.end - member.begin,
            cache(lambda member=member: _require_crc(file, member, member.name)),
        )
        for name, member in found.items()
        if name.startswith(f"{prefix}data/")
    }
    return _checkpoint(file, "pytorch-zip", value, regions, ema)


def read_pytorch_legacy(file: MappedFile, ema: bool | None = None) -> Checkpoint:
    """The weights of a file that ``torch.save`` wrote before PyTorch 1.6, likewise."""
    storages: dict[str, TorchStorage] = {}

    def persistent(spelled: object) -> TorchStorage:
        storage = _storage(spelled)
        return storages.setdefault(storage.key, storage) and storage

    _, at = unpickle(file, 0)
    protocol, at = unpickle(file, start := at)
    system, at = unpickle(file, at)
    if protocol != PROTOCOL or not isinstance(system, dict) or not system.get("little_endian"):
        what = f"protocol {PROTOCOL} of a little-endian machine is expected here"
        raise file.error(f"{what}; load it with PyTorch and save it again", start)
    value, at = unpickle(file, at, KNOWN, persistent)
    keys, at = unpickle(file, start := at)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise file.damaged("expected the list of the storages' keys", start)
    if sorted(keys) != sorted(storages):
        what = f"{len(keys)} storages are listed and {len(storages)} used; expected the same"
        raise file.damaged(what, start)
    regions: dict[str, Region] = {}
    for key in keys:
        file.require("the size of a storage", at, COUNT.size, None)
        count = COUNT.unpack_from(file.buffer, at)[0]
        if count != storages[key].total:
            what = f"a storage of {count} values; the pickle says {storages[key].total}"
            raise file.damaged(what, at)
        regions[key] = Region(at := at + COUNT.size, storages[key].nbytes)
        file.require(f"a storage of {count} values", at, regions[key].nbytes, None)
        at += regions[key].nbytes
    if at != file.size:
        raise file.damaged(f"{file.size - at} bytes follow the last storage", at)
    return _checkpoint(file, "pytorch-legacy", value, regions, ema)


def _require_crc(file: MappedFile, member: Member, array: str | None) -> None:
    if member.crc:  # 0 where torch.serialization.set_crc32_options(False) left it out
        member.require_crc(file, array or member.name)


def _storage(spelled: object) -> TorchStorage:
    """Raises ValueError where that is no persistent id of a storage."""
    match spelled:
        case ("storage", Global(kind), str(key), str(), int(total), *view) if kind in STORAGES:
            match view:
                case [] | [None]:
                    start, count = 0, total
                case [(str(), int(start), int(count))]:
                    pass
                case _:
                    raise ValueError("the view of a storage is none")
            if not 0 <= start <= start + count <= total:
                raise ValueError(f"values {start} to {start + count} of a storage of {total}")
            return TorchStorage(key, STORAGES[kind], total, start, count)
    raise ValueError("a persistent id is that of no storage")


def _checkpoint(
    file: MappedFile, format: str, value: object, regions: dict[str, Region], ema: bool | None
) -> Checkpoint:
    weights = find_weights(file, value, ema)
    tensors = tuple(_tensor(file, name, call, regions) for name, call in weights.tensors.items())
    return Checkpoint(file.path, format, weights.named, tensors, weights.notes)


def _tensor(file: MappedFile, name: str, call: object, regions: dict[str, Region]) -> Tensor:
    while True:  # from the parameter to the tensor in it
        match call:
            case Call(Global(function), tuple() as arguments):
                pass
            case _:
                raise _refused(file, name, "something else than a tensor")
        match function, arguments:
            case _, (TorchStorage() as storage, int(offset), tuple() as shape, tuple() as strides, *_) :
                break
        raise NotImplementedError
