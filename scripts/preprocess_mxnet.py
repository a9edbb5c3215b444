# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""What MXNet 1.9.1 and GluonCV make of images: the original of the regime ``gluon``.

    uv run --script scripts/preprocess_mxnet.py FOLDER SIZE CROP OUT.npz

As GluonCV's scripts/classification/imagenet/verify_pretrained.py does: the short side is resized to
ceil(SIZE / CROP). OUT holds, for every file NAME of FOLDER, ``crop/NAME`` uint8 (SIZE, SIZE, 3),
and ``tensor/NAME`` float32 (3, SIZE, SIZE); or ``refused/NAME``, what MXNet said.
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

folder, size, crop, out = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
edge = math.ceil(size / crop)
cut = transforms.Compose([transforms.Resize(edge, keep_ratio=True), transforms.CenterCrop(size)])
arrays: dict[str, np.ndarray] = {}
for path in sorted(folder.iterdir()):
    try:
        decoded = mx.image.imdecode(path.read_bytes())
        arrays[f"crop/{path.name}"] = cut(decoded).asnumpy()
        tensor = transform_eval(decoded, resize_short=edge, crop_size=size)
        arrays[f"tensor/{path.name}"] = tensor.asnumpy()[0]
    except mx.MXNetError as error:
        arrays[f"refused/{path.name}"] = np.array(str(error).strip().splitlines()[-1])
np.savez(out, **arrays)
