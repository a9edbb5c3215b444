"""Load a release with every client that has its network, as users do, and say what each computes.

release_clients.py RELEASE INPUTS.npz IMAGE OUT.npz [NAME [TORCHVISION]]

INPUTS.npz has ``inputs``, float32 (N, 3, H, W). OUT.npz gets the logits of each client by its name;
``pipeline`` has the labels of IMAGE by transformers' pipeline, best first, and ``missing`` the keys
that transformers did not find. NAME is the catalogue's.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import onnxruntime
import safetensors.numpy
import timm
import torch
import torchvision
import transformers
from PIL import Image
from torchvision.models.resnet import Bottleneck  # noqa: F401  (a torchvision expression names it)

import gluonport

Network = Callable[[torch.Tensor], torch.Tensor]


def clients(release: Path, name: str, torchvision_expression: str) -> dict[str, Network]:
    weights = release / "model.safetensors"
    config = json.loads((release / "config.json").read_text())
    classes = config["num_classes"]
    ours = gluonport.create_model(name, weights)
    arrays = gluonport.create_model(name, num_classes=classes).eval()
    values = safetensors.numpy.load_file(weights)
    arrays.load_state_dict({key: torch.from_numpy(value) for key, value in values.items()})
    found: dict[str, Network] = {"gluonport": ours, "numpy": arrays}
    found |= {"export": exported(ours), "onnx": onnx(ours)}
    if "architecture" not in config:
        return found
    build = {"num_classes": classes, **config.get("model_args", {})}
    architecture = config["architecture"]
    bare = timm.create_model(architecture, **build)
    huggingface_hub.load_torch_model(bare, weights, strict=True)
    automatic = transformers.AutoModelForImageClassification.from_pretrained(release).eval()
    found |= {
        "timm local-dir": timm.create_model(f"local-dir:{release}", pretrained=True).eval(),
        "timm checkpoint_path": timm.create_model(
            architecture, checkpoint_path=str(weights), **build
        ).eval(),
        "huggingface_hub": bare.eval(),
        "transformers": lambda x: automatic(pixel_values=x).logits,
    }
    if torchvision_expression:
        network = eval(torchvision_expression, globals())
        network.load_state_dict(safetensors.torch.load_file(weights), strict=True)
        found["torchvision"] = network.eval()
    return found


def exported(network: torch.nn.Module) -> Network:
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(network, (torch.zeros(2, 3, 64, 64),), dynamic_shapes=(batch,))
    with tempfile.TemporaryDirectory() as folder:
        torch.export.save(program, f"{folder}/model.pt2")
        module: Network = torch.export.load(f"{folder}/model.pt2").module()
    return module


def onnx(network: torch.nn.Module) -> Network:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        torch.onnx.export(network, (torch.zeros(2, 3, 64, 64),), path, dynamo=True, verbose=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    return lambda x: torch.from_numpy(session.run(None, {given.name: x.numpy()})[0])


def main(release: str, inputs: str, image: str, out: str, name: str, expression: str = "") -> None:
    x = torch.from_numpy(np.load(inputs)["inputs"].astype(np.float32))
    found = clients(Path(release), name, expression)
    results: dict[str, Any] = {}
    with torch.inference_mode():
        for client, network in found.items():
            results[client] = network(x).numpy()
    if "transformers" in found:
        classify = transformers.pipeline("image-classification", release)
        results["pipeline"] = [entry["label"] for entry in classify(image)]
        processor = transformers.AutoImageProcessor.from_pretrained(release)
        with Image.open(image) as opened:
            pixels = processor(opened.convert("RGB"))["pixel_values"]
        with torch.inference_mode():
            results["pixels"] = found["gluonport"](pixels).numpy()
        _, info = transformers.AutoModelForImageClassification.from_pretrained(
            release, output_loading_info=True
        )
        results["missing"] = sorted(
            map(str, [*info["missing_keys"], *info["unexpected_keys"], *info["mismatched_keys"]])
        )
    np.savez(out, **results)


if __name__ == "__main__":
    assert torchvision is not None
    main(*sys.argv[1:])
