# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Networks of the zoo built with each of their options, as real GluonCV and MXNet write them.

uv run --script gluon_options.py FOLDER: for each case CASE.params (``save_parameters``),
CASE/net-symbol.json and CASE/net-0000.params (``export``), and CASE.npz with ``inputs`` and
``logits``.
"""

import os
import sys

import mxnet as mx
import numpy as np
from gluoncv.model_zoo import get_model, resnetv1b
from mxnet.gluon import contrib
from mxnet.gluon.model_zoo import vision

FOLDER = sys.argv[1]
CASES = {
    "plain": lambda: get_model("resnet18_v1b", classes=7),
    "dilated": lambda: get_model("resnet18_v1b", classes=7, dilated=True),
    "final_drop": lambda: get_model("resnet18_v1b", classes=7, final_drop=0.5),
    "last_gamma": lambda: get_model("resnet18_v1b", classes=7, last_gamma=True),
    "epsilon": lambda: get_model("resnet18_v1b", classes=7, norm_kwargs={"epsilon": 1e-3}),
    "sync": lambda: get_model(
        "resnet18_v1b",
        classes=7,
        norm_layer=contrib.nn.SyncBatchNorm,
        norm_kwargs={"num_devices": 1},
    ),
    "deep_stem": lambda: get_model("resnet18_v1b", classes=7, deep_stem=True, stem_width=32),
    "avg_down": lambda: get_model("resnet18_v1b", classes=7, avg_down=True),
    "as_v1d": lambda: resnetv1b.ResNetV1b(
        resnetv1b.BottleneckV1b,
        [3, 4, 6, 3],
        classes=7,
        deep_stem=True,
        stem_width=32,
        avg_down=True,
    ),
    "use_se": lambda: get_model("se_resnet18_v1", classes=7),
    "thumbnail_v1": lambda: vision.resnet18_v1(classes=7, thumbnail=True),
    "thumbnail_v2": lambda: vision.resnet18_v2(classes=7, thumbnail=True),
}


def draw_norms(net: mx.gluon.Block) -> None:
    """Draw what the norms hold, so that each differs; a gamma of 0 (``last_gamma``) stays 0."""
    for parameter in net.collect_params().values():
        if parameter.name.endswith(("gamma", "running_var")):
            drawn = mx.nd.random.uniform(0.5, 1.5, parameter.shape)
            parameter.set_data(parameter.data() * drawn)
        if parameter.name.endswith(("beta", "running_mean")):
            parameter.set_data(mx.nd.random.uniform(-0.1, 0.1, parameter.shape))


mx.random.seed(5)
for name, make in CASES.items():
    net = make()
    net.initialize(mx.init.Xavier())
    net.hybridize()
    images = mx.nd.random.uniform(-1, 1, (2, 3, 64, 96))
    net(images)  # tells every shape
    draw_norms(net)
    logits = net(images)
    net.save_parameters(os.path.join(FOLDER, f"{name}.params"))
    os.mkdir(os.path.join(FOLDER, name))
    net.export(os.path.join(FOLDER, name, "net"))
    np.savez(os.path.join(FOLDER, f"{name}.npz"), inputs=images.asnumpy(), logits=logits.asnumpy())
