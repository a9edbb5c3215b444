"""Finds where a tensor of a PyTorch checkpoint lies, from the calls that would rebuild it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.formats.block import as_tensor, dtype_of
from convert.formats.checkpoint import Tensor
from convert.formats.limits import MAX_ARGUMENTS, MAX_NDIM, MAX_STORAGE_KEY, MAX_WRAPPINGS
from convert.formats.mapped import MappedFile
from convert.formats.pickled import Global, PickledCall
from convert.formats.strided import strided
from convert.formats.torch_names import (
    NUMBERS,
    REBUILD_PARAMETER,
    REBUILD_TENSOR,
    REBUILD_TYPED,
    REBUILD_UNTYPED,
    REFUSED,
    STORAGES,
    TYPES,
)

NOTHING = PickledCall(None, ())  # a call that makes no tensor


@dataclass(frozen=True, eq=False)
class TorchStorage:
    """A view of a storage of ``total`` values: ``count`` values, beginning at value ``start``."""

    key: str
    dtype: str
    total: int
    start: int
    count: int

    @property
    def itemsize(self) -> int:
        return dtype_of(self.dtype).itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of the whole storage."""
        return self.total * self.itemsize


@dataclass(frozen=True)
class Region:
    """Where a storage lies. ``check`` raises FormatError if its bytes fail their checksum."""

    begin: int
    nbytes: int
    check: Callable[[], None] = lambda: None


def as_storage(spelled: object) -> TorchStorage:
    """The storage that a persistent id describes. Raises ValueError for any other value."""
    if not isinstance(spelled, tuple) or len(spelled) > MAX_ARGUMENTS:
        raise ValueError("the persistent id of something else than a storage")
    match spelled:
        case ("storage", Global(kind), str(key), str(), int(total), *view) if kind in STORAGES:
            if len(key) > MAX_STORAGE_KEY:
                raise ValueError(f"the key of a storage has {len(key)} characters")
            start, count = 0, total
            match view:
                case [] | [None]:
                    pass
                case [(str(), int(start), int(count))]:  # before PyTorch 0.4
                    pass
                case _:
                    raise ValueError("invalid storage view")
            if not 0 <= start <= start + count <= total:
                raise ValueError(f"values {start} to {start + count} of a storage of {total}")
            return TorchStorage(key, STORAGES[kind], total, start, count)
    raise ValueError("the persistent id of something else than a storage")


def rebuild(file: MappedFile, name: str, call: PickledCall, regions: dict[str, Region]) -> Tensor:
    """The tensor that ``call`` would make.

    Raises FormatError if its kind has no plain values, or if it lies outside its storage.
    """
    match _without_type(call):
        case PickledCall(Global(function)) if function in REFUSED:
            raise file.error(f"the tensor is {REFUSED[function]}", array=name)
        case PickledCall(
            Global(function),
            (TorchStorage() as storage, int(offset), tuple() as shape, tuple() as strides, *rest),
        ) if len(shape) <= MAX_NDIM >= len(strides) and all(
            type(number) is int for number in shape + strides
        ):
            dtype = _dtype(file, name, storage, function, rest)
        case _:
            raise file.error("this is no tensor; save model.state_dict() alone", array=name)
    region = regions.get(storage.key)
    if region is None or region.nbytes != storage.nbytes:
        found = "is not in the file" if region is None else f"has {region.nbytes} bytes"
        what = f"the storage {storage.key[:100]!r} {found}; expected {storage.nbytes}"
        raise file.damaged(what, region.begin if region else 0, name)
    begin = 0 if 0 in shape else offset * dtype.itemsize
    at = region.begin + storage.start * storage.itemsize + begin
    try:
        stored = strided(at, shape, strides, dtype)
    except ValueError as error:
        raise file.damaged(str(error), region.begin, name) from error
    if begin < 0 or begin + stored.nbytes > storage.count * storage.itemsize:
        what = f"shape {shape}, strides {strides} and offset {offset} reach outside"
        raise file.damaged(f"{what} the {storage.count} values of the storage", region.begin, name)
    stored.require(file, name)
    return as_tensor(file, name, stored, region.check)


def shape_of(value: object) -> tuple[int, ...] | None:
    """The shape of the tensor that a value would become; None if it is not a plain tensor."""
    if not isinstance(value, PickledCall):
        return None
    match _without_type(value).arguments:
        case (TorchStorage(), int(), tuple() as shape, *_) if len(shape) <= MAX_NDIM:
            return shape if all(type(number) is int for number in shape) else None
    return None


def _without_type(call: PickledCall) -> PickledCall:
    """The call inside a Parameter or a tensor with attributes; NOTHING if nested too deeply."""
    for _ in range(MAX_WRAPPINGS):
        arguments = call.arguments
        if not isinstance(arguments, tuple) or len(arguments) > MAX_ARGUMENTS:
            return NOTHING
        match call:
            case PickledCall(Global(name), (PickledCall() as inner, *_)) if (
                name in REBUILD_PARAMETER
            ):
                call = inner
            case PickledCall(
                Global(name), (Global() as function, Global(kind), tuple() as arguments, _)
            ) if name == REBUILD_TYPED and kind in TYPES:
                call = PickledCall(function, arguments)
            case _:
                return call
    return NOTHING


def _dtype(
    file: MappedFile, name: str, storage: TorchStorage, function: str, rest: list[Any]
) -> np.dtype[Any]:
    """The dtype of a tensor. ``rest`` holds requires_grad, hooks, the dtype if the storage is
    untyped, and sometimes metadata."""
    match rest:
        case [_, _, Global(spelled), *metadata] if function == REBUILD_UNTYPED:
            dtype = spelled.removeprefix("torch.")
        case [_, _, *metadata] | ([] as metadata) if function in REBUILD_TENSOR:
            dtype = storage.dtype
        case _:
            raise file.error("this is no tensor; save model.state_dict() alone", array=name)
    if dtype not in NUMBERS:
        what = f"the tensor is {dtype}, which no file that is written here can hold"
        raise file.error(f"{what}; save it as one of {', '.join(NUMBERS)}", array=name)
    if any(metadata):
        what = "the tensor's values are still to be negated or conjugated"
        raise file.error(f"{what}; save tensor.resolve_conj().resolve_neg()", array=name)
    return dtype_of(dtype)
