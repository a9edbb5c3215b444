"""Reads PyTorch's checkpoints, as ``torch.save`` writes them: a pickle of names, shapes and
strides, and storages of plain values. The pickle is never run, and the values stay in the file.

Since PyTorch 1.6 this is a zip of uncompressed members, ``NAME/data.pkl`` and ``NAME/data/KEY``.
Before, and with ``_use_new_zipfile_serialization=False``, it is a row of pickles (a magic number,
the protocol, the system, the object, the storages' keys), then each storage: u64 count, values.
(pytorch/torch/serialization.py, ``_save`` and ``_legacy_save``.)
"""

from __future__ import annotations

from functools import cache, partial
from struct import Struct

from convert.formats.archive import Member, directory, members
from convert.formats.checkpoint import Checkpoint
from convert.formats.mapped import MappedFile
from convert.formats.pickled import unpickle
from convert.formats.state_dict import find_weights
from convert.formats.torch_names import KNOWN
from convert.formats.torch_tensor import Region, TorchStorage, as_storage, rebuild
from mappings.choice import NO_CHOICE, Choice

MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the first pickle of the older layout
PROTOCOL = 1001
COUNT = Struct("<Q")


def is_pytorch_zip(file: MappedFile) -> bool:
    return file.head.startswith(b"PK\x03\x04") and _holds(file, "data.pkl")


def is_pytorch_legacy(file: MappedFile) -> bool:
    return file.head[:1] == b"\x80" and MAGIC in file.head[:32]


def read_pytorch_zip(file: MappedFile, choice: Choice = NO_CHOICE) -> Checkpoint:
    """The weights of a zip that ``torch.save`` wrote, in the order of the state dict.

    Raises FormatError if the file is damaged, and as ``find_weights`` does.
    """
    if _holds(file, "constants.pkl"):
        what = "this is a TorchScript archive, which holds code"
        raise file.error(f"{what}; torch.jit.load it where you trust it, save its state_dict()")
    listed = members(file)
    found = {member.name: member for member in listed}
    pickles = [member for member in listed if f"/{member.name}".endswith("/data.pkl")]
    if len(found) < len(listed) or len(pickles) != 1:
        what = f"{len(listed)} members of {len(found)} names, {len(pickles)} of them data.pkl"
        raise file.damaged(f"{what}; expected each name once", 0)
    (pickle,) = pickles
    prefix = pickle.name.removesuffix("data.pkl")
    order = found.get(f"{prefix}byteorder")
    if order is not None and file.read(order.begin, order.end) != b"little":
        what = "the values are said to be big-endian; save them on a little-endian machine"
        raise file.error(what, order.begin)
    _require_crc(file, pickle)
    value, end = unpickle(file, pickle.begin, KNOWN, as_storage)
    if end != pickle.end:
        raise file.damaged(f"the pickle ends here; expected its end at {pickle.end}", end)
    regions = {
        name.removeprefix(f"{prefix}data/"): Region(
            member.begin,
            member.end - member.begin,
            cache(partial(_require_crc, file, member)),  # many tensors may share a storage
        )
        for name, member in found.items()
        if name.startswith(f"{prefix}data/")
    }
    return _checkpoint(file, "pytorch-zip", value, regions, choice)


def read_pytorch_legacy(file: MappedFile, choice: Choice = NO_CHOICE) -> Checkpoint:
    """The weights of a file in the layout that ``torch.save`` wrote before PyTorch 1.6."""
    storages: dict[str, TorchStorage] = {}

    def persistent(spelled: object) -> TorchStorage:
        storage = as_storage(spelled)
        storages.setdefault(storage.key, storage)
        return storage

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
    if len(keys) != len(storages) or set(keys) != storages.keys():
        what = f"{len(keys)} storages are listed and {len(storages)} used; expected the same"
        raise file.damaged(what, start)
    regions: dict[str, Region] = {}
    for key in keys:
        file.require("the size of a storage", at, COUNT.size, None)
        count = file.unpack(COUNT, at)[0]
        if count != storages[key].total:
            what = f"a storage of {count} values; the pickle says {storages[key].total}"
            raise file.damaged(what, at)
        regions[key] = Region(at := at + COUNT.size, storages[key].nbytes)
        file.require(f"a storage of {count} values", at, regions[key].nbytes, None)
        at += regions[key].nbytes
    if at != file.size:
        raise file.damaged(f"{file.size - at} bytes follow the last storage", at)
    return _checkpoint(file, "pytorch-legacy", value, regions, choice)


def _holds(file: MappedFile, name: str) -> bool:
    return any(f"/{info.filename}".endswith(f"/{name}") for info in directory(file)[0])


def _require_crc(file: MappedFile, member: Member) -> None:
    if member.crc:  # 0 where torch.serialization.set_crc32_options(False) left it out
        member.require_crc(file, member.name)


def _checkpoint(
    file: MappedFile, format: str, value: object, regions: dict[str, Region], choice: Choice
) -> Checkpoint:
    weights = find_weights(file, value, choice)
    tensors = tuple(rebuild(file, name, call, regions) for name, call in weights.tensors.items())
    found = weights.selection
    return Checkpoint(
        file.path,
        format,
        weights.named,
        tensors,
        found.notes,
        weights=found.weights,
        averaged=found.averaged,
        ignored=found.ignored,
    )
