# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Write real checkpoints with real MXNet and GluonCV, and the logits MXNet computes from them.

gluon_checkpoints.py FOLDER NETWORK [SCHEME...]: FOLDER/NETWORK-SCHEME.params for every naming
scheme asked for (all of them without), FOLDER/NETWORK.npz with ``inputs`` and ``logits``.
NETWORK-tuned has 23 classes, NETWORK-grey takes images of 1 channel, NETWORK-rgba of 4.
"""

import os
import random
import sys

import mxnet as mx
import numpy as np
from gluoncv.model_zoo import get_model
from gluoncv.model_zoo.resnext import ResNext
from gluoncv.nn.block import BatchNormCudnnOff
from mxnet import gluon, nd


def build(network, **options):
    if network == "seresnext8_digits":
        return ResNext([1, 1], 8, 4, **{"classes": 10, "use_se": True, **options})
    return get_model(network, pretrained=False, **options)


def randomise(net):
    """Every parameter and statistic away from what it is initialised to."""
    stream = np.random.RandomState(7)
    for name, parameter in net.collect_params().items():
        if name.endswith("weight"):
            fan_in = np.prod(parameter.shape[1:])
            values = stream.randn(*parameter.shape) * np.sqrt(1.5 / fan_in)
        elif name.endswith(("gamma", "running_var")):
            values = stream.uniform(0.4, 0.9, parameter.shape)
        else:
            values = stream.uniform(-0.4, 0.4, parameter.shape)
        parameter.set_data(nd.array(values))


def pairs(net, other):
    return zip(net.collect_params().values(), other.collect_params().values(), strict=True)


def twin(net, network, **options):
    """A network of the same architecture, built otherwise, with the same values."""
    other = build(network, classes=len(net.output.bias.data()), **options)
    other.initialize()
    other(nd.zeros((1, 3, 32, 32)))
    for mine, theirs in pairs(net, other):
        theirs.set_data(mine.data())
    return other


def save(net, network, scheme, inputs, path):
    if scheme == "structural":
        net.save_parameters(path)
    elif scheme == "prefixed":
        net.collect_params().save(path)
    elif scheme == "stripped":
        net.collect_params().save(path, strip_prefix=net.prefix)
    elif scheme == "user-prefix":
        twin(net, network, prefix="stage1_").collect_params().save(path)
    elif scheme in ("syncbatchnorm", "batchnormcudnnoff"):
        options = {"norm_layer": BatchNormCudnnOff}
        if scheme == "syncbatchnorm":
            layer = gluon.contrib.nn.SyncBatchNorm
            options = {"norm_layer": layer, "norm_kwargs": {"num_devices": 1}}
        options["classes"] = len(net.output.bias.data())
        other = build(network, prefix="sync_", **options)
        other.initialize()
        for mine, theirs in pairs(net, other):
            theirs.shape = mine.shape
            theirs._finish_deferred_init()
            theirs.set_data(mine.data())
        other.collect_params().save(path)
    elif scheme == "transplanted":
        other = build(network, prefix="second_", classes=len(net.output.bias.data()))
        other.initialize()
        other(inputs[:1])
        other.features = net.features
        other.output.weight.set_data(net.output.weight.data())
        other.output.bias.set_data(net.output.bias.data())
        other.collect_params().save(path)
    elif scheme in ("replaced-head", "outside-head"):
        other = twin(net, network, prefix="tuned_")
        size = net.output.weight.shape[0]
        if scheme == "replaced-head":
            with other.name_scope():
                other.output = gluon.nn.Dense(size)
        else:
            other.output = gluon.nn.Dense(size)
        other.output.initialize()
        other(inputs[:1])
        other.output.weight.set_data(net.output.weight.data())
        other.output.bias.set_data(net.output.bias.data())
        other.collect_params().save(path)
    elif scheme in ("export", "module"):
        net.hybridize()
        net(inputs)
        stem = path[: -len(".params")]
        net.export(stem)
        os.replace(f"{stem}-0000.params", path)
        if scheme == "module":
            symbol = mx.sym.load(f"{stem}-symbol.json")
            module = mx.mod.Module(symbol, label_names=None)
            module.bind([("data", inputs.shape)], for_training=False)
            saved = nd.load(path)
            module.set_params(
                {k[4:]: v for k, v in saved.items() if k.startswith("arg:")},
                {k[4:]: v for k, v in saved.items() if k.startswith("aux:")},
            )
            module.save_checkpoint(stem, 1)
            os.replace(f"{stem}-0001.params", path)
        os.remove(f"{stem}-symbol.json")
    elif scheme in ("moving", "mixed-moving"):
        names = dict(net.collect_params().items())
        half = len(names) // 2 if scheme == "mixed-moving" else len(names)
        nd.save(
            path,
            {
                (k.replace("running_", "moving_") if i < half else k): v.data()
                for i, (k, v) in enumerate(names.items())
            },
        )
    elif scheme == "shuffled":
        items = list(net._collect_params_with_prefix().items())
        random.Random(3).shuffle(items)
        nd.save(path, {k: v.data() for k, v in items})
    elif scheme == "float16":
        half = twin(net, network)
        half.cast("float16")
        half.save_parameters(path)
    else:
        raise SystemExit(f"error: no scheme {scheme}")


SCHEMES = (
    "structural prefixed stripped user-prefix syncbatchnorm batchnormcudnnoff transplanted "
    "replaced-head outside-head export module moving mixed-moving shuffled float16"
).split()


def main(folder, network, *schemes):
    name, _, variant = network.partition("-")
    net = build(name, **({"classes": 23} if variant == "tuned" else {}))
    channels = {"grey": 1, "rgba": 4}.get(variant, 3)
    net.initialize()
    inputs = nd.array(np.random.RandomState(1).randn(2, channels, 64, 64))
    net(inputs)
    randomise(net)
    logits = net(inputs).asnumpy()
    np.savez(os.path.join(folder, f"{network}.npz"), inputs=inputs.asnumpy(), logits=logits)
    for scheme in schemes or SCHEMES:
        path = os.path.join(folder, f"{network}-{scheme}.params")
        save(net, name, scheme, inputs, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
