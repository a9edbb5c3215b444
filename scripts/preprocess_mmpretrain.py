# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#     "mmpretrain==1.2.0",
#     "mmengine==0.10.7",
#     "mmcv-lite==2.1.0",
#     "torch==2.15.0",
#     "torchvision==0.29.2",
#     "numpy==2.4.6",
#     "opencv-python==5.0.0.93",
#     "pillow==13.0.0",
# ]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""What mmpretrain makes of images: the original of the regime ``mmpretrain``.

    uv run --script scripts/preprocess_mmpretrain.py FOLDER SIZE CROP OUT.npz

The test pipeline and the data preprocessor are those of the model zoo's seresnet50_8xb32_in1k, with
the short side resized to floor(SIZE / CROP). OUT is as ``preprocess_mxnet.py`` writes it.
"""

from __future__ import annotations

import math
import sys
from importlib import resources
from pathlib import Path

# Nothing that lies beside this script may pass for a module that the frameworks import.
sys.path.pop(0)

import numpy as np
from mmengine.config import Config
from mmpretrain.registry import MODELS, TRANSFORMS
from mmpretrain.utils import register_all_modules

folder, size, crop, out = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
register_all_modules()
zoo = resources.files("mmpretrain") / ".mim" / "configs" / "seresnet"
config = Config.fromfile(str(zoo / "seresnet50_8xb32_in1k.py"))
for step in config.test_pipeline:
    if step.type == "ResizeEdge":
        step.scale = math.floor(size / crop)
    if step.type == "CenterCrop":
        step.crop_size = size
steps = [TRANSFORMS.build(step) for step in config.test_pipeline]
preprocessor = MODELS.build(dict(type="ClsDataPreprocessor", **config.data_preprocessor))
arrays: dict[str, np.ndarray] = {}
for path in sorted(folder.iterdir()):
    try:
        result = {"img_path": str(path)}
        for step in steps:
            result = step(result)
    except Exception as error:  # whatever OpenCV and mmcv raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        arrays[f"refused/{path.name}"] = np.array(said[0])
        continue
    arrays[f"crop/{path.name}"] = result["inputs"].numpy().transpose(1, 2, 0)[..., ::-1]
    batch = {"inputs": [result["inputs"]], "data_samples": [result["data_samples"]]}
    arrays[f"tensor/{path.name}"] = preprocessor(batch)["inputs"][0].numpy()
np.savez(out, **arrays)
