"""Sharded safetensors: ``model.safetensors.index.json`` says in which shard each tensor is."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from convert.formats.checkpoint import Checkpoint, Tensor
from convert.formats.json_text import parse_json
from convert.formats.mapped import MappedFile
from convert.formats.safetensors import is_safetensors, read_safetensors

MOST_INDEX = 100_000_000  # bytes


def is_sharded(file: MappedFile) -> bool:
    text = file.head.lstrip()[:1] == b"{" and file.size <= MOST_INDEX
    return text and file.buffer.find(b'"weight_map"') >= 0


def read_sharded(file: MappedFile) -> Checkpoint:
    """The tensors of all shards, in the index's order; each ``offset`` is one in its own shard.

    Raises FormatError where index and shards do not name the same tensors.
    """
    where = _weight_map(file)
    tensors: dict[str, Tensor] = {}
    for shard in dict.fromkeys(where.values()):
        expected = {name for name, place in where.items() if place == shard}
        found = {tensor.name: tensor for tensor in _shard(file, shard)}
        for name in sorted(expected - found.keys()):
            what = f"the index says that it is in {shard!r}, which does not hold it"
            raise file.error(f"{what}; fetch index and shards again", array=name)
        for name in sorted(found.keys() - expected):
            what = f"it is in {shard!r}, and in the index it is in {where.get(name, 'no shard')!r}"
            raise file.error(f"{what}; fetch index and shards again", array=name)
        tensors |= found
    shards = tuple(file.path.parent / shard for shard in sorted(set(where.values())))
    ordered = tuple(tensors[name] for name in where)
    return Checkpoint(file.path, "safetensors-sharded", True, ordered, shards=shards)


def _weight_map(file: MappedFile) -> dict[str, str]:
    try:
        index: Any = parse_json(file.buffer[:].decode())
    except ValueError as error:
        raise file.damaged(f"the index is no valid JSON ({error})", 0) from error
    match index:
        case {"weight_map": dict(where)} if all(isinstance(shard, str) for shard in where.values()):
            return where
    raise file.damaged("the index has no weight_map of tensors to shards", 0)


def _shard(file: MappedFile, name: str) -> tuple[Tensor, ...]:
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
    return read_safetensors(shard).tensors
