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

    uv run --script scripts/preprocess_mmpretrain.py FOLDER OUT.npz SIZE CROP [SIZE CROP ...]

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

folder, out, *numbers = sys.argv[1:]
register_all_modules()
zoo = resources.files("mmpretrain") / ".mim" / "configs" / "seresnet"
config = Config.fromfile(str(zoo / "seresnet50_8xb32_in1k.py"))
preprocessor = MODELS.build(dict(type="ClsDataPreprocessor", **config.data_preprocessor))
arrays: dict[str, np.ndarray] = {}
for size, crop in zip(map(int, numbers[::2]), map(float, numbers[1::2]), strict=True):
    for step in config.test_pipeline:
        if step.type == "ResizeEdge":
            step.scale = math.floor(size / crop)
        if step.type == "CenterCrop":
            step.crop_size = size
    steps = [TRANSFORMS.build(step) for step in config.test_pipeline]
    for path in sorted(Path(folder).iterdir()):
        try:
            result = {"img_path": str(path)}
            for step in steps:
                result = step(result)
        except Exception as error:  # whatever OpenCV and mmcv raise
            said = str(error).strip().splitlines() or [type(error).__name__]
            arrays[f"{size}/refused/{path.name}"] = np.array(said[0])
            continue
        pixels = result["inputs"].numpy().transpose(1, 2, 0)[..., ::-1]
        arrays[f"{size}/crop/{path.name}"] = pixels
        batch = {"inputs": [result["inputs"]], "data_samples": [result["data_samples"]]}
        arrays[f"{size}/tensor/{path.name}"] = preprocessor(batch)["inputs"][0].numpy()
np.savez(out, **arrays)
