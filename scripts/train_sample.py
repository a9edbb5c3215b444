# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = [
#     "gluoncv==0.10.5.post0",
#     "mxnet==1.9.1",
#     "numpy==1.23.5",
#     "opencv-python==4.11.0.86",
#     "scikit-learn==1.5.2",
# ]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""Train, or check, the checkpoint that ships as a demonstration: ``gluon_seresnext8_digits``.

    uv run --script scripts/train_sample.py            # trains, a few minutes on one core
    uv run --script scripts/train_sample.py --check    # re-evaluates the files, some seconds

Both work on ``architectures/samples/``: the parameters as Gluon saved them, the held-out scans
as a tar of images, MXNet's own prediction for every scan, and a README with the figures.

The same machine gives the same bytes: one thread, one seed, kernels capped at AVX2. Another
processor, or another build of MXNet, may round differently, and training then ends elsewhere.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import math
import os
import sys
import tarfile
from pathlib import Path

# Read when the libraries load: sums in one order, and the same kernels on any AVX2 processor.
os.environ.update(OMP_NUM_THREADS="1", DNNL_MAX_CPU_ISA="AVX2", OPENBLAS_CORETYPE="Haswell")

import cv2
import mxnet as mx
import numpy as np
from gluoncv.model_zoo.resnext import ResNext
from mxnet import autograd, gluon
from mxnet.gluon.data.vision import transforms
from sklearn.datasets import load_digits

SAMPLES = Path(__file__).resolve().parent.parent / "architectures" / "samples"
NAME = "gluon_seresnext8_digits"
PARAMS, TAR, CSV = (SAMPLES / f"{NAME}.{suffix}" for suffix in ("params", "tar", "csv"))
README = SAMPLES / "README.md"

TRAINING = 1437  # the first scans; the other 360 are held out
REQUIRED = 0.96  # of the held-out scans
TOLERANCE = 1e-4  # on a logit, for a processor that rounds differently
SIZE = 32
SEED, EPOCHS, BATCH = 0, 40, 64
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, SMOOTHING = 0.05, 0.9, 5e-4, 0.1
HEADER = ["path", "label", *(f"class{k}" for k in range(1, 6)), *(f"logit{k}" for k in range(1, 6))]

# GluonCV, scripts/classification/imagenet/verify_pretrained.py, at input 32 and crop ratio 1.
CROP = transforms.Compose([transforms.Resize(SIZE, keep_ratio=True), transforms.CenterCrop(SIZE)])
NORMALISE = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
)


def load_scans() -> tuple[list[bytes], list[int]]:
    """Every scan as an 8x8 greyscale PNG, with its digit, in scikit-learn's order."""
    digits = load_digits()
    pixels = np.rint(digits.images * 255 / 16).astype(np.uint8)
    return [cv2.imencode(".png", scan)[1].tobytes() for scan in pixels], digits.target.tolist()


def held_out() -> list[tuple[str, bytes]]:
    """The held-out scans as (path, PNG), in the order of the tar."""
    scans, labels = load_scans()
    return sorted((f"{labels[i]}/digit-{i}.png", scans[i]) for i in range(TRAINING, len(scans)))


def write_tar(path: Path, members: list[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members:
            entry = tarfile.TarInfo(name)  # mtime 0, uid 0, gid 0, no owner
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def read_tar(path: Path) -> list[tuple[str, bytes]]:
    with tarfile.open(path) as tar:
        return [(entry.name, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]


def decode(png: bytes) -> mx.nd.NDArray:
    """A PNG to uint8 RGB (32, 32, 3)."""
    return CROP(mx.image.imdecode(png))


def distort(image: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """Turn by up to 7 degrees, scale by 7 %, shear by 0.12, shift by 2 pixels."""
    angle = math.radians(random.uniform(-7, 7))
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    shear = [[1, random.uniform(-0.12, 0.12)], [0, 1]]
    linear = np.array(turn) @ np.array(shear) @ np.diag(random.uniform(0.93, 1.07, 2))
    centre = np.full(2, (SIZE - 1) / 2)
    shift = centre - linear @ centre + random.uniform(-2, 2, 2)
    warped: np.ndarray = cv2.warpAffine(image, np.column_stack([linear, shift]), (SIZE, SIZE))
    return warped


def network() -> ResNext:
    return ResNext([1, 1], 8, 4, classes=10, use_se=True)


def train(images: list[np.ndarray], labels: list[int]) -> ResNext:
    """Nesterov SGD, a cosine from the learning rate to zero, the last step's weights kept."""
    mx.random.seed(SEED)
    random = np.random.RandomState(SEED)
    net = network()
    net.initialize(mx.init.Xavier(rnd_type="gaussian", factor_type="out", magnitude=2))
    # From GluonCV's zeros so short a training leaves residual branches and gates all but idle.
    # One by one: a dictionary's initialize() yields to the initialiser a parameter came with.
    for pattern, start in ((".*gamma", mx.init.One()), (".*conv.*bias", mx.init.Uniform(0.5))):
        for parameter in net.collect_params(pattern).values():
            parameter.initialize(start, force_reinit=True)
    net.hybridize(static_alloc=True, static_shape=True)
    optimiser = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM, "wd": WEIGHT_DECAY}
    trainer = gluon.Trainer(net.collect_params(), "nag", optimiser)
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)
    targets = np.eye(10, dtype=np.float32)[labels] * (1 - SMOOTHING) + SMOOTHING / 10
    batches = len(images) // BATCH
    for epoch in range(EPOCHS):
        order = random.permutation(len(images))
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            pixels = mx.nd.array([distort(images[i], random) for i in chosen], dtype="uint8")
            progress = (epoch + batch / batches) / EPOCHS
            trainer.set_learning_rate(LEARNING_RATE * (1 + math.cos(math.pi * progress)) / 2)
            inputs, target = NORMALISE(pixels), mx.nd.array(targets[chosen])
            with autograd.record():
                loss = cross_entropy(net(inputs), target)
            loss.backward()
            trainer.step(BATCH)
        print(f"epoch {epoch + 1}/{EPOCHS}, loss {loss.mean().asscalar():.3f}", file=sys.stderr)
    return net


def load() -> ResNext:
    net = network()
    net.load_parameters(str(PARAMS))
    return net


def predict(net: ResNext, members: list[tuple[str, bytes]]) -> list[list[str]]:
    """The csv's rows: path, label, the five best classes and their float32 logits."""
    inputs = NORMALISE(mx.nd.stack(*(decode(png) for _, png in members)))
    rows = []
    for (path, _), logits in zip(members, net(inputs).asnumpy(), strict=True):
        best = np.argsort(-logits, kind="stable")[:5]
        rows.append([path, path[0], *map(str, best), *map(str, logits[best])])
    return rows


def read_rows() -> list[list[str]]:
    with CSV.open(newline="") as file:
        return list(csv.reader(file))


def count_right(rows: list[list[str]]) -> int:
    return sum(row[1] == row[2] for row in rows)


def untrained(net: ResNext) -> list[str]:
    """Norm parameters, statistics and biases with any element still at an initial 0 or 1."""
    return [
        name
        for name, parameter in net._collect_params_with_prefix().items()
        if not name.endswith("weight") and np.isin(parameter.data().asnumpy(), (0, 1)).any()
    ]


def about(right: int, total: int) -> str:
    """The README, with the figures of the files beside it."""
    params = PARAMS.read_bytes()
    optimiser = f"learning rate {LEARNING_RATE} falling to zero along a cosine, momentum {MOMENTUM}"
    return f"""\
# {NAME}

A demonstration: a small SE-ResNeXt trained in Gluon (MXNet 1.9.1, GluonCV 0.10.5.post0) on
handwritten digits, so that a conversion can be tried and its accuracy measured without a download.
It serves for nothing else.

Of the {total} held-out scans it recognises **{right} of {total}** ({right / total:.2%}).

| file | what it is |
|---|---|
| `{PARAMS.name}` | the parameters as `save_parameters` wrote them, {len(params)} bytes |
| `{TAR.name}` | the {total} held-out scans, 8x8 greyscale PNGs, a folder per digit |
| `{CSV.name}` | MXNet's five best classes and float32 logits for every scan |

Of `{PARAMS.name}`:

- sha1 `{hashlib.sha1(params).hexdigest()}`
- sha256 `{hashlib.sha256(params).hexdigest()}`

## Network and input

`gluoncv.model_zoo.resnext.ResNext([1, 1], 8, 4, classes=10, use_se=True)`: two blocks, cardinality
8, bottleneck width 4; a class is its digit. The input is 3 x 32 x 32 float32, made from a PNG the
way GluonCV's `verify_pretrained` makes it from a photograph, at input size 32 and crop ratio 1.0:
decoded to RGB, short side resized to 32 by OpenCV's `INTER_LINEAR` (no antialiasing), centre crop
32, divided by 255, mean 0.485 0.456 0.406, standard deviation 0.229 0.224 0.225.

## Data

E. Alpaydin and C. Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI Machine Learning
Repository, <https://doi.org/10.24432/C50P49>, licensed
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). Taken from `load_digits` of scikit-learn
1.5.2, whose description says "a copy of the test set of the UCI ML hand-written digits datasets":
1797 scans of 8x8 values in 0..16, by 13 writers. Changed here: a pixel is round(value * 255 / 16),
saved as PNG. The number in a file's name is the scan's index in `load_digits`.

The first {TRAINING} scans are for training, the last {total} held out. Every writer copied the same
text, so the order of the digits shows where a form begins: near the split, at 1415, 1545 and 1667.
The 252 held-out scans from 1545 on are of forms that training never saw; the 108 before them
complete the form whose first 22 scans it did see.

## Training

`scripts/train_sample.py` made these files; with `--check` it evaluates them again. {EPOCHS} epochs
of Nesterov SGD in batches of {BATCH}: {optimiser},
weight decay {WEIGHT_DECAY}, label smoothing {SMOOTHING}; every scan turned, scaled, sheared and
shifted a little at random. Every gamma starts at one and the biases of squeeze-and-excitation at
random, so that each part of the network does work that a faulty port would spoil. The settings were
chosen on the first {TRAINING} scans alone. Two earlier recipes, with gammas and biases started at
zero as GluonCV does, had 351 and 347 of the held-out scans right, their residual branches all but
idle. The last step's parameters are the ones saved.

With one thread, one seed and kernels capped at AVX2, training again on the same machine gave the
same bytes. Another processor, or another build of MXNet, may end at other parameters.
"""


def pixels(png: bytes) -> bytes:
    decoded: np.ndarray = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return decoded.tobytes()


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"error: {otherwise}; train again with scripts/train_sample.py")


def make() -> None:
    """Train, and write the four files."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    scans, labels = load_scans()
    net = train([decode(scan).asnumpy() for scan in scans[:TRAINING]], labels[:TRAINING])
    net.save_parameters(str(PARAMS))
    write_tar(TAR, held_out())
    rows = predict(load(), read_tar(TAR))
    with CSV.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
    README.write_text(about(count_right(rows), len(rows)))


def check() -> str:
    """The files evaluated again; raises SystemExit on the first that does not hold."""
    for path in (PARAMS, TAR, CSV, README):
        expect(path.is_file(), f"{path} is missing")
    members, net, stored = read_tar(TAR), load(), read_rows()
    expect(
        [(path, pixels(png)) for path, png in members]
        == [(path, pixels(png)) for path, png in held_out()],
        f"{TAR.name} does not hold scikit-learn's scans from {TRAINING} on",
    )
    rows = predict(net, members)
    expect(
        [row[:7] for row in stored] == [row[:7] for row in (HEADER, *rows)],
        f"{CSV.name} does not hold the paths, labels and classes that MXNet predicts",
    )
    logits, again = (np.array([row[7:] for row in table], float) for table in (stored[1:], rows))
    drift = np.abs(logits - again).max()
    expect(drift <= TOLERANCE, f"{CSV.name}: a logit is {drift:.1e} from MXNet's")
    expect(not untrained(net), f"{PARAMS.name} is untrained in {', '.join(untrained(net))}")
    right, total = count_right(rows), len(rows)
    expect(right >= REQUIRED * total, f"{right} of {total} right, {REQUIRED:.0%} required")
    expect(README.read_text() == about(right, total), f"{README.name} is not of these files")
    return f"{right} of {total} right; logits within {drift:.1e} of those in {CSV.name}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="evaluate the files, do not train")
    if not parser.parse_args().check:
        make()
    print(check())
