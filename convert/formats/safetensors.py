"""The safetensors reader: memory-mapped, every offset checked before it is used.

Layout: u64 length of the header, the header (JSON: name -> dtype, shape, data_offsets), the data.
(huggingface/safetensors, README, "Format"; ``validate`` in tensor.rs: no holes, no overlaps.)
"""

from __future__ import annotations

from typing import Any

from convert.formats.block import Block, as_tensor, dtype_of
from convert.formats.checkpoint import Checkpoint, Tensor
from convert.formats.json_text import parse_json
from convert.formats.limits import MAX_ARRAYS, MAX_DIRECTORY, MAX_NDIM
from convert.formats.mapped import MappedFile

DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "BF16": "bfloat16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
}


def is_safetensors(file: MappedFile) -> bool:
    return file.head[8:9] == b"{" and file.head[6:8] == b"\0\0"  # a length below 2**48


def read_safetensors(file: MappedFile) -> Checkpoint:
    """The tensors of a safetensors file, in the order of their data.

    Raises FormatError for anything the format does not allow.
    """
    file.require("the length of the header", 0, 8, None)
    begin = 8 + int.from_bytes(file.head[:8], "little")
    file.require("the header", 8, begin - 8, None)
    blocks = [(name, _block(file, name, entry, begin)) for name, entry in _header(file, begin)]
    blocks.sort(key=lambda block: (block[1].offset, block[1].nbytes))
    tensors: list[Tensor] = []
    end = begin
    for name, block in blocks:
        if block.offset != end:
            what = f"the values begin at byte {block.offset}; expected no hole and no overlap"
            raise file.damaged(what, end, name)
        block.require(file, name)
        end += block.nbytes
        tensors.append(as_tensor(file, name, block))
    if end != file.size:
        raise file.damaged(f"{file.size - end} bytes follow the last tensor", end)
    return Checkpoint(file.path, "safetensors", True, tuple(tensors))


def _header(file: MappedFile, end: int) -> list[tuple[str, Any]]:
    try:
        if end - 8 > MAX_DIRECTORY:
            raise ValueError(f"it takes {end - 8} bytes; expected at most {MAX_DIRECTORY}")
        text = file.read(8, end)
        if text.count(b"{") > MAX_ARRAYS + 2 or text.count(b"[") > 2 * MAX_ARRAYS:
            raise ValueError(f"it lists more than {MAX_ARRAYS} tensors")
        header = parse_json(text.decode())
    except ValueError as error:
        raise file.damaged(f"the header is no valid JSON ({error})", 8) from error
    if not isinstance(header, dict):
        raise file.damaged("the header is no JSON object", 8)
    header.pop("__metadata__", None)
    return list(header.items())


def _block(file: MappedFile, name: str, entry: Any, begin: int) -> Block:
    match entry:
        case {"dtype": str(code), "shape": list(shape), "data_offsets": [start, end]}:
            pass
        case _:
            raise file.damaged("the entry lacks dtype, shape or data_offsets", 8, name)
    if code not in DTYPES:
        what = f"values of type {code[:100]!r}; expected one of {', '.join(DTYPES)}"
        raise file.error(f"{what}: save the tensor as one of these", 8, name)
    if not all(type(number) is int and number >= 0 for number in (*shape, start, end)):
        raise file.damaged("a dimension or an offset is no natural number", 8, name)
    if len(shape) > MAX_NDIM:
        raise file.damaged(f"{len(shape)} dimensions; expected 0 to {MAX_NDIM}", 8, name)
    block = Block(begin + start, tuple(shape), dtype_of(DTYPES[code]))
    if end - start != block.nbytes:
        what = f"{end - start} bytes for {code} values of shape {block.shape}"
        raise file.damaged(f"{what}; expected {block.nbytes}", 8, name)
    return block
