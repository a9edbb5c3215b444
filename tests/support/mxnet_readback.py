"""What MXNet itself reads from list files; imported by the scripts that run inside MXNet."""

import ctypes
import pathlib

import mxnet as mx
import numpy as np
from mxnet.base import _LIB, NDArrayHandle, check_call
from mxnet.ndarray.sparse import _ndarray_cls

UNDEFINED = -1  # the storage type of an array without values


def read_back(folder: pathlib.Path) -> None:
    """Beside every ``FILE`` in the folder leave ``FILE.npz``: ``names``, and each array that is
    not none under its position, dense."""
    for path in sorted(folder.iterdir()):
        try:
            names, arrays = load(path, np_shape=True)
        except mx.MXNetError:  # a list of V0 to V2 is only read as it was written
            names, arrays = load(path, np_shape=False)
        present = {str(i): array for i, array in enumerate(arrays) if array is not None}
        encoded = np.array([len(arrays), *names], dtype=object).astype(str)
        np.savez(f"{path}.npz", names=encoded, **present)


def load(path, np_shape):
    """mx.nd.load, which cannot represent an array that is none."""
    count, name_count = ctypes.c_uint(), ctypes.c_uint()
    handles, names = ctypes.POINTER(NDArrayHandle)(), ctypes.POINTER(ctypes.c_char_p)()
    with mx.util.np_shape(np_shape):
        check_call(
            _LIB.MXNDArrayLoad(
                str(path).encode(),
                ctypes.byref(count),
                ctypes.byref(handles),
                ctypes.byref(name_count),
                ctypes.byref(names),
            )
        )
        arrays = [dense(NDArrayHandle(handles[i])) for i in range(count.value)]
    return [names[i].decode() for i in range(name_count.value)], arrays


def dense(handle):
    storage = ctypes.c_int()
    check_call(_LIB.MXNDArrayGetStorageType(handle, ctypes.byref(storage)))
    return None if storage.value == UNDEFINED else _ndarray_cls(handle).asnumpy()
