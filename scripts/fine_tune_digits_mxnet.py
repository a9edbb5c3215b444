# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""Load in MXNet what ``scripts/fine_tune_digits.py`` left in FOLDER, and compare the answers.

uv run --script scripts/fine_tune_digits_mxnet.py FOLDER
"""

import sys

import mxnet as mx
import numpy as np
from gluoncv.model_zoo.resnext import ResNext

ATOL = 1e-4  # of float32 logits; the two frameworks round in other orders


def main(folder):
    answers = np.load(f"{folder}/answers.npz")
    net = ResNext([1, 1], 8, 4, classes=2, use_se=True)
    net.load_parameters(f"{folder}/tuned.params")
    logits = net(mx.nd.array(answers["inputs"])).asnumpy()
    found, expected = logits.argmax(1), answers["logits"].argmax(1)
    right = int((found == answers["labels"]).sum())
    apart = float(np.abs(logits - answers["logits"]).max())
    print(f"MXNet {mx.__version__}: {right} of {len(found)} right")
    print(f"same answers as PyTorch: {int((found == expected).sum())} of {len(found)}")
    print(f"largest difference of a logit: {apart:.1e}, of logits up to {abs(logits).max():.1f}")
    if (found != expected).any() or apart > ATOL:
        sys.exit("error: the answers are not the same")


if __name__ == "__main__":
    main(*sys.argv[1:])
