"""The PyTorch readers against torch.save itself, and against files that lie or would run code."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import random
import subprocess
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from struct import pack
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import timm
import torch

from convert.formats import Checkpoint, open_checkpoint
from convert.formats.mapped import MappedFile
from convert.formats.pickled import unpickle
from mappings.choice import Choice
from mappings.errors import FormatError
from tests.support.memory import memory_below

ZIP, LEGACY = "pytorch-zip", "pytorch-legacy"
both = pytest.mark.parametrize("format", [ZIP, LEGACY])


def saved(value: Any, format: str = ZIP, **options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=format == ZIP, **options)
    return stream.getvalue()


def read(tmp_path: Path, content: bytes, **choice: Any) -> Checkpoint:
    file = tmp_path / "file"
    file.unlink(missing_ok=True)  # what is still mapped of the last one stays as it was
    file.write_bytes(content)
    return open_checkpoint(file, Choice(**choice))


def refusal(tmp_path: Path, content: bytes, **choice: Any) -> FormatError:
    with pytest.raises(FormatError) as caught:
        for tensor in read(tmp_path, content, **choice).tensors:
            tensor.array()
    assert caught.value.file == str(tmp_path / "file")
    assert "\n" not in str(caught.value)
    return caught.value


def values(tensor: torch.Tensor) -> bytes:
    return tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def require_same(checkpoint: Checkpoint, state: dict[str, torch.Tensor]) -> None:
    assert [tensor.name for tensor in checkpoint.tensors] == list(state)
    for tensor in checkpoint.tensors:
        expected, array = state[tensor.name], tensor.array()
        assert tensor.shape == array.shape == tuple(expected.shape)
        assert tensor.dtype == array.dtype.name == str(expected.dtype).removeprefix("torch.")
        assert array.flags.c_contiguous
        assert array.tobytes() == (values(expected) if expected.numel() else b"")


NUMBERS = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    *(torch.uint16, torch.uint32, torch.uint64),
)
W = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) + 1
LAYOUTS = {
    "contiguous": W,
    "transposed": W.t() if W.ndim == 2 else W.transpose(0, 2),
    "permuted": W.permute(1, 2, 0),
    "sliced": W[1],
    "stepped": W[:, ::2, 1::2],
    "expanded": torch.tensor([1.0, 2.0])[:, None].expand(2, 5),
    "diagonal": torch.diagonal(W, dim1=1, dim2=2),
    "channels-last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "channels-last-of-one": torch.rand(1, 3, 1, 1).to(memory_format=torch.channels_last),
    "overlapping": torch.arange(6.0).as_strided((3, 3), (1, 1)),
    "scalar": torch.tensor(7.0),
    "count": torch.tensor(3),
    "count-float": torch.tensor(3.0),
    "empty": torch.zeros(0, 3),
    "empty-behind": W.reshape(-1)[24:],
    "empty-slice": W[:, 3:, 2:],
    "empty-beyond": W[2:, 3:, 3:],
}


@both
def test_every_dtype_and_layout_that_torch_saves_comes_back(format: str, tmp_path: Path) -> None:
    state = {f"{dtype}": torch.tensor([[0, 1], [1, 2]]).to(dtype) for dtype in NUMBERS} | LAYOUTS
    checkpoint = read(tmp_path, saved(state, format))
    assert (checkpoint.format, checkpoint.named, checkpoint.notes) == (format, True, ())
    require_same(checkpoint, state)


def test_bfloat16_is_that_of_ml_dtypes(tmp_path: Path) -> None:
    (tensor,) = read(tmp_path, saved({"w": W.bfloat16()})).tensors
    np.testing.assert_array_equal(tensor.array(), W.numpy().astype(ml_dtypes.bfloat16))


@both
def test_a_network_of_timm_comes_back_wrapped_in_dataparallel(format: str, tmp_path: Path) -> None:
    network = timm.create_model("test_resnet")
    require_same(read(tmp_path, saved(network.state_dict(), format)), network.state_dict())
    parallel = torch.nn.DataParallel(network)
    checkpoint = read(tmp_path, saved(parallel.state_dict(), format))
    assert checkpoint.tensors[0].name.startswith("module.")
    require_same(checkpoint, parallel.state_dict())


@both
def test_parameters_and_tensors_with_attributes_are_tensors(format: str, tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(W.clone())
    marked = torch.nn.Parameter(W.clone() + 1)
    marked.mark = "kept by torch, of no use here"  # type: ignore[attr-defined]
    buffer = torch.nn.Buffer(W.clone() + 2)
    attributed = W.clone()
    attributed.mark = 1  # type: ignore[attr-defined]
    state = {"p": parameter, "m": marked, "b": buffer, "a": attributed}
    require_same(read(tmp_path, saved(state, format)), state)


@both
def test_tied_tensors_and_views_share_the_bytes_of_their_storage(
    format: str, tmp_path: Path
) -> None:
    checkpoint = read(tmp_path, saved({"a": W, "tied": W, "second": W[1], "t": W.mT}, format))
    offset = {tensor.name: tensor.offset for tensor in checkpoint.tensors}
    assert offset["a"] == offset["tied"] == offset["t"] == offset["second"] - 48
    content = (tmp_path / "file").read_bytes()
    assert content[offset["a"] : offset["a"] + 96] == values(W)
    require_same(checkpoint, {"a": W, "tied": W, "second": W[1], "t": W.mT})


@both
def test_a_contiguous_tensor_is_a_read_only_view_of_the_file(format: str, tmp_path: Path) -> None:
    (tensor,) = read(tmp_path, saved({"w": torch.ones(2**22)}, format)).tensors
    with memory_below(100_000):
        array = tensor.array()
    assert not array.flags.writeable
    del tensor
    assert array.sum() == 2**22


def test_the_stride_of_a_dimension_of_one_makes_no_copy(tmp_path: Path) -> None:
    state = {"w": W.as_strided((1, 24), (999, 1))}
    checkpoint = read(tmp_path, saved(state))
    require_same(checkpoint, state)
    assert not checkpoint.tensors[0].array().flags.owndata


@pytest.mark.parametrize("protocol", [3, 4, 5])
@both
def test_newer_pickles_are_read_too(protocol: int, format: str, tmp_path: Path) -> None:
    state = OrderedDict({f"{'x' * n}": W[0, :, :n].clone() for n in (1, 2, 3)})
    value = {"state_dict": state, "seen": {1, 2}, "raw": b"\xff", "tied": state["x"]}
    require_same(read(tmp_path, saved(value, format, pickle_protocol=protocol)), state)


def test_a_file_saved_without_checksums_is_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        content = saved({"w": W})
    finally:
        torch.serialization.set_crc32_options(True)
    require_same(read(tmp_path, content), {"w": W})


@both
def test_a_list_of_tensors_and_one_tensor_are_unnamed(format: str, tmp_path: Path) -> None:
    for value in ([W, W[1]], (W, W[1])):
        checkpoint = read(tmp_path, saved(value, format))
        assert not checkpoint.named
        require_same(checkpoint, {"0": W, "1": W[1]})
    require_same(read(tmp_path, saved(W, format)), {"0": W})


@both
def test_an_empty_state_dict_holds_no_tensors(format: str, tmp_path: Path) -> None:
    for value in ({}, OrderedDict(), {"state_dict": {}}):
        assert read(tmp_path, saved(value, format)).tensors == ()


# --- weights beside other things


def training(**more: Any) -> dict[str, Any]:
    """What timm's CheckpointSaver writes, with arguments as train.py parses them."""
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "epoch": 3,
        "arch": "test",
        "state_dict": {"w": W},
        "optimizer": optimizer.state_dict(),
        "version": 2,
        "args": argparse.Namespace(lr=0.1, mean=(0.5,), output=Path("runs")),
        "amp_scaler": torch.amp.GradScaler("cpu").state_dict(),
        "metric": np.float64(77.5),
        **more,
    }


@both
def test_the_weights_of_a_training_run_are_taken_and_the_rest_is_named(
    format: str, tmp_path: Path
) -> None:
    checkpoint = read(tmp_path, saved(training(), format))
    require_same(checkpoint, {"w": W})
    taken, ignored = checkpoint.notes
    assert "the weights under 'state_dict'" in taken
    assert "'epoch', 'arch', 'optimizer', 'version', 'args', 'amp_scaler', 'metric'" in ignored


@pytest.mark.parametrize("module", [b"pathlib", b"pathlib._local"])
@pytest.mark.parametrize("name", [b"PosixPath", b"PureWindowsPath"])
def test_paths_beside_the_weights_are_ignored_whichever_python_wrote_them(
    module: bytes, name: bytes, tmp_path: Path
) -> None:
    """Python 3.13 calls the module of paths ``pathlib._local``; others ``pathlib``."""
    beside = {"state_dict": {"w": W}, "args": PurePosixPath("runs")}
    content = saved(beside, LEGACY)
    own = PurePosixPath.__module__.encode()
    other = content.replace(b"c" + own + b"\nPurePosixPath\n", b"c" + module + b"\n" + name + b"\n")
    assert b"c" + module + b"\n" + name + b"\n" in other
    require_same(read(tmp_path, other), {"w": W})


@pytest.mark.parametrize("averaged", ["state_dict_ema", "model_ema", "ema"])
@both
def test_of_last_and_averaged_weights_one_must_be_chosen(
    averaged: str, format: str, tmp_path: Path
) -> None:
    content = saved(training(**{averaged: {"w": W + 1}}), format)
    error = refusal(tmp_path, content)
    assert "--ema takes the averaged weights, --no-ema the last ones" in error.what
    assert averaged in error.what
    checkpoint = read(tmp_path, content, ema=True)
    require_same(checkpoint, {"w": W + 1})
    assert f"the averaged weights under {averaged!r}" in checkpoint.notes[0]
    require_same(read(tmp_path, content, ema=False), {"w": W})


@pytest.mark.parametrize("key", ["state_dict", "model", "state_dict_ema", "net", "anything"])
def test_the_only_weights_are_taken_and_a_flag_to_choose_is_refused(
    key: str, tmp_path: Path
) -> None:
    content = saved({key: {"w": W}, "epoch": 1})
    checkpoint = read(tmp_path, content)
    require_same(checkpoint, {"w": W})
    assert repr(key) in checkpoint.notes[0]
    assert checkpoint.weights == key
    for ema in (True, False):
        assert "this holds one set of weights" in refusal(tmp_path, content, ema=ema).what


def test_a_checkpoint_of_mmengine_is_read(tmp_path: Path) -> None:
    meta = {"epoch": 100, "cfg": "model = dict(type='ImageClassifier')", "CLASSES": ("a", "b")}
    hub = {"log_scalars": {"loss": np.ones(3)}, "random": np.random.default_rng(0).random(3)}
    value = {"meta": meta, "state_dict": {"backbone.w": W}, "message_hub": hub, "optimizer": {}}
    checkpoint = read(tmp_path, saved(value))
    require_same(checkpoint, {"backbone.w": W})
    assert "'meta', 'message_hub', 'optimizer'" in checkpoint.notes[1]


def test_a_layer_called_model_is_no_wrapping(tmp_path: Path) -> None:
    state = {"model": W, "ema": W + 1}
    require_same(read(tmp_path, saved(state)), state)


SPARSE = torch.eye(3)
NO_WEIGHTS: dict[str, tuple[Any, str]] = {
    "a number": (3, "a int; expected a state dict"),
    "text": ("weights", "a str; expected a state dict"),
    "none": (None, "a NoneType; expected a state dict"),
    "an epoch": ({"epoch": 3}, "array 'epoch': a int where a tensor is expected"),
    "a mapping beside tensors": ({"w": W, "x": {}}, "array 'x': a dict where a tensor is expected"),
    "mixed": ({"w": W, "b": None}, "array 'b': a NoneType"),
    "numbers as names": ({("a", 1): W}, "a name in the state dict is not a text"),
    "a NUL in a name": ({"a\0b": W}, "cannot be a tensor's name"),
    "a lone surrogate": ({"a\ud800b": W}, "cannot be a tensor's name"),
    "two wrappings": ({"model": {"w": W}, "state_dict": {"w": W + 1}}, "'model', 'state_dict'"),
    "an array": ({"w": np.ones(3)}, "this is no tensor"),
    "a storage": ({"w": W.untyped_storage()}, "where a tensor is expected"),
    "a size": ({"w": W.shape}, "this is no tensor"),
    "sparse": ({"w": SPARSE.to_sparse()}, "array 'w': the tensor is sparse"),
    "meta": ({"w": torch.ones(3, device="meta")}, "array 'w': the tensor is on the meta device"),
    "complex": ({"w": torch.ones(3, dtype=torch.complex64)}, "the tensor is complex64"),
    "negated": ({"w": torch.tensor([1j]).conj().imag}, "resolve_neg"),
    "float8": ({"w": W.to(torch.float8_e4m3fn)}, "the tensor is float8_e4m3fn"),
}


@both
@pytest.mark.parametrize("name", NO_WEIGHTS)
def test_what_holds_no_weights_says_what_it_holds(name: str, format: str, tmp_path: Path) -> None:
    value, what = NO_WEIGHTS[name]
    error = refusal(tmp_path, saved(value, format))
    assert what in str(error)
    assert any(word in error.what for word in ("save", "fetch", "--weights"))


@pytest.mark.filterwarnings("ignore")  # both are beta, or on their way out
@both
def test_quantised_and_sparse_tensors_are_refused(format: str, tmp_path: Path) -> None:
    quantised = torch.quantize_per_tensor(W, 0.1, 0, torch.qint8)
    assert "array 'w': the tensor is quantised" in str(refusal(tmp_path, saved({"w": quantised})))
    error = refusal(tmp_path, saved({"w": SPARSE.to_sparse_csr()}, format))
    assert "array 'w': the tensor is sparse" in str(error)
    channels = torch.quantize_per_channel(W[0], torch.ones(3), torch.zeros(3), 0, torch.quint8)
    assert "the tensor is quantised" in str(refusal(tmp_path, saved({"w": channels}, format)))


@both
def test_a_whole_module_is_refused_by_the_class_it_asks_for(format: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, saved(torch.nn.Linear(3, 2), format))
    assert "'torch.nn.modules.linear.Linear'" in error.what
    assert "save model.state_dict()" in error.what
    content = (tmp_path / "file").read_bytes()
    assert error.offset is not None
    assert content[error.offset :].startswith(b"ctorch.nn.modules.linear\nLinear\n")


class Subclass(torch.Tensor):
    pass


@both
def test_a_tensor_of_a_subclass_is_refused_by_its_class(format: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, saved({"w": W.as_subclass(Subclass)}, format))  # type: ignore[arg-type]
    assert f"{__name__}.Subclass" in error.what


@pytest.mark.filterwarnings("ignore")  # torch.jit is deprecated, and its files remain
def test_torchscript_is_refused_by_name(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(3, 2), torch.ones(1, 3)), tmp_path / "jit")
    error = refusal(tmp_path, (tmp_path / "jit").read_bytes())
    assert "TorchScript" in error.what
    assert "state_dict()" in error.what


def test_big_endian_values_are_refused(tmp_path: Path) -> None:
    content = saved({"w": W})
    assert "big-endian" in refusal(tmp_path, rezipped(content, byteorder=b"big")).what
    legacy = saved({"w": W}, LEGACY)
    at = legacy.index(b"little_endian") + 13
    changed = legacy[:at] + legacy[at:].replace(b"\x88", b"\x89", 1)
    assert "little-endian machine is expected" in refusal(tmp_path, changed).what


# --- files that would run code


class Evil:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@both
@pytest.mark.parametrize("where", ["alone", "in the state dict", "beside it", "as a name"])
def test_nothing_in_a_file_is_run(where: str, format: str, tmp_path: Path) -> None:
    target = tmp_path / "written"
    evil = Evil(os.mkdir, str(target))
    value: Any = {
        "alone": evil,
        "in the state dict": {"w": W, "evil": evil},
        "beside it": {"state_dict": {"w": W}, "evil": evil},
        "as a name": {evil: W},
    }[where]
    content = saved(value, format)
    error = refusal(tmp_path, content)
    assert not target.exists()
    assert "'posix.mkdir'" in error.what
    assert "never run" in error.what
    torch.load(io.BytesIO(content), weights_only=False)  # the file does what it is feared to do
    assert target.exists()


@pytest.mark.parametrize(
    "evil",
    [
        Evil(eval, "1"),
        Evil(exec, "1"),
        Evil(__import__, "os"),
        Evil(os.system, "true"),
        Evil(torch.load, "file"),
        Evil(torch.hub.load, "file"),
        Evil(subprocess.Popen, ["true"]),
        Evil(open, "file", "w"),
        Evil(np.load, "file"),
    ],
)
@both
def test_a_global_that_is_none_of_a_state_dict_is_refused(
    evil: Evil, format: str, tmp_path: Path
) -> None:
    error = refusal(tmp_path, saved({"state_dict": {"w": W}, "evil": evil}, format))
    assert evil.call[0].__name__ in error.what
    assert error.offset


def test_a_known_name_beside_the_weights_is_not_called_either(tmp_path: Path) -> None:
    """``bytearray(2**62)`` and ``getattr``: allowed where they are ignored, and no weights."""
    for call in (Evil(bytearray, 2**62), Evil(getattr, argparse.Namespace, "x")):
        require_same(read(tmp_path, saved({"state_dict": {"w": W}, "x": call})), {"w": W})
        assert "no tensor" in refusal(tmp_path, saved({"state_dict": {"w": W, "x": call}})).what


def test_the_reader_imports_no_torch(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(saved({"w": W}))
    code = (
        "import sys; from convert.formats import open_checkpoint; open_checkpoint(sys.argv[1])"
        ".tensors[0].array(); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "file"], cwd=Path(__file__).parents[1]
    )
    assert done.returncode == 0


# --- files that lie


def rezipped(content: bytes, compression: int = zipfile.ZIP_STORED, **changed: bytes) -> bytes:
    """The zip written again with valid checksums; ``changed`` by the last part of the name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for info in old.infolist():
            member = changed.get(info.filename.split("/", 1)[1].replace("/", "_").replace(".", "_"))
            new.writestr(info.filename, old.read(info) if member is None else member, compression)
    return stream.getvalue()


def test_a_compressed_member_is_refused(tmp_path: Path) -> None:
    content = rezipped(saved({"w": torch.zeros(2**20)}), zipfile.ZIP_DEFLATED)
    assert len(content) < 2**16
    assert "compressed" in refusal(tmp_path, content).what


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    for name in ("archive/data/0", "archive/data.pkl", "other/data.pkl"):
        stream = io.BytesIO(rezipped(saved({"w": W})))
        with zipfile.ZipFile(stream, "a") as archive:
            archive.writestr(name, pickled({"w": rebuilt(Storage())}))
        assert "each name once" in refusal(tmp_path, stream.getvalue()).what


def test_a_changed_value_is_told_by_the_checksum(tmp_path: Path) -> None:
    content = bytearray(saved({"w": W}))
    (tensor,) = read(tmp_path, bytes(content)).tensors
    content[tensor.offset + 5] ^= 1
    assert "checksum" in refusal(tmp_path, bytes(content)).what


class Storage:
    """Pickled as torch pickles a storage: by a persistent id."""

    def __init__(self, count: Any = 24, key: str = "0", kind: str = "FloatStorage") -> None:
        self.id = ("storage", getattr(torch, kind), key, "cpu", count)


def pickled(value: Any) -> bytes:
    stream = io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return obj.id if isinstance(obj, Storage) else None

    Pickler(stream, 2).dump(value)
    return stream.getvalue()


def rebuilt(
    storage: Any, offset: Any = 0, shape: Any = (2, 3, 4), strides: Any = (12, 4, 1)
) -> Evil:
    arguments = (storage, offset, shape, strides, False, OrderedDict())
    return Evil(torch._utils._rebuild_tensor_v2, *arguments)


def zip_of(value: Any) -> bytes:
    """A zip with one storage of 24 float32 values, "0", and that value."""
    return rezipped(saved({"w": W}), data_pkl=pickled(value))


def legacy_of(value: Any, keys: Any = ("0",), count: int = 24, tail: bytes = b"") -> bytes:
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    heads = (0x1950A86A20F9469CFC6C, 1001, system, value, list(keys))
    return b"".join(map(pickled, heads)) + pack("<Q", count) + values(W) + tail


LYING_TENSORS = {
    "too large": rebuilt(Storage(), 0, (2, 3, 5), (15, 5, 1)),
    "too far": rebuilt(Storage(), 1),
    "far beyond": rebuilt(Storage(), 2**40),
    "before the storage": rebuilt(Storage(), -1),
    "far before": rebuilt(Storage(), -(2**40)),
    "negative stride": rebuilt(Storage(), 0, (2, 3, 4), (12, -4, 1)),
    "negative dimension": rebuilt(Storage(), 0, (2, -3, 4)),
    "strides too few": rebuilt(Storage(), 0, (2, 3, 4), (4, 1)),
    "stride too long": rebuilt(Storage(), 0, (2, 3), (2**62, 1)),
    "a product beyond 64 bits": rebuilt(Storage(), 0, (2**33, 2**33), (2**33, 1)),
    "an empty array beyond 64 bits": rebuilt(Storage(), 0, (0, 2**62, 2**62), (1, 1, 1)),
    "a number of 2000 bits": rebuilt(Storage(), 0, (2**2000,), (0,)),
    "too many dimensions": rebuilt(Storage(), 0, (1,) * 65, (1,) * 65),
    "expanded without end": rebuilt(Storage(), 0, (2**40, 24), (0, 1)),
    "a float as a dimension": rebuilt(Storage(), 0, (2.0, 3, 4)),
    "a bool as a dimension": rebuilt(Storage(), 0, (True, 3, 4)),
    "text as an offset": rebuilt(Storage(), "0"),
    "lists": rebuilt(Storage(), 0, [2, 3, 4], [12, 4, 1]),
    "no storage": rebuilt("0"),
    "a storage larger than it is": rebuilt(Storage(2**40), 0, (2**40,), (1,)),
    "a storage smaller than it is": rebuilt(Storage(12), 0, (3,), (1,)),
    "a storage of another type": rebuilt(Storage(24, "0", "LongStorage"), 0, (24,), (1,)),
    "a storage that is not there": rebuilt(Storage(24, "1")),
    "a storage outside the folder": rebuilt(Storage(24, "../version")),
    "a storage of negative size": rebuilt(Storage(-24)),
    "a storage of half a value": rebuilt(Storage(1.5)),
    "a tensor without arguments": Evil(torch._utils._rebuild_tensor_v2),
    "a parameter without a tensor": Evil(torch._utils._rebuild_parameter, 1, True, OrderedDict()),
}


@pytest.mark.parametrize("name", LYING_TENSORS)
def test_a_tensor_that_is_not_in_its_storage_is_refused(name: str, tmp_path: Path) -> None:
    for content in (zip_of({"w": LYING_TENSORS[name]}), legacy_of({"w": LYING_TENSORS[name]})):
        with memory_below(2**22):
            refusal(tmp_path, content)


def test_the_lies_are_told_by_files_that_would_otherwise_be_read(tmp_path: Path) -> None:
    for content in (zip_of({"w": rebuilt(Storage())}), legacy_of({"w": rebuilt(Storage())})):
        require_same(read(tmp_path, content), {"w": W})


LYING_LEGACY = {
    "bytes behind": legacy_of({"w": rebuilt(Storage())}, tail=b"\0"),
    "cut short": legacy_of({"w": rebuilt(Storage())})[:-1],
    "another count": legacy_of({"w": rebuilt(Storage())}, count=23),
    "a count without end": legacy_of({"w": rebuilt(Storage(2**62))}, count=2**62),
    "a key twice": legacy_of({"w": rebuilt(Storage())}, ("0", "0")),
    "a key of nothing": legacy_of({"w": rebuilt(Storage())}, ("0", "1")),
    "no key": legacy_of({"w": rebuilt(Storage())}, ()),
    "a number as a key": legacy_of({"w": rebuilt(Storage())}, (0,)),
}


@pytest.mark.parametrize("name", LYING_LEGACY)
def test_a_legacy_file_whose_parts_disagree_is_refused(name: str, tmp_path: Path) -> None:
    assert "fetch it again" in refusal(tmp_path, LYING_LEGACY[name]).what


def test_views_of_a_storage_as_they_were_before_pytorch_0_4_are_read(tmp_path: Path) -> None:
    view = Storage()
    view.id += (("7", 12, 12),)  # type: ignore[assignment]
    content = legacy_of({"w": rebuilt(view, 4, (2, 4), (4, 1))})
    require_same(read(tmp_path, content), {"w": W[1, 1:]})
    view.id = (*view.id[:5], ("7", 12, 13))  # type: ignore[assignment]
    assert "storage" in refusal(tmp_path, legacy_of({"w": rebuilt(view)})).what


@pytest.mark.parametrize(
    "stored",
    [
        b"\x80\x02.",  # nothing to return
        b"\x80\x02}q\0",  # no end
        b"\x80\x02h\x05.",  # what was never kept
        b"\x80\x02K\1K\2s.",  # an item set in nothing
        b"\x80\x02]K\1K\2s.",  # an item set in a list
        b"\x80\x02)K\1a.",  # appended to a tuple
        b"\x80\x02ccollections\nOrderedDict\n]R.",  # called with a list
        b"\x80\x02}(X\1\0\0\0aNX\1\0\0\0aNu.",  # a name twice
        b"\x80\x02}(X\1\0\0\0au.",  # a name without a value
        b"\x80\x02X\xff\xff\xff\xff.",  # text without end
        b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f.",  # likewise, of 64 bits
        b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",  # a bytearray
        b"\x80\x02}r\xff\xff\xff\xff.\xff",  # bytes behind its end
        b"\x80\x02\x82\1.",  # an extension
        b"\x80\x02P0\n.",  # a persistent id as text
        b"\x80\x02\x86.",  # a tuple of nothing
        b"\x80\x02t.",  # no mark
        b"ccollections\n\xffOrderedDict\n.",
        b"\x80\x02S'\\8'\n.",  # text of protocol 0, of which Python's own reader warns
        b"\xff",
    ],
)
def test_what_is_no_sound_pickle_is_refused_where_it_breaks(stored: bytes, tmp_path: Path) -> None:
    content = rezipped(saved({"w": W}), data_pkl=stored)
    with memory_below(2**22):
        error = refusal(tmp_path, content)
    assert error.offset is not None
    begin = content.index(b"data.pkl") + len(b"data.pkl")
    assert begin <= error.offset <= begin + len(stored) + 1


def test_a_memo_index_without_end_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\x80\x02}r\xff\xff\xff\xff.")
    with memory_below(2**20):
        assert unpickle(MappedFile.open(tmp_path / "file"), 0) == ({}, 9)


def test_a_key_that_takes_forever_to_hash_is_never_hashed(tmp_path: Path) -> None:
    key: Any = ()
    for _ in range(200):
        key = (key, key)
    stream = pickle.dumps(key, 2)[:-1]
    content = rezipped(saved({"w": W}), data_pkl=b"\x80\x02}" + stream[2:] + b"Ns.")
    assert "not a text" in refusal(tmp_path, content).what


@both
def test_a_file_cut_short_is_refused_wherever_it_is_cut(format: str, tmp_path: Path) -> None:
    content = saved(training(), format)
    random.seed(0)
    for length in {1, 8, 20, len(content) - 1, *random.sample(range(1, len(content)), 150)}:
        refusal(tmp_path, content[:length])


@both
def test_a_flipped_bit_changes_no_structure_unseen(format: str, tmp_path: Path) -> None:
    """A zip has checksums: it is refused or read as it was. The older layout has none: whatever
    is read then is sound.
    """
    state = {"conv1.weight": W, "bn1.weight": W[1].t(), "n": torch.tensor(1)}
    content = saved({"state_dict": state, "epoch": 3}, format)
    expected = read(tmp_path, content)
    random.seed(0)
    for _ in range(400):
        at, changed = random.randrange(len(content)), bytearray(content)
        changed[at] ^= 1 << random.randrange(8)
        try:
            checkpoint = read(tmp_path, bytes(changed))
            arrays = [tensor.array() for tensor in checkpoint.tensors]
        except FormatError:
            continue
        if format == ZIP:
            assert checkpoint == expected
            require_same(checkpoint, state)
        for tensor, array in zip(checkpoint.tensors, arrays, strict=True):
            assert array.shape == tensor.shape
            assert array.nbytes <= len(content)
