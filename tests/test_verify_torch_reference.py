"""The reference is real timm and real mmpretrain; the port of what they save computes the same."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import gluonport
from architectures import MODELS, Model, find_model
from architectures.synthetic import synthetic_values
from gluonport.commands.verify import main
from mappings.errors import NoReferenceError
from verify.parity.compare import compare, load, synthetic_state, verify_checkpoint
from verify.parity.converted_checkpoint import open_converted
from verify.parity.values import check_values
from verify.reference.answers import golden, live, run_reference
from verify.reference.inputs import reference_inputs

SCRIPT = Path(__file__).parents[1] / "verify" / "reference" / "torch_reference.py"
OURS = [model for model in MODELS if model.source.framework in ("timm", "mmpretrain")]
MMPRETRAIN = [model for model in OURS if model.source.framework == "mmpretrain"]
SMALL = find_model("seresnext26d_32x4d")

State = dict[str, torch.Tensor]
each = pytest.mark.parametrize("model", OURS, ids=lambda model: model.name)


def in_timm(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def in_mmpretrain(*arguments: object) -> None:
    command = ["uv", "run", "--quiet", "--script", str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def write_zip(state: State, path: Path) -> None:
    torch.save(state, path)


def write_legacy(state: State, path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


def write_training(state: State, path: Path) -> None:
    torch.save({"meta": {"epoch": 100}, "state_dict": state, "optimizer": {"lr": 0.1}}, path)


writers = pytest.mark.parametrize(
    "write", [write_zip, write_legacy, write_training, save_file], ids=lambda write: write.__name__
)


@pytest.fixture(scope="module")
def timm_network() -> torch.nn.Module:
    """A network that timm made, its BatchNorm no longer as initialised, its classes its own."""
    torch.manual_seed(0)
    network: torch.nn.Module = timm.create_model("seresnext26d_32x4d", num_classes=7)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for values in (module.weight, module.running_var):
                torch.nn.init.uniform_(values, 0.5, 1.0)
            for values in (module.bias, module.running_mean):
                torch.nn.init.uniform_(values, -0.3, 0.3)
            module.num_batches_tracked.fill_(12345)
    return network.eval()


def logits(network: torch.nn.Module, inputs: Any) -> Any:
    with torch.inference_mode():
        return network.eval().double()(torch.from_numpy(inputs).double()).numpy()


def agree(found: Any, expected: Any) -> bool:
    assert found.shape == expected.shape and np.ptp(expected) > 0.1
    return bool(np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max())


def one_ulp_off(path: Path, tensor: str) -> None:
    state = load_file(path)
    values = state[tensor].flatten()
    values[3] = torch.nextafter(values[3], torch.tensor(9.0))
    save_file(state, path, {"format": "pt"})


@each
def test_goldens_hold_the_weights_and_inputs_of_the_catalogue(model: Model) -> None:
    about = golden(model).about
    digest = hashlib.sha256()
    for name, target in sorted(model.table.targets.items()):
        shape = model.sized()[target]
        values = synthetic_values(model.source.name, name, shape)
        digest.update(f"{name} {values.dtype.str} {shape}\n".encode() + values.tobytes())
    assert about["weights_sha256"] == digest.hexdigest()
    assert about["inputs_sha256"] == hashlib.sha256(reference_inputs(model).tobytes()).hexdigest()
    assert about["model"] == f"{model.source.framework}/{model.source.name}"
    assert about["classes"] == 1000 and about["weights"] == "synthetic"


@each
def test_goldens_record_every_layer_under_the_frameworks_own_names(model: Model) -> None:
    layers = golden(model).layers
    assert len(set(layers)) == len(layers)
    assert {layer.source for layer in model.table.layers} <= set(layers)
    blocks = [
        f"layer{s + 1}.{b}" for s, depth in enumerate(model.network.depths) for b in range(depth)
    ]
    found = [name.removeprefix("backbone.") for name in layers]
    assert [name for name in found if name in blocks] == blocks
    assert "maxpool" in found


def test_timm_itself_agrees_with_the_port_and_with_its_golden() -> None:
    inputs = reference_inputs(SMALL)[:1]
    source = live(SMALL, "synthetic", inputs, ("layer2.0",))
    parity = compare(SMALL, load(SMALL, synthetic_state(SMALL), 1000), source, inputs)
    assert parity.passed, parity.failure()
    modules = {layer.module for layer in parity.layers}
    assert {"maxpool", "conv1.3", "layer2.0", "layer2.0.downsample.1", "fc"} <= modules
    kept = golden(SMALL)
    assert (source.about["weights_sha256"], source.layers) == (
        kept.about["weights_sha256"],
        kept.layers,
    )
    assert agree(source.logits64, kept.logits64[:1])
    assert source.activations["input/layer2.0"].shape == (1, 256, 56, 56)
    assert source.activations["output/layer2.0"].shape == (1, 512, 28, 28)


@writers
def test_what_timm_saved_becomes_a_network_with_its_logits(
    write: Callable[[State, Path], None], timm_network: torch.nn.Module, tmp_path: Path
) -> None:
    source, out = tmp_path / "source", tmp_path / "out.safetensors"
    write(timm_network.float().state_dict(), source)
    done = gluonport.convert("auto", out, source)
    assert (done.model, done.num_classes) == (SMALL.name, 7)
    criterion, _ = check_values(open_converted(SMALL, out, None))
    assert criterion.passed, criterion.detail
    inputs = reference_inputs(SMALL)[:1]
    port = gluonport.create_model(SMALL.name, out)
    assert agree(logits(port, inputs), logits(timm_network, inputs))


def test_another_count_of_batches_is_no_longer_the_sources(
    timm_network: torch.nn.Module, tmp_path: Path
) -> None:
    source, out = tmp_path / "source.pth", tmp_path / "out.safetensors"
    write_zip(timm_network.float().state_dict(), source)
    gluonport.convert(SMALL.name, out, source)
    state = load_file(out)
    state["bn1.num_batches_tracked"] += 1
    save_file(state, out, {"format": "pt"})
    criterion, finding = check_values(open_converted(SMALL, out, source))
    assert not criterion.passed and "is 12346, expected 12345" in criterion.detail
    assert finding is not None and finding.block == "stem"


@pytest.mark.exhaustive
def test_a_checkpoint_passes_and_after_one_ulp_it_fails(
    timm_network: torch.nn.Module, tmp_path: Path
) -> None:
    source, out = tmp_path / "source.pth", tmp_path / "out.safetensors"
    write_zip(timm_network.float().state_dict(), source)
    gluonport.convert(SMALL.name, out, source)
    command = ["parity", SMALL.name, "--checkpoint", str(out), "--from", str(source)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    one_ulp_off(out, "layer3.0.conv2.weight")
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "first bad block layer3.0" in done.output
    assert "differs from its source layer3.0.conv2.weight in 1 of" in done.output


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, inputs=np.zeros((1, 3, 64, 64), "f4"))
    name = f"timm/{SMALL.source.name}"
    state = {n: torch.from_numpy(v) for n, v in synthetic_state(SMALL).items()}
    files: dict[str, Any] = {
        "absent": {n: v for n, v in state.items() if n != "fc.bias"},
        "extra": state | {"surplus.weight": state["fc.bias"]},
        "shape": state | {"bn1.bias": state["fc.bias"]},
        "integer": state | {"bn1.bias": state["bn1.bias"].to(torch.int32)},
        "several": {"model": state, "model_ema": state},
        "tensor": state["fc.bias"],
    }
    for file, value in files.items():
        torch.save(value, tmp_path / f"{file}.pth")
    (tmp_path / "text.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
    said = {
        "absent": "without 'fc.bias', the first of 1 that are missing",
        "extra": "tensor 'surplus.weight' belongs to no parameter of the network",
        "shape": "'bn1.bias' has shape (1000,), the network's is (64,)",
        "integer": "'bn1.bias' is torch.int32, not floating point",
        "several": "holds 2 state dicts",
        "tensor": "holds a Tensor, expected a state dict",
        "text": "cannot be read",
        "nowhere": "no such file",
    }
    cases = [(what, name, tmp_path / f"{file}.pth") for file, what in said.items()]
    cases.append(("has no model of this name", "timm/resnet9000", Path("synthetic")))
    cases.append(("expected a name that begins with timm/", "resnet50", Path("synthetic")))
    code = """if True:
        import json, sys
        sys.path.insert(0, sys.argv[1])
        import torch_reference
        for line in json.load(sys.stdin):
            assert torch_reference.main(line) == 1
    """
    lines = [[model, str(weights), str(inputs), "OUT"] for _, model, weights in cases]
    done = subprocess.run(
        [sys.executable, "-c", code, str(SCRIPT.parent)],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    errors = done.stderr.splitlines()
    assert len(errors) == len(cases), done.stderr
    for error, (what, _, _) in zip(errors, cases, strict=True):
        assert error.startswith("error: ") and what in error


def test_a_missing_mmpretrain_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUONPORT_MMPRETRAIN_PYTHON", sys.executable)
    with pytest.raises(NoReferenceError, match=r"mmpretrain cannot be imported by .*: install it"):
        live(MMPRETRAIN[0], "synthetic", reference_inputs(MMPRETRAIN[0])[:1])
    monkeypatch.setenv("GLUONPORT_MMPRETRAIN_PYTHON", "/no/such/python")
    with pytest.raises(NoReferenceError, match="name a Python that has mmpretrain"):
        live(MMPRETRAIN[0], "synthetic", reference_inputs(MMPRETRAIN[0])[:1])


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", MMPRETRAIN, ids=lambda model: model.name)
def test_what_mmpretrain_saved_in_either_naming_has_its_logits(
    model: Model, tmp_path: Path
) -> None:
    inputs, saved = reference_inputs(model)[:1], tmp_path / "saved.pth"
    np.savez(tmp_path / "inputs.npz", inputs=inputs)
    in_mmpretrain(
        f"mmpretrain/{model.source.name}",
        "synthetic",
        tmp_path / "inputs.npz",
        tmp_path / "answer.npz",
        *("--precision", "float64", "--save-params", saved),
    )
    expected = np.load(tmp_path / "answer.npz")["logits_float64"]
    state = torch.load(saved)
    assert "backbone.layer1.0.se_layer.conv1.conv.weight" in state
    older = {name.replace(".conv.", "."): values for name, values in state.items()}
    assert older.keys() != state.keys() and len(older) == len(state)
    for index, (named, write) in enumerate(
        [(state, write_zip), (state, write_legacy), (older, write_training), (older, save_file)]
    ):
        source, out = tmp_path / f"{index}.pth", tmp_path / f"{index}.safetensors"
        write(named, source)
        assert gluonport.convert("auto", out, source).model == model.name
        assert agree(logits(gluonport.create_model(model.name, out), inputs), expected)
        criterion, _ = check_values(open_converted(model, out, source))
        assert criterion.passed, criterion.detail


@pytest.mark.exhaustive
@writers
def test_a_live_verdict_on_a_checkpoint_of_timm_is_on_its_own_weights(
    write: Callable[[State, Path], None],
    timm_network: torch.nn.Module,
    tmp_path: Path,
) -> None:
    suffix = ".safetensors" if write is save_file else ".pth"
    source, out = tmp_path / f"source{suffix}", tmp_path / "out.safetensors"
    write(timm_network.float().state_dict(), source)
    gluonport.convert(SMALL.name, out, source, "float32" if write is write_training else "bfloat16")
    parity = verify_checkpoint(open_converted(SMALL, out, source), "live")
    assert parity.passed, parity.failure()
    assert parity.about["classes"] == 7 and parity.about["weights"] == "file"
    if write is write_training:
        one_ulp_off(out, "fc.weight")
        parity = verify_checkpoint(open_converted(SMALL, out, source), "live")
        assert {c.name for c in parity.criteria if not c.passed} >= {"values", "structure"}
        assert parity.first_bad_block == "fc"


@pytest.mark.exhaustive
def test_mmpretrain_judges_a_file_of_the_older_naming_live(tmp_path: Path) -> None:
    model = MMPRETRAIN[0]
    state = {n: torch.from_numpy(v) for n, v in synthetic_state(model).items()}
    older = {dict(model.dialects[1][1].sources)[name]: values for name, values in state.items()}
    source, out = tmp_path / "source.pth", tmp_path / "out.safetensors"
    write_training(older, source)
    gluonport.convert(model.name, out, source)
    parity = verify_checkpoint(open_converted(model, out, source), "live")
    assert parity.passed, parity.failure()


@pytest.mark.exhaustive
def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    inputs = reference_inputs(SMALL)[:1, :, :64, :64]
    for name in "ab":
        run_reference(SMALL, "synthetic", inputs, tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
