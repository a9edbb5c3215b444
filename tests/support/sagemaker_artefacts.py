# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Make archives as SageMaker's built-in algorithms leave them, by MXNet itself, small.

    uv run --script sagemaker_artefacts.py FOLDER

FOLDER/classification.tar.gz  the image classification algorithm: the pre-activation ResNet of
                              MXNet's example/image-classification/symbols/resnet.py
FOLDER/detection.tar.gz       the object detection algorithm as it is deployed: the same backbone
                              with the SSD heads of example/ssd/symbol
FOLDER/training.tar.gz        the same as it is trained, with the targets of its loss

Each holds NAME-symbol.json, NAME-NNNN.params and a small JSON file, as the real ones do.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]
import numpy as np

sym = mx.sym
NORM = {"eps": 2e-5, "momentum": 0.9}
UNITS, FILTERS = (1, 2, 1), (16, 16, 32, 64)


def unit(data: Any, filters: int, stride: int, same: bool, name: str) -> Any:
    """A bottleneck, normalised before it convolves."""
    small, act1 = filters // 4, None
    x = data
    for k, (count, size, step) in enumerate([(small, 1, 1), (small, 3, stride), (filters, 1, 1)]):
        x = sym.BatchNorm(x, fix_gamma=False, name=f"{name}_bn{k + 1}", **NORM)
        x = sym.Activation(x, act_type="relu", name=f"{name}_relu{k + 1}")
        act1 = x if act1 is None else act1
        x = convolution(x, count, size, step, f"{name}_conv{k + 1}")
    return x + (data if same else convolution(act1, filters, 1, stride, f"{name}_sc"))


def convolution(x: Any, filters: int, size: int, stride: int, name: str) -> Any:
    return sym.Convolution(
        x,
        num_filter=filters,
        kernel=(size, size),
        stride=(stride, stride),
        pad=(size // 2, size // 2),
        no_bias=True,
        workspace=256,
        name=name,
    )


def stages() -> list[Any]:
    """The backbone's output after each stage; the last is normalised and rectified."""
    x = sym.identity(sym.Variable("data"), name="id")
    x = sym.BatchNorm(x, fix_gamma=True, name="bn_data", **NORM)
    x = convolution(x, FILTERS[0], 7, 2, "conv0")
    x = sym.BatchNorm(x, fix_gamma=False, name="bn0", **NORM)
    x = sym.Activation(x, act_type="relu", name="relu0")
    x = sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")
    outputs = []
    for stage, count in enumerate(UNITS):
        for index in range(count):
            stride = 2 if stage and not index else 1
            name = f"stage{stage + 1}_unit{index + 1}"
            x = unit(x, FILTERS[stage + 1], stride, index > 0, name)
        outputs.append(x)
    x = sym.BatchNorm(x, fix_gamma=False, name="bn1", **NORM)
    outputs[-1] = sym.Activation(x, act_type="relu", name="relu1")
    return outputs


def classifier(classes: int) -> Any:
    x = sym.Pooling(stages()[-1], global_pool=True, kernel=(7, 7), pool_type="avg", name="pool1")
    x = sym.FullyConnected(sym.Flatten(x), num_hidden=classes, name="fc")
    return sym.SoftmaxOutput(x, name="softmax")


def detector(classes: int, training: bool) -> Any:
    """SSD: two maps of the backbone and two more, ``multi_feat_*``."""
    maps = stages()[-2:]
    for k in (2, 3):
        x = maps[-1]
        for size, stride, filters in ((1, 1, 16), (3, 2, 32)):
            name = f"multi_feat_{k}_conv_{size}x{size}"
            x = sym.Convolution(
                x,
                num_filter=filters,
                kernel=(size, size),
                stride=(stride, stride),
                pad=(size // 2, size // 2),
                name=f"{name}_conv",
            )
            x = sym.Activation(x, act_type="relu", name=f"{name}_relu")
        maps.append(x)
    locations, scores, anchors = [], [], []
    sizes = ["(0.1,0.141)", "(0.2,0.272)", "(0.37,0.447)", "(0.54,0.619)"]
    for x, size in zip(maps, sizes, strict=True):
        name, count = x.name, 4
        for kind, numbers, kept in (("loc", 4, locations), ("cls", classes + 1, scores)):
            double = {"__lr_mult__": "2.0"}
            bias = sym.Variable(f"{name}_{kind}_pred_conv_bias", attr=double)
            found = sym.Convolution(
                x,
                bias=bias,
                kernel=(3, 3),
                stride=(1, 1),
                pad=(1, 1),
                num_filter=count * numbers,
                name=f"{name}_{kind}_pred_conv",
            )
            kept.append(sym.Flatten(sym.transpose(found, axes=(0, 2, 3, 1))))
        priors = sym.contrib.MultiBoxPrior(
            x, sizes=size, ratios="(1,2,0.5)", clip=False, name=f"{name}_anchors"
        )
        anchors.append(sym.Flatten(priors))
    location = sym.Concat(*locations, dim=1, name="multibox_loc_pred")
    anchor = sym.Reshape(sym.Concat(*anchors, dim=1), shape=(0, -1, 4), name="multibox_anchors")
    score = sym.Reshape(sym.Concat(*scores, dim=1), shape=(0, -1, classes + 1))
    score = sym.transpose(score, axes=(0, 2, 1), name="multibox_cls_pred")
    variances = (0.1, 0.1, 0.2, 0.2)
    detect = {"nms_threshold": 0.45, "force_suppress": False, "nms_topk": 400}
    if not training:
        found = sym.softmax(score, axis=1, name="cls_prob")
        return sym.contrib.MultiBoxDetection(
            found, location, anchor, name="detection", variances=variances, **detect
        )
    target = sym.contrib.MultiBoxTarget(
        anchor,
        sym.Variable("label"),
        score,
        overlap_threshold=0.5,
        ignore_label=-1,
        negative_mining_ratio=3,
        negative_mining_thresh=0.5,
        variances=variances,
        name="multibox_target",
    )
    found = sym.SoftmaxOutput(
        score,
        target[2],
        ignore_label=-1,
        use_ignore=True,
        multi_output=True,
        normalization="valid",
        name="cls_prob",
    )
    loss = sym.MakeLoss(
        sym.smooth_l1(target[1] * (location - target[0]), scalar=1.0),
        normalization="valid",
        name="loc_loss",
    )
    label = sym.MakeLoss(target[2], grad_scale=0, name="cls_label")
    boxes = sym.contrib.MultiBoxDetection(
        found, location, anchor, name="detection", variances=variances, **detect
    )
    return sym.Group([found, loss, label, sym.MakeLoss(boxes, grad_scale=0, name="det_out")])


def drawn(symbol: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Fixed parameters. bn_data's gamma is not 1, though fix_gamma makes it count as 1."""
    random = np.random.RandomState(7)
    arguments, _, states = symbol.infer_shape(**shapes)
    found = {}
    for kind, names, sizes in (
        ("arg", symbol.list_arguments(), arguments),
        ("aux", symbol.list_auxiliary_states(), states),
    ):
        for name, size in zip(names, sizes, strict=True):
            if name in shapes or name.endswith("label"):
                continue
            u = random.random_sample(size)
            if name.endswith("_weight"):
                u = (2 * u - 1) * np.sqrt(4 / np.prod(size[1:]))
            elif name.endswith(("gamma", "_var")):
                u = 0.5 + u / 2
            else:
                u = 0.4 * u - 0.2
            found[f"{kind}:{name}"] = mx.nd.array(u, dtype="float32")
    return found


def pack(
    path: Path, name: str, epoch: int, symbol: Any, shapes: dict[str, Any], extra: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path, "w:gz") as archive:
        params = Path(folder, f"{name}-{epoch:04d}.params")
        mx.nd.save(str(params), drawn(symbol, shapes))
        beside, text = extra
        for member, data in (
            (f"{name}-symbol.json", symbol.tojson().encode()),
            (params.name, params.read_bytes()),
            (beside, json.dumps(text).encode()),
        ):
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    size = (1, 3, 64, 96)
    shapes = [{"shape": list(size), "name": "data"}]
    pack(
        folder / "classification.tar.gz",
        "image-classification",
        12,
        classifier(5),
        {"data": size},
        ("model-shapes.json", shapes),
    )
    settings = ("hyperparams.json", {"num_classes": "3", "base_network": "resnet-50"})
    pack(
        folder / "detection.tar.gz",
        "model_algo_1",
        0,
        detector(3, training=False),
        {"data": size},
        settings,
    )
    pack(
        folder / "training.tar.gz",
        "model_algo_1",
        0,
        detector(3, training=True),
        {"data": size, "label": (1, 2, 5)},
        settings,
    )


if __name__ == "__main__":
    main()
