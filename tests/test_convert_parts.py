"""Parts of networks, other heads, and exports with preprocessing, as real MXNet writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from click.testing import CliRunner
from safetensors.torch import load_file

import gluonport
from architectures import find_model
from convert.formats import open_checkpoint
from convert.inspection import inspect_checkpoint
from gluonport.commands.convert import main as convert_command
from gluonport.commands.inspect import inspect
from gluonport.commands.verify import main as verify_command
from mappings.errors import GluonportError, ReconcileError
from tests.support.mxnet_scripts import in_mxnet
from verify.publish.gate import pass_gate

SCRIPT = Path(__file__).parent / "support" / "gluon_parts.py"
BACKBONES = ["children", "prefixed", "stripped", "structural"]
V2, V1 = "gluon_cifar_resnet20_v2", "gluon_cifar_resnet20_v1"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the cases of gluon_parts.py; to be read only."""
    folder = tmp_path_factory.mktemp("parts")
    in_mxnet(SCRIPT, folder)
    return folder


def computed(network: Callable[[Any], Any], inputs: Any) -> Any:
    with torch.inference_mode():
        return network(torch.from_numpy(inputs)).numpy()


def agree(found: Any, expected: Any) -> bool:
    assert found.shape == expected.shape and np.ptp(expected) > 0.05
    return bool(np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["auto", V2])
@pytest.mark.parametrize("case", BACKBONES)
def test_a_backbone_without_the_flag_is_refused_for_its_missing_classifier(
    case: str, name: str, parts: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReconcileError, match=rf"is {V2}, but it has no classifier") as refusal:
        gluonport.convert(name, tmp_path / "out.safetensors", parts / f"{case}.params")
    assert "--no-classifier converts the network without it" in str(refusal.value)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("case", [*BACKBONES, "whole", "deep-head", "no-bias"])
def test_a_backbone_converts_and_gives_mxnets_features(
    case: str, parts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.safetensors"
    done = gluonport.convert("auto", out, parts / f"{case}.params", classifier=False)
    arrays = np.load(parts / f"{case}.npz")
    assert (done.model, done.num_classes) == (V2, 0)
    assert json.loads(Path(tmp_path / "out.provenance.json").read_text())["num_classes"] == 0
    for classes in (None, 0):
        network = gluonport.create_model(V2, out, num_classes=classes)
        assert network.num_classes == 0
        assert agree(computed(network, arrays["inputs"]), arrays["features"])
    tuned = gluonport.create_model(V2, out, num_classes=7)
    assert computed(tuned, arrays["inputs"]).shape == (2, 7)
    assert done.parameters == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("case", ["v1b-without-fc", "v1b-children", "stale"])
def test_a_backbone_loads_strictly_into_timm(case: str, parts: Path, tmp_path: Path) -> None:
    name, out = "gluon_resnet18_v1b", tmp_path / "out.safetensors"
    gluonport.convert(name, out, parts / f"{case}.params", classifier=False)
    network = timm.create_model("resnet18", num_classes=0).eval()
    network.load_state_dict(load_file(out), strict=True)
    arrays = np.load(parts / "v1b-without-fc.npz")
    assert agree(computed(network, arrays["inputs"]), arrays["features"])


@pytest.mark.parametrize("case", ["two-part", "two-part-prefixed", "wrapped"])
def test_features_with_the_users_own_dense_are_the_network(
    case: str, parts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.safetensors"
    done = gluonport.convert("auto", out, parts / f"{case}.params")
    arrays = np.load(parts / f"{case}.npz")
    assert (done.model, done.num_classes) == (V1, 5)
    network = gluonport.create_model(V1, out)
    assert agree(computed(network, arrays["inputs"]), arrays["outputs"])


def test_a_sequential_of_one_dense_is_the_classifier(parts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    done = gluonport.convert("auto", out, parts / "one-dense.params")
    arrays = np.load(parts / "one-dense.npz")
    assert (done.model, done.num_classes) == (V2, 4)
    assert "classifier named 'output.1.'" in done.notes
    network = gluonport.create_model(V2, out)
    assert agree(computed(network, arrays["inputs"]), arrays["outputs"])


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ("deep-head", r"found output\.0\.weight \(32, 64\), output\.0\.bias \(32,\), output\.1"),
        ("no-bias", r"found output\.weight \(4, 64\);"),
    ],
)
def test_another_head_is_refused_with_its_layers_and_the_flag(
    case: str, found: str, parts: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReconcileError, match=found) as refusal:
        gluonport.convert("auto", tmp_path / "out.safetensors", parts / f"{case}.params")
    assert "--no-classifier converts the network without it" in str(refusal.value)


def test_a_layer_that_the_network_does_not_use_is_left_out_by_its_name(
    parts: Path, tmp_path: Path
) -> None:
    source, out = parts / "stale.params", tmp_path / "out.safetensors"
    with pytest.raises(ReconcileError, match=r"2 other tensors beside it.*--ignore 'output\.\*'"):
        gluonport.convert("gluon_resnet18_v1b", out, source)
    done = gluonport.convert("gluon_resnet18_v1b", out, source, ignore=("output.*",))
    assert done.num_classes == 10


def test_the_command_has_the_flag_and_inspect_names_it(parts: Path, tmp_path: Path) -> None:
    source, out = str(parts / "children.params"), str(tmp_path / "out.safetensors")
    seen = CliRunner().invoke(inspect, [source])
    assert f"{V2} without its classifier: see --no-classifier" in seen.stdout
    done = CliRunner().invoke(convert_command, ["auto", out, "--from", source, "--no-classifier"])
    assert done.exit_code == 0 and "none: it has no classifier" in done.stdout


def test_an_se_network_is_no_plain_one_with_a_large_head(tmp_path: Path) -> None:
    from convert.fit import fit
    from convert.synthetic_source import synthetic_checkpoint

    gated = synthetic_checkpoint(find_model("gluon_se_resnet18_v1"))
    with pytest.raises(ReconcileError, match="does not fit gluon_resnet18_v1"):
        fit(gated, find_model("gluon_resnet18_v1"), classifier=False)


@pytest.mark.parametrize("classifier", [True, False])
def test_pytorchs_children_and_sequential_heads_are_recognised(
    classifier: bool, tmp_path: Path
) -> None:
    network = torchvision.models.resnet18(num_classes=6)
    network.fc = torch.nn.Sequential(torch.nn.Dropout(0.2), network.fc)
    children = torch.nn.Sequential(*list(network.eval().children())[:-1]).eval()
    source, out = tmp_path / "source.pth", tmp_path / "out.safetensors"
    torch.save((network if classifier else children).state_dict(), source)
    name = "gluon_resnet18_v1b"
    done = gluonport.convert(name, out, source, classifier=classifier)
    assert done.num_classes == (6 if classifier else 0)
    inputs = torch.randn(1, 3, 64, 64)
    expected = (network if classifier else children)(inputs).flatten(1).detach().numpy()
    assert agree(computed(gluonport.create_model(name, out), inputs.numpy()), expected)
    with pytest.raises(ReconcileError, match="has no classifier"):
        torch.save(children.state_dict(), source)
        gluonport.convert(name, tmp_path / "refused.safetensors", source)


def test_a_checkpoint_without_classifier_is_proven_as_far_as_it_goes(
    parts: Path, tmp_path: Path
) -> None:
    source, out = parts / "children.params", tmp_path / "out.safetensors"
    gluonport.convert("auto", out, source, classifier=False)
    same = CliRunner().invoke(verify_command, ["tensors", str(source), str(out)])
    assert same.exit_code == 0 and same.stdout.startswith("equal: ")
    for reference in ("golden", "live"):
        arguments = ["parity", V2, "--checkpoint", str(out), "--reference", reference, "--json"]
        done = CliRunner().invoke(verify_command, arguments)
        (found,) = json.loads(done.stdout)["models"]
        assert done.exit_code == 0 and found["passed"], done.output
        assert "no logits of this checkpoint" in found["criteria"][0]["detail"]


@pytest.mark.parametrize("reference", ["golden", "live"])
def test_a_broken_backbone_fails(reference: str, parts: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    source, out = parts / "children.params", tmp_path / "out.safetensors"
    gluonport.convert("auto", out, source, classifier=False)
    tensors = load_file(out)
    tensors["layer3.2.conv2.weight"][0, 0, 0, 0] += 1e-3
    save_file(tensors, out, metadata={"format": "pt"})
    arguments = ["parity", V2, "--checkpoint", str(out), "--from", str(source), "--reference"]
    done = CliRunner().invoke(verify_command, [*arguments, reference])
    assert done.exit_code == 1 and "layer3.2" in done.stderr


def test_what_needs_classes_refuses_a_checkpoint_without_them(parts: Path, tmp_path: Path) -> None:
    from verify.prediction.classifier import open_classifier

    out = tmp_path / "out.safetensors"
    gluonport.convert("auto", out, parts / "children.params", classifier=False)
    with pytest.raises(GluonportError, match="has no classifier, so it gives features"):
        open_classifier(out)
    with pytest.raises(GluonportError, match="without its classifier, and only whole networks are"):
        pass_gate(find_model(V2), out, "no data")
    accuracy = ["accuracy", V2, str(out), "--data", str(tmp_path)]
    done = CliRunner().invoke(verify_command, accuracy)
    assert done.exit_code == 1 and "has no classifier, so it gives features" in done.stderr


@pytest.mark.parametrize(
    ("case", "name", "mean", "scale", "agrees"),
    [
        ("export", "gluon_resnet18_v1", [123.675, 116.28, 103.53], [58.395, 57.12, 57.375], True),
        ("export-cifar", V1, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375], False),
        ("export-own", V1, [0.5] * 3, [0.25] * 3, False),
    ],
)
def test_constants_of_an_export_are_reported_and_compared_with_the_regime(
    case: str,
    name: str,
    mean: list[float],
    scale: list[float],
    agrees: bool,
    parts: Path,
    tmp_path: Path,
) -> None:
    source, out = parts / f"{case}.params", tmp_path / "out.safetensors"
    done = gluonport.convert("auto", out, source)
    assert (done.model, done.naming) == (name, "export")
    found = json.loads((tmp_path / "out.provenance.json").read_text())["preprocessing"]
    assert (found["agrees"], found["regime"]) == (agrees, "gluon")
    assert np.allclose(found["mean"], mean) and np.allclose(found["scale"], scale)
    verb = "normalise" if agrees else "do not normalise"
    note = next(note for note in done.notes if f"which {verb} like the regime gluon" in note)
    assert "preprocessing constants were not converted: arg:" in note
    seen = inspect_checkpoint(source)
    assert note in seen.notes and seen.as_json()["preprocessing"] == found
    arrays = np.load(parts / f"{case}.npz")
    network = gluonport.create_model(name, out)
    assert agree(computed(network, arrays["inputs"]), arrays["outputs"])


def test_an_export_without_preprocessing_has_no_constants(parts: Path, tmp_path: Path) -> None:
    gluonport.convert("auto", tmp_path / "out.safetensors", parts / "export-none.params")
    record = json.loads((tmp_path / "out.provenance.json").read_text())
    assert record["preprocessing"] is None


def test_a_source_with_constants_passes_verification(parts: Path, tmp_path: Path) -> None:
    source, out = parts / "export-cifar.params", tmp_path / "out.safetensors"
    gluonport.convert(V1, out, source)
    same = CliRunner().invoke(verify_command, ["tensors", str(source), str(out)])
    assert same.exit_code == 0, same.output
    for reference in ("golden", "live"):
        arguments = ["parity", V1, "--checkpoint", str(out), "--reference", reference]
        assert CliRunner().invoke(verify_command, arguments).exit_code == 0
    assert pass_gate(find_model(V1), out, "no data").weights.num_classes == 10


@pytest.mark.parametrize("case", ["v1", "v2", "v1-prefixed", "v2-prefixed"])
def test_a_thumbnail_network_has_a_record_of_its_own(
    case: str, parts: Path, tmp_path: Path
) -> None:
    source, name = parts / f"thumbnail-{case}.params", f"gluon_resnet18_{case[:2]}_thumbnail"
    done = gluonport.convert("auto", tmp_path / "out.safetensors", source)
    assert (done.model, done.num_classes) == (name, 10)
    plain = name.removesuffix("_thumbnail")
    with pytest.raises(ReconcileError, match=f"it fits {name}: give that name"):
        gluonport.convert(plain, tmp_path / "plain.safetensors", source)
    images = torch.from_numpy(np.load(parts / f"thumbnail-{case[:2]}.npz")["inputs"])
    expected = np.load(parts / f"thumbnail-{case[:2]}.npz")["logits"]
    with torch.inference_mode():
        found = gluonport.load(done.target)(images).numpy()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("name", "refused"), [("0.init_mean", False), ("optimizer.state", True), ("extra", True)]
)
def test_only_what_normalises_images_is_taken_for_preprocessing_outside_an_export(
    name: str, refused: bool, tmp_path: Path
) -> None:
    sample = "architectures/samples/gluon_seresnext8_digits.params"
    arrays = arrays_of(sample) | {name: np.zeros((1, 3, 1, 1), np.float32)}
    source, out = tmp_path / "source.npz", tmp_path / "out.safetensors"
    np.savez(source, **arrays)
    if not refused:
        done = gluonport.convert("auto", out, source)
        assert any("preprocessing constants were not converted" in note for note in done.notes)
        return
    with pytest.raises(ReconcileError, match=name):
        gluonport.convert("auto", out, source)


def arrays_of(path: str) -> dict[str, Any]:
    return {tensor.name: tensor.array() for tensor in open_checkpoint(path).tensors}
