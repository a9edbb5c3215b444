# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Write what real MXNet and GluonCV write of parts of networks, other heads and exports.

gluon_parts.py FOLDER: FOLDER/CASE.params for every case below, FOLDER/CASE.npz with ``inputs``,
``features`` (the pooled features of the network) and ``outputs`` (of the whole, where it has one).
"""

import os
import sys

import mxnet as mx
import numpy as np
from gluoncv.model_zoo import get_model
from gluoncv.utils import export_block
from mxnet import gluon, nd
from mxnet.gluon import model_zoo, nn

FOLDER = sys.argv[1]
INPUTS = nd.array(np.random.RandomState(1).randn(2, 3, 64, 64))


def path(case):
    return os.path.join(FOLDER, f"{case}.params")


def randomise(block):
    """Every parameter and statistic away from what it is initialised to; constants stay."""
    stream = np.random.RandomState(7)
    for name, parameter in block.collect_params().items():
        if isinstance(parameter, gluon.Constant):
            continue
        if name.endswith("weight"):
            fan_in = np.prod(parameter.shape[1:])
            values = stream.randn(*parameter.shape) * np.sqrt(1.5 / fan_in)
        elif name.endswith(("gamma", "running_var")):
            values = stream.uniform(0.4, 0.9, parameter.shape)
        else:
            values = stream.uniform(-0.4, 0.4, parameter.shape)
        parameter.set_data(nd.array(values))


def fresh(name, **options):
    net = get_model(name, pretrained=False, classes=10, **options)
    net.initialize()
    net(INPUTS)
    randomise(net)
    return net


def answers(case, features, outputs=None):
    pooled = features(INPUTS).reshape((len(INPUTS), -1)).asnumpy()
    given = {} if outputs is None else {"outputs": outputs(INPUTS).asnumpy()}
    np.savez(os.path.join(FOLDER, case), inputs=INPUTS.asnumpy(), features=pooled, **given)


def backbones():
    net = fresh("cifar_resnet20_v2")
    net.features.save_parameters(path("children"))
    net.features.collect_params().save(path("prefixed"))
    net.features.collect_params().save(path("stripped"), strip_prefix=net.prefix)
    structural = net._collect_params_with_prefix()
    kept = {n: p.data() for n, p in structural.items() if n.startswith("features.")}
    nd.save(path("structural"), kept)
    net.save_parameters(path("whole"))
    for case in ("children", "prefixed", "stripped", "structural", "whole"):
        answers(case, net.features)


def two_parts():
    net = fresh("cifar_resnet20_v1")
    pair = nn.HybridSequential()
    with pair.name_scope():
        pair.add(net.features, nn.Dense(5, in_units=64))
    pair[1].initialize()
    randomise(pair[1])
    pair.save_parameters(path("two-part"))
    pair.collect_params().save(path("two-part-prefixed"))
    for case in ("two-part", "two-part-prefixed"):
        answers(case, net.features, pair)

    class Wrapped(gluon.HybridBlock):
        def __init__(self, **options):
            super().__init__(**options)
            with self.name_scope():
                self.backbone, self.classifier = net.features, pair[1]

        def hybrid_forward(self, F, x):
            return self.classifier(self.backbone(x))

    wrapped = Wrapped()
    wrapped.save_parameters(path("wrapped"))
    answers("wrapped", net.features, wrapped)


class TwoHeads(gluon.HybridBlock):
    """A network around ``features``, as a user writes one for a head of another kind."""

    def __init__(self, features, head, **options):
        super().__init__(**options)
        with self.name_scope():
            self.features, self.output = features, head

    def hybrid_forward(self, F, x):
        return self.output(self.features(x))


def heads():
    net = fresh("cifar_resnet20_v2")
    for case, layers in {
        "one-dense": [nn.Dropout(0.5), nn.Dense(4, in_units=64)],
        "deep-head": [nn.Dense(32, in_units=64, activation="relu"), nn.Dense(4, in_units=32)],
    }.items():
        head = nn.HybridSequential()
        head.add(*layers)
        head.initialize()
        randomise(head)
        whole = TwoHeads(net.features, head)
        whole.save_parameters(path(case))
        answers(case, net.features, whole)
    bare = nn.Dense(4, in_units=64, use_bias=False)
    bare.initialize()
    TwoHeads(net.features, bare).save_parameters(path("no-bias"))
    answers("no-bias", net.features)
    stale = fresh("resnet18_v1b")
    kept = {n: p.data() for n, p in stale._collect_params_with_prefix().items() if "fc" not in n}
    nd.save(path("v1b-without-fc"), kept)
    body = nn.HybridSequential()
    for child in list(stale._children.values())[:-2]:  # without the dropout and the classifier
        body.add(child)
    body.save_parameters(path("v1b-children"))
    for case in ("v1b-without-fc", "v1b-children"):
        answers(case, body)
    stale.output = nn.Dense(23, in_units=512)
    stale.output.initialize()
    randomise(stale.output)
    stale.save_parameters(path("stale"))


class Normalise(gluon.HybridBlock):
    """A user's own preprocessing, in the order of the network's channels, with a third constant."""

    def __init__(self, **options):
        super().__init__(**options)
        with self.name_scope():
            mean, std = nd.array([0.5, 0.5, 0.5]), nd.array([0.25, 0.25, 0.25])
            self.mean = self.params.get_constant("mean", mean.reshape((1, 3, 1, 1)))
            self.std = self.params.get_constant("std", std.reshape((1, 3, 1, 1)))
            self.gain = self.params.get_constant("gain", nd.array([1.0]))

    def hybrid_forward(self, F, x, mean, std, gain):
        x = F.broadcast_div(F.broadcast_sub(x, mean), std)
        return F.broadcast_mul(x, gain)


def exports():
    net = fresh("resnet18_v1")
    small = fresh("cifar_resnet20_v1")
    for case, block, options in (
        ("export", net, {"preprocess": True, "layout": "HWC"}),
        ("export-none", small, {"preprocess": None, "layout": "CHW"}),
        ("export-own", small, {"preprocess": Normalise(), "layout": "CHW"}),
        ("export-cifar", small, {"preprocess": True, "layout": "HWC"}),
    ):
        stem = os.path.join(FOLDER, case)
        export_block(stem, block, **options)
        os.replace(f"{stem}-0000.params", path(case))
        answers(case, block.features, block)


def thumbnails():
    for version in ("v1", "v2"):
        net = getattr(model_zoo.vision, f"resnet18_{version}")(classes=10, thumbnail=True)
        net.initialize(mx.init.Xavier())
        images = nd.random.uniform(-1, 1, (2, 3, 32, 32))
        logits = net(images)
        net.save_parameters(path(f"thumbnail-{version}"))
        stem = os.path.join(FOLDER, f"thumbnail-{version}")
        np.savez(f"{stem}.npz", inputs=images.asnumpy(), logits=logits.asnumpy())
        net.collect_params().save(path(f"thumbnail-{version}-prefixed"))


mx.random.seed(1)
np.random.seed(1)
for write in (backbones, two_parts, heads, exports, thumbnails):
    write()
