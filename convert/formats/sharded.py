"""Sharded safetensors: ``model.safetensors.index.json`` says in which shard each tensor is."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from convert.formats.checkpoint import Checkpoint, Tensor
from convert.formats.json_text import parse_json
from convert.formats.limits import MAX_ARRAYS, MAX_DIRECTORY
from convert.formats.mapped import MappedFile
from convert.formats.safetensors import is_safetensors, read_safetensors


def is_sharded(file: MappedFile) -> bool:
    text = file.head.lstrip()[:1] == b"{" and file.size <= MAX_DIRECTORY
    return text and b'"weight_map"' in file.read(0, file.size)


def read_sharded(file: MappedFile) -> Checkpoint:
    """The tensors of all shards, in the index's order; each ``offset`` counts in its own shard.

    Raises FormatError if the index and the shards do not name the same tensors.
    """
    where = _weight_map(file)
    listed: dict[str, set[str]] = {}
    for name, shard in where.items():
        listed.setdefault(shard, set()).add(name)
    tensors: dict[str, Tensor] = {}
    shards: list[MappedFile] = []
    for shard, expected in listed.items():
        shards.append(_shard(file, shard))
        found = {tensor.name: tensor for tensor in read_safetensors(shards[-1]).tensors}
        for name in sorted(expected - found.keys()):
            what = f"the index says that it is in {shard!r}, which does not hold it"
            raise file.error(f"{what}; fetch index and shards again", array=name)
        for name in sorted(found.keys() - expected):
            what = f"it is in {shard!r}, and in the index it is in {where.get(name, 'no shard')!r}"
            raise file.error(f"{what}; fetch index and shards again", array=name)
        tensors |= found
    ordered = tuple(tensors[name] for name in where)
    return Checkpoint(file.path, "safetensors-sharded", True, ordered, files=tuple(shards))


def _weight_map(file: MappedFile) -> dict[str, str]:
    try:
        index: Any = parse_json(file.read(0, file.size).decode())
    except ValueError as error:
        raise file.damaged(f"the index is no valid JSON ({error})", 0) from error
    match index:
        case {"weight_map": dict(where)} if all(isinstance(shard, str) for shard in where.values()):
            if len(where) <= MAX_ARRAYS:
                return where
            raise file.error(f"{len(where)} tensors; expected at most {MAX_ARRAYS}")
    raise file.damaged("the index has no weight_map of tensors to shards", 0)


def _shard(file: MappedFile, name: str) -> MappedFile:
    if "\\" in name or "\0" in name or name in ("", ".", "..") or PurePath(name).name != name:
        what = f"the shard {name[:100]!r} is no plain file name; expected one beside the index"
        raise file.error(f"{what}: fetch the index again")
    path = file.path.parent / name
    if not path.exists():
        what = f"the shard {name[:100]!r} is not beside the index; fetch it into the same folder"
        raise file.error(what)
    shard = MappedFile.open(path)
    if not is_safetensors(shard):
        what = f"the shard {name[:100]!r} is no safetensors file"
        raise file.error(f"{what}; only shards of safetensors are read")
    return shard
