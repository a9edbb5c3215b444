"""The functions and classes that the pickle of a PyTorch checkpoint may name; none is ever called.

(pytorch/torch/_weights_only_unpickler.py, ``_get_allowed_globals``; torch/_utils.py.)
"""

from __future__ import annotations

from convert.formats.pickled import ORDERED_DICT

STORAGES = {
    "torch.DoubleStorage": "float64",
    "torch.FloatStorage": "float32",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
    "torch.ComplexDoubleStorage": "complex128",
    "torch.ComplexFloatStorage": "complex64",
    "torch.QInt32Storage": "int32",
    "torch.QInt8Storage": "int8",
    "torch.QUInt8Storage": "uint8",
    "torch.QUInt4x2Storage": "uint8",
    "torch.QUInt2x4Storage": "uint8",
    "torch.storage.UntypedStorage": "uint8",
}
NUMBERS = (
    *("float64", "float32", "float16", "bfloat16", "bool"),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"),
)
UNREAD = (
    *("complex32", "complex64", "complex128", "qint8", "quint8", "qint32", "quint4x2", "quint2x4"),
    *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
)

REBUILD = "torch._utils._rebuild_"
REBUILD_TENSOR = (f"{REBUILD}tensor", f"{REBUILD}tensor_v2")  # storage, offset, shape, strides, ...
REBUILD_UNTYPED = f"{REBUILD}tensor_v3"  # ..., requires_grad, hooks, dtype, ...
REBUILD_PARAMETER = (f"{REBUILD}parameter", f"{REBUILD}parameter_with_state")  # tensor, ...
REBUILD_TYPED = "torch._tensor._rebuild_from_type_v2"  # function, type, its arguments, state
TYPES = ("torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer")
REFUSED = {
    f"{REBUILD}qtensor": "quantised; save the float network that it was made from",
    f"{REBUILD}sparse_tensor": "sparse; save tensor.to_dense()",
    f"{REBUILD}sparse_csr_tensor": "sparse; save tensor.to_dense()",
    f"{REBUILD}nested_tensor": "nested; save the tensors in it",
    f"{REBUILD}meta_tensor_no_storage": "on the meta device, without values; save it from another",
    f"{REBUILD}wrapper_subclass": "of a class that wraps others; save those",
    f"{REBUILD}device_tensor_from_numpy": "saved from an unusual device; save tensor.cpu()",
    f"{REBUILD}device_tensor_from_cpu_tensor": "saved from an unusual device; save tensor.cpu()",
}

# What training scripts save beside the weights. It is ignored, and so are its arguments.
BUILTINS = ("set", "frozenset", "bytearray", "complex", "getattr")
BESIDE = (
    "argparse.Namespace",
    *(
        f"{module}.{pure}{system}Path"
        for module in ("pathlib", "pathlib._local")  # the latter is where Python 3.13 has them
        for pure in ("", "Pure")
        for system in ("Posix", "Windows")
    ),
    *("collections.Counter", "collections.defaultdict", "_codecs.encode"),
    *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in BUILTINS),
    *("torch.Size", "torch.device", "torch.serialization._get_layout"),
    *(f"torch.per_{axis}_affine" for axis in ("tensor", "channel")),
    *("numpy.dtype", "numpy.ndarray", "mmengine.logging.history_buffer.HistoryBuffer"),
    *(
        f"numpy.{core}.multiarray.{name}"
        for core in ("core", "_core")
        for name in ("scalar", "_reconstruct")
    ),
)

KNOWN = frozenset(
    (
        *(ORDERED_DICT, REBUILD_UNTYPED, REBUILD_TYPED, *REBUILD_TENSOR, *REBUILD_PARAMETER),
        *(*TYPES, *STORAGES, *REFUSED, *BESIDE),
        *(f"torch.{dtype}" for dtype in NUMBERS + UNREAD),
    )
)
