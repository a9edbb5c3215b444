# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""What MXNet 1.9.1 and GluonCV make of images: the original of the regime ``gluon``.

    uv run --script scripts/preprocess_mxnet.py FOLDER OUT.npz SIZE CROP [SIZE CROP ...]

As GluonCV's scripts/classification/imagenet/verify_pretrained.py does: the short side is resized to
ceil(SIZE / CROP). OUT holds, for every file NAME of FOLDER, ``SIZE/crop/NAME``, uint8 (SIZE, SIZE,
3), and ``SIZE/tensor/NAME``, float32 (3, SIZE, SIZE); or ``SIZE/refused/NAME``, what MXNet said.
``SIZE/cifar/NAME`` is the tensor as scripts/classification/cifar/train_cifar10.py normalises it.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

# Nothing that lies beside this script may pass for a module that the frameworks import.
sys.path.pop(0)

import mxnet as mx
import numpy as np
from gluoncv.data.transforms.presets.imagenet import transform_eval
from mxnet.gluon.data.vision import transforms

folder, out, *numbers = sys.argv[1:]
cifar = transforms.Compose(
    [
        transforms.ToTensor(),
        transforms.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
    ]
)
arrays: dict[str, np.ndarray] = {}
for size, crop in zip(map(int, numbers[::2]), map(float, numbers[1::2]), strict=True):
    edge = math.ceil(size / crop)
    cut = transforms.Compose(
        [transforms.Resize(edge, keep_ratio=True), transforms.CenterCrop(size)]
    )
    for path in sorted(Path(folder).iterdir()):
        try:
            decoded = mx.image.imdecode(path.read_bytes())
            pixels = cut(decoded)
            arrays[f"{size}/crop/{path.name}"] = pixels.asnumpy()
            arrays[f"{size}/cifar/{path.name}"] = cifar(pixels).asnumpy()
            tensor = transform_eval(decoded, resize_short=edge, crop_size=size)
            arrays[f"{size}/tensor/{path.name}"] = tensor.asnumpy()[0]
        except mx.MXNetError as error:
            said = str(error).strip().splitlines()[-1]
            arrays[f"{size}/refused/{path.name}"] = np.array(said)
np.savez(out, **arrays)
