"""The ``.params`` file of MXNet 2.x and numpy's ``.npz``: a zip of ``.npy`` arrays, uncompressed.

A sparse array is a folder (src/serialization/cnpy.cc, npz::save_array; scipy.sparse.save_npz):
``name/{data,indices,shape,format}.npy``, and ``indptr.npy`` for csr. The header of MXNet's
``format.npy`` is invalid; only the word behind it is used.
"""

from __future__ import annotations

from convert.formats.archive import Member, members
from convert.formats.block import Stored, as_tensor
from convert.formats.checkpoint import Checkpoint, Tensor
from convert.formats.limits import MAX_NDIM
from convert.formats.mapped import MappedFile
from convert.formats.npy import npy_block, npy_header
from convert.formats.sparse import Csr, RowSparse

ROW_SPARSE = ["data.npy", "format.npy", "indices.npy", "shape.npy"]
CSR = ["data.npy", "format.npy", "indices.npy", "indptr.npy", "shape.npy"]


def read_npz(file: MappedFile) -> Checkpoint:
    """The arrays of the zip, in file order. Raises FormatError if the file is damaged."""
    folders: dict[str, list[Member]] = {}
    for member in members(file):
        folders.setdefault(member.name[: member.name.rfind("/") + 1], []).append(member)
    tensors: list[Tensor] = []
    for folder, files in folders.items():
        if sorted(member.name.removeprefix(folder) for member in files) in (ROW_SPARSE, CSR):
            parts = {member.name.removeprefix(folder): member for member in files}
            tensors.append(_sparse(file, folder.removesuffix("/"), parts))
        else:
            tensors += (_dense(file, member) for member in files)
    tensors.sort(key=lambda tensor: tensor.offset)
    names: set[str] = set()
    for tensor in tensors:
        if tensor.name in names:
            raise file.damaged("the name occurs twice", tensor.offset, tensor.name)
        names.add(tensor.name)
    return Checkpoint(file.path, "npz", True, tuple(tensors))


def _dense(file: MappedFile, member: Member) -> Tensor:
    name = member.name.removesuffix(".npy")
    if name == member.name:
        what = "the zip holds a file that is no .npy array; take it out with zip -d"
        raise file.error(what, member.begin, member.name)
    block = npy_block(file, member.begin, member.end, name)
    return as_tensor(file, name, block, lambda: member.require_crc(file, name))


def _sparse(file: MappedFile, name: str, parts: dict[str, Member]) -> Tensor:
    def check() -> None:
        for member in parts.values():
            member.require_crc(file, name)

    check()  # the shape is read from these bytes
    _require_format(file, name, parts)
    shape = _shape(file, name, parts["shape.npy"])
    blocks = {
        part: npy_block(file, parts[part].begin, parts[part].end, name)
        for part in parts.keys() - {"format.npy", "shape.npy"}
    }
    values, indices = blocks["data.npy"], blocks["indices.npy"]
    array: Stored = RowSparse(shape, values, indices)
    if indptr := blocks.get("indptr.npy"):
        array = Csr(shape, values, indptr, indices)
    array.require(file, name)
    return as_tensor(file, name, array, check)


def _require_format(file: MappedFile, name: str, parts: dict[str, Member]) -> None:
    member = parts["format.npy"]
    _, at = npy_header(file, member.begin, member.end, name)
    word = file.read(at, min(member.end, at + 20))
    if word != (b"csr" if "indptr.npy" in parts else b"row_sparse"):
        what = f"a sparse array of format {word!r}; expected b'row_sparse', or b'csr' with indptr"
        raise file.error(f"{what}: save it in one of these, or dense", at, name)


def _shape(file: MappedFile, name: str, member: Member) -> tuple[int, ...]:
    block = npy_block(file, member.begin, member.end, name)
    if block.dtype != "int64" or len(block.shape) != 1 or block.shape[0] > MAX_NDIM:
        what = f"a shape of {block.dtype.name} values, themselves of shape {block.shape}"
        raise file.damaged(f"{what}; expected int64 of shape (ndim,)", block.offset, name)
    shape = tuple(block.load(file, name).tolist())
    if min(shape, default=0) < 0:
        what = f"the shape is {shape}; expected no dimension below 0"
        raise file.damaged(what, block.offset, name)
    return shape
