"""Which set of weights is read, of files as training frameworks write them.

The averaged weights are the last ones plus one, so that every test sees which were taken.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch.optim.swa_utils import AveragedModel

from convert.formats import Checkpoint, open_checkpoint
from mappings.choice import Choice
from mappings.errors import ChoiceError, FormatError
from tests.support.memory import memory_below

State = dict[str, torch.Tensor]


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 4, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(4)
        self.fc = torch.nn.Linear(4, 5)


LAST: State = Network().state_dict()
AVERAGED: State = {n: t + 1 if t.is_floating_point() else t.clone() for n, t in LAST.items()}


def prefixed(prefix: str, state: State) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def read(tmp_path: Path, value: Any, **choice: Any) -> Checkpoint:
    file = tmp_path / "file.pth"
    file.unlink(missing_ok=True)
    torch.save(value, file)
    return open_checkpoint(file, Choice(**choice))


def refusal(tmp_path: Path, value: Any, **choice: Any) -> str:
    with pytest.raises(FormatError) as caught:
        read(tmp_path, value, **choice)
    assert "\n" not in str(caught.value)
    return caught.value.what


def require(checkpoint: Checkpoint, expected: State) -> None:
    found = {tensor.name: torch.from_numpy(tensor.array().copy()) for tensor in checkpoint.tensors}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


# --- keys whose meaning is known

KNOWN: dict[str, tuple[dict[str, Any], str, str]] = {  # the file, the averaged key, the last key
    "timm": (
        {"epoch": 1, "state_dict": LAST, "state_dict_ema": AVERAGED},
        "state_dict_ema",
        "state_dict",
    ),
    "deit": ({"model": LAST, "model_ema": AVERAGED, "epoch": 1}, "model_ema", "model"),
    "torchvision": (
        {
            "model": prefixed("module.", LAST),
            "model_ema": {"n_averaged": torch.tensor(7), **prefixed("module.", AVERAGED)},
        },
        "model_ema",
        "model",
    ),
    "an object that averages": (
        {"model": LAST, "ema": {"module": AVERAGED, "updates": 7}},
        "ema.module",
        "model",
    ),
    "basicsr": ({"params": LAST, "params_ema": AVERAGED}, "params_ema", "params"),
    "mmengine": (
        {
            "meta": {},
            "state_dict": AVERAGED,
            "message_hub": {"log_scalars": {}},
            "ema_state_dict": {"steps": torch.tensor(5), **prefixed("module.", LAST)},
        },
        "state_dict",
        "ema_state_dict",
    ),
    "lightning": (
        {
            "state_dict": prefixed("model.", AVERAGED),
            "current_model_state": prefixed("model.", LAST),
            "averaging_state": {"n_averaged": torch.tensor(7)},
        },
        "state_dict",
        "current_model_state",
    ),
    "nested": (
        {"checkpoint": {"model": LAST, "model_ema": AVERAGED}},
        "checkpoint.model_ema",
        "checkpoint.model",
    ),
}


def plain(checkpoint: Checkpoint) -> State:
    """The tensors under their names without wrappers."""
    return {
        tensor.name.removeprefix("module.").removeprefix("model."): torch.from_numpy(
            tensor.array().copy()
        )
        for tensor in checkpoint.tensors
    }


@pytest.mark.parametrize("writer", KNOWN)
def test_a_flag_chooses_where_the_keys_have_a_meaning(writer: str, tmp_path: Path) -> None:
    value, averaged, last = KNOWN[writer]
    what = refusal(tmp_path, value)
    assert f"the last weights ({last!r}) and the averaged ones ({averaged!r})" in what
    assert "--ema takes the averaged weights, --no-ema the last ones" in what
    for ema, key, expected in ((True, averaged, AVERAGED), (False, last, LAST)):
        for choice in ({"ema": ema}, {"weights": key}):
            checkpoint = read(tmp_path, value, **choice)
            found = plain(checkpoint)
            assert found.keys() == expected.keys()
            assert all(torch.equal(found[name], expected[name]) for name in expected)
            assert (checkpoint.weights, checkpoint.averaged) == (key, ema)
            assert f"the {'averaged' if ema else 'last'} weights under {key!r}" in str(
                checkpoint.notes
            )


# --- keys whose meaning nobody can know

UNKNOWN = [
    ("state_dict", "ema_state_dict"),  # mmengine swaps them, others do not
    ("model", "model_ema_state_dict"),
    ("state_dict", "ema_model"),
    ("model", "swa_model"),
    ("state_dict", "current_model_state"),
    ("student", "teacher"),
    ("encoder_q", "encoder_k"),
]


@pytest.mark.parametrize(("one", "other"), UNKNOWN)
def test_a_key_chooses_where_nobody_can_know(one: str, other: str, tmp_path: Path) -> None:
    value = {"epoch": 3, one: LAST, other: prefixed("module.", AVERAGED), "optimizer": {}}
    for choice in ({}, {"ema": True}, {"ema": False}):
        what = refusal(tmp_path, value, **choice)
        assert f"under {one!r}, {other!r}" in what
        assert "--weights KEY" in what
    checkpoint = read(tmp_path, value, weights=one)
    require(checkpoint, LAST)
    assert (checkpoint.weights, checkpoint.averaged) == (one, None)
    require(read(tmp_path, value, weights=other), prefixed("module.", AVERAGED))
    assert f"no weights are under 'nowhere'; this holds some under {one!r}" in refusal(
        tmp_path, value, weights="nowhere"
    )
    assert "give one of them" in refusal(tmp_path, value, weights=one, ema=True)


def test_averages_of_the_parameters_alone_are_a_second_set(tmp_path: Path) -> None:
    shadow = {n: t for n, t in AVERAGED.items() if "running" not in n and "tracked" not in n}
    value = {"model": LAST, "helper": {"decay": 0.999, "shadow": shadow}}
    assert "'model', 'helper.shadow'" in refusal(tmp_path, value)
    require(read(tmp_path, value, weights="model"), LAST)


def test_three_sets_are_listed(tmp_path: Path) -> None:
    value = {
        "state_dict": LAST,
        "state_dict_ema": AVERAGED,
        "best": AVERAGED | {"x": LAST["fc.bias"]},
    }
    assert "this holds 3 sets of weights" in refusal(tmp_path, value, ema=True)


def test_the_same_set_under_two_keys_is_one(tmp_path: Path) -> None:
    require(read(tmp_path, {"model": LAST, "state_dict": LAST}), LAST)


# --- one set, and other things beside it

ONE: dict[str, tuple[Any, str | None]] = {
    "alone": (LAST, None),
    "model_state_dict": ({"epoch": 1, "model_state_dict": LAST}, "model_state_dict"),
    "net": ({"net": LAST, "acc": 93.1}, "net"),
    "module": ({"arch": "x", "module": LAST, "is_pretrain": False}, "module"),
    "params": ({"params": LAST}, "params"),
    "nested": ({"checkpoint": {"model": LAST, "epoch": 3}}, "checkpoint.model"),
    "nested twice": ({"a": {"b": {"state_dict": LAST}}}, "a.b.state_dict"),
    "a tensor beside it": ({"state_dict": LAST, "best": torch.tensor(0.5)}, "state_dict"),
    "a loss": ({"state_dict": LAST, "loss": {"weight": torch.ones(5)}}, "state_dict"),
    "another network": (
        {"model": LAST, "discriminator": torch.nn.Linear(9, 9).state_dict()},
        "model",
    ),
    "moments": (
        {"model": LAST, "optimizer": {"state": {0: {"exp_avg": LAST["fc.weight"]}}}},
        "model",
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_one_set_of_weights_is_found_wherever_it_is(name: str, tmp_path: Path) -> None:
    value, key = ONE[name]
    checkpoint = read(tmp_path, value)
    require(checkpoint, LAST)
    assert (checkpoint.weights, checkpoint.averaged) == (key, None)
    for ema in (True, False):
        assert "one set of weights" in refusal(tmp_path, value, ema=ema)


def test_two_networks_under_unknown_keys_are_listed(tmp_path: Path) -> None:
    value = {"generator": LAST, "critic": torch.nn.Linear(9, 9).state_dict()}
    assert "'generator', 'critic'" in refusal(tmp_path, value)
    require(read(tmp_path, value, weights="generator"), LAST)


def test_the_averaged_set_alone_is_said_to_be_averaged(tmp_path: Path) -> None:
    checkpoint = read(tmp_path, {"model_ema": AVERAGED})
    assert (checkpoint.weights, checkpoint.averaged) == ("model_ema", True)


# --- what wrappers add


def test_the_counter_of_an_averaged_model_is_ignored(tmp_path: Path) -> None:
    model = AveragedModel(Network())
    checkpoint = read(tmp_path, model.state_dict())
    require(checkpoint, {n: t for n, t in model.state_dict().items() if n != "n_averaged"})
    assert any("'n_averaged' counts" in note for note in checkpoint.notes)
    save_file(model.state_dict(), tmp_path / "file.safetensors")
    names = [tensor.name for tensor in open_checkpoint(tmp_path / "file.safetensors").tensors]
    assert names and "n_averaged" not in names


def test_a_tensor_called_like_a_counter_is_kept(tmp_path: Path) -> None:
    state = {"steps": torch.tensor(3), **LAST}
    require(read(tmp_path, state), state)


def mmcv(within: str = "") -> State:
    """As mmcv's EMAHook has them after an epoch: the parameters swapped with their buffers."""
    parameters = [name for name, _ in Network().named_parameters()]
    state = prefixed(within, {n: AVERAGED[n] if n in parameters else LAST[n] for n in LAST})
    return state | {f"{within}ema_{n.replace('.', '_')}": LAST[n] for n in parameters}


@pytest.mark.parametrize("within", ["", "module."])
def test_the_buffers_of_mmcvs_averages_are_a_second_set(within: str, tmp_path: Path) -> None:
    state = mmcv(within)
    value = {"meta": {"mmcv_version": "1.7.1"}, "state_dict": state}
    what = refusal(tmp_path, value)
    assert "'state_dict.ema_*'" in what and "--no-ema" in what
    plain = {name: tensor for name, tensor in state.items() if "ema_" not in name}
    for choice, key, expected, ema in (
        ({"ema": True}, "state_dict", plain, True),
        ({"weights": "state_dict"}, "state_dict", plain, True),
        ({"ema": False}, "state_dict.ema_*", prefixed(within, LAST), False),
        ({"weights": "state_dict.ema_*"}, "state_dict.ema_*", prefixed(within, LAST), False),
    ):
        checkpoint = read(tmp_path, value, **choice)
        require(checkpoint, expected)
        assert (checkpoint.weights, checkpoint.averaged) == (key, ema)
    checkpoint = read(tmp_path, state, ema=True)
    assert checkpoint.weights == "."
    require(read(tmp_path, state, weights="."), plain)
    require(read(tmp_path, state, weights="ema_*"), prefixed(within, LAST))


# --- parts of one mapping

DISTILLED = {**prefixed("student.", LAST), **prefixed("teacher.", AVERAGED)}


def test_a_beginning_of_names_is_a_key(tmp_path: Path) -> None:
    for value, key in ((DISTILLED, "student"), ({"state_dict": DISTILLED}, "state_dict.student")):
        checkpoint = read(tmp_path, value, weights="student")
        require(checkpoint, prefixed("student.", LAST))
        assert checkpoint.weights == key
        require(read(tmp_path, value, weights=key), prefixed("student.", LAST))
        what = refusal(tmp_path, value, weights="pupil")
        assert "no tensors are under" in what and "'student', 'teacher'" in what
    save_file(DISTILLED, tmp_path / "file.safetensors")
    checkpoint = open_checkpoint(tmp_path / "file.safetensors", Choice(weights="teacher"))
    require(checkpoint, prefixed("teacher.", AVERAGED))


def test_ignored_names_are_left_out_and_recorded(tmp_path: Path) -> None:
    state = {**LAST, "criterion.weight": torch.ones(5), "criterion.margin": torch.ones(1)}
    ignore = ("criterion.*",)
    checkpoint = read(tmp_path, {"state_dict": state}, ignore=ignore)
    require(checkpoint, LAST)
    assert checkpoint.ignored == ("criterion.weight", "criterion.margin")
    assert any("ignored as asked: 'criterion.weight'" in note for note in checkpoint.notes)
    what = refusal(tmp_path, {"state_dict": state}, ignore=("criterion.*", "loss.*"))
    assert "--ignore 'loss.*' matches no name" in what and "'criterion'" in what
    save_file(state, tmp_path / "file.safetensors")
    require(open_checkpoint(tmp_path / "file.safetensors", Choice(ignore=ignore)), LAST)
    with pytest.raises(ChoiceError, match="matches no name"):
        open_checkpoint(tmp_path / "file.safetensors", Choice(ignore=("x",)))


def test_what_is_no_tensor_can_be_ignored(tmp_path: Path) -> None:
    value = {**LAST, "epoch": 3, "sparse": torch.eye(3).to_sparse()}
    assert "--ignore" in refusal(tmp_path, value)
    require(read(tmp_path, value, ignore=("epoch", "sparse")), LAST)


# --- the work is in proportion to the file


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"state_dict": LAST}
    for _ in range(depth):
        value = {"a": value, "b": value}
    return value


def test_mappings_that_hold_each_other_many_times_are_looked_at_once(tmp_path: Path) -> None:
    require(read(tmp_path, nested(6)), LAST)
    assert "where a tensor is expected" in refusal(tmp_path, nested(100))


def calls_of(path: Path) -> int:
    """Calls of functions while the file is opened or refused: its time, on any machine."""
    count = 0

    def profile(*_: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        open_checkpoint(path)
    except FormatError:
        pass
    finally:
        sys.setprofile(None)
    return count


def test_the_work_grows_with_the_number_of_tensors(tmp_path: Path) -> None:
    for count in (500, 1000):
        state = {f"layer{i}.weight": torch.zeros(2, 2) for i in range(count)}
        for zipped in (True, False):
            path = tmp_path / f"{zipped}-{count}.pth"
            torch.save(
                {"model": state, "model_ema_": state | {"x": torch.ones(2)}},
                path,
                _use_new_zipfile_serialization=zipped,
            )
    for zipped in (True, False):
        one, two = (calls_of(tmp_path / f"{zipped}-{count}.pth") for count in (500, 1000))
        assert two < 2.2 * one


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"0X\3\0\0\0cpuK\1tQ"


def repeated(shared: bytes, one: bytes, count: int) -> bytes:
    """A pickle that keeps ``shared`` as its value 9, then makes a dict of ``one``, many times."""
    items = b"".join(b"X\6\0\0\0%06d" % i + one for i in range(count))
    return b"\x80\x02" + shared + b"q\x090}(" + items + b"u."


LONG = b"(" + b"K\0" * 5_000 + b"t"
CHAIN = b"ctorch._utils\n_rebuild_parameter\nq\x010" + b"h\1" * 5_000 + b")R" + b"\x85R" * 4_999
PAIRS = b"](" + b"K\0N\x86" * 5_000 + b"e"
AGAIN = {
    "a shape": (LONG, REBUILD + b"(" + STORAGE + b"K\0h\x09)\x89NtR"),
    "strides": (LONG, REBUILD + b"(" + STORAGE + b"K\0)h\x09\x89NtR"),
    "arguments": (LONG, REBUILD + b"h\x09R"),
    "the identity of a storage": (LONG, b"h\x09Q"),
    "a chain of parameters": (CHAIN, b"h\x09"),
    "the pairs of a dict": (PAIRS, b"ccollections\nOrderedDict\nh\x09\x85R"),
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_a_pickle_names_again_is_not_walked_again(name: str, tmp_path: Path) -> None:
    shared, one = AGAIN[name]
    path = tmp_path / "file.pth"
    torch.save({"w": torch.ones(1)}, path)
    content = path.read_bytes()
    counts = []
    for count in (1, 100):
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
            for info in old.infolist():
                pickled = info.filename.endswith("data.pkl")
                new.writestr(
                    info.filename, repeated(shared, one, count) if pickled else old.read(info)
                )
        path.write_bytes(stream.getvalue())
        with memory_below(100 * path.stat().st_size):
            counts.append(calls_of(path))
    assert counts[1] < counts[0] + 100 * 1000
