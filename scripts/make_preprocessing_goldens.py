"""Make tests/preprocessing: what the originals of the three regimes make of every image there.

    uv run python scripts/make_preprocessing_goldens.py [--check]

MXNet and mmpretrain run in environments of their own, by scripts/preprocess_mxnet.py and
scripts/preprocess_mmpretrain.py; timm in this one. ``goldens.json`` holds, for each regime, input
size and crop, the sha256 of every crop (uint8, height, width, RGB) and of every tensor (float32,
RGB, height, width; ``cifar`` is the one normalised for CIFAR-10), or ``refused``; ``crops.npz`` the
crops of 32 x 32 in full. ``--check`` makes them again and compares.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "preprocessing"
IMAGES, GOLDENS, CROPS = FOLDER / "images", FOLDER / "goldens.json", FOLDER / "crops.npz"

SIZES = ((224, 0.875), (32, 1.0), (256, 0.875), (299, 0.9))
"""Input sizes and crops: ImageNet's, the sample's, and ones at which the regimes round apart."""

BY_CHANCE = {("gluon", "cut-in-header.jpg")}
"""What an original takes from memory that nobody wrote; no answer is the right one."""

Answers = dict[str, np.ndarray[Any, Any]]


def by_script(name: str) -> Answers:
    """What the script of an original answers, in the environment that its header declares."""
    command = ["uv", "run", "--quiet", "--script", str(ROOT / "scripts" / name), str(IMAGES)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.npz")
        numbers = [str(number) for pair in SIZES for number in pair]
        subprocess.run([*command, str(out), *numbers], check=True, stderr=subprocess.DEVNULL)
        with np.load(out, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays}


def by_timm() -> Answers:
    """timm's ``ImageDataset`` opens and converts; ``create_transform`` of a Gluon model does the
    rest, once as its loader has it (uint8) and once normalised."""
    import timm
    from PIL import Image
    from timm.data import create_transform, resolve_data_config

    configuration = timm.get_pretrained_cfg("resnext50_32x4d.gluon_in1k").to_dict()
    answers: Answers = {}
    for size, crop in SIZES:
        options = resolve_data_config(
            {"input_size": (3, size, size), "crop_pct": crop}, configuration
        )
        cut, whole = create_transform(**options, normalize=False), create_transform(**options)
        for path in sorted(IMAGES.iterdir()):
            try:
                with Image.open(path) as file:
                    image = file.convert("RGB")
            except OSError as error:
                answers[f"{size}/refused/{path.name}"] = np.array(str(error))
                continue
            answers[f"{size}/crop/{path.name}"] = cut(image).numpy().transpose(1, 2, 0)
            answers[f"{size}/tensor/{path.name}"] = whole(image).numpy()
    return answers


ORIGINALS: dict[str, Callable[[], Answers]] = {
    "gluon": lambda: by_script("preprocess_mxnet.py"),
    "timm": by_timm,
    "mmpretrain": lambda: by_script("preprocess_mmpretrain.py"),
}


def make() -> tuple[dict[str, Any], Answers]:
    goldens: dict[str, Any] = {}
    crops: Answers = {}
    for regime, original in ORIGINALS.items():
        answers = original()
        for size, crop in SIZES:
            images = goldens.setdefault(f"{regime} {size} {crop}", {})
            for path in sorted(IMAGES.iterdir()):
                name = path.name
                if f"{size}/refused/{name}" in answers or (regime, name) in BY_CHANCE:
                    images[name] = "refused"
                    continue
                images[name] = {
                    kind: hashlib.sha256(answers[f"{size}/{kind}/{name}"].tobytes()).hexdigest()
                    for kind in ("crop", "tensor", "cifar")
                    if f"{size}/{kind}/{name}" in answers
                }
                if size == 32:
                    crops[f"{regime}/{name}"] = answers[f"{size}/crop/{name}"]
    return goldens, crops


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check = parser.parse_args().check
    goldens, crops = make()
    if not check:
        GOLDENS.write_text(json.dumps(goldens, indent=1) + "\n")
        np.savez_compressed(CROPS, **crops)
        return 0
    stored = json.loads(GOLDENS.read_text())
    wrong = [
        f"{regime}, {name}"
        for regime in goldens.keys() | stored.keys()
        for name in goldens.get(regime, {}).keys() | stored.get(regime, {}).keys()
        if goldens.get(regime, {}).get(name) != stored.get(regime, {}).get(name)
    ]
    with np.load(CROPS, allow_pickle=False) as arrays:
        wrong += [key for key in crops if not np.array_equal(crops[key], arrays[key])]
    for what in sorted(wrong):
        print(f"error: {what}: the original gives another golden", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
