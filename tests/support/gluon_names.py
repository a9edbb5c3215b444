# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Write files with the tensors of GluonCV's other networks, as MXNet names them.

gluon_names.py FOLDER NETWORK...: FOLDER/NETWORK.params as ``save_parameters`` names its tensors,
FOLDER/NETWORK.flat.params as ``collect_params().save`` does. The values are zeros, and tensors that
are large or whose shape only an image would tell have one element. Also FOLDER/module.params, which
``Module.save_checkpoint`` writes, and FOLDER/trainer.states and FOLDER/plain.states.
"""

import pathlib
import sys

import mxnet as mx
import numpy as np
from gluoncv.model_zoo import get_model
from mxnet import autograd, gluon, nd

LARGE = 1 << 20  # elements


def zeros(parameter):
    shape = parameter.shape or (1,)
    known = all(size > 0 for size in shape) and np.prod(shape) < LARGE
    return nd.zeros(shape if known else (1,))


def names(folder, network):
    based = network.endswith(("voc", "ade", "coco"))  # on a classifier that would be downloaded
    options = {"pretrained_base": False} if based else {}
    net = get_model(network, pretrained=False, **options)
    structural = net._collect_params_with_prefix()
    nd.save(str(folder / f"{network}.params"), {k: zeros(p) for k, p in structural.items()})
    flat = net.collect_params()
    nd.save(str(folder / f"{network}.flat.params"), {k: zeros(p) for k, p in flat.items()})


def module(folder):
    x = mx.sym.var("data")
    for unit in (1, 2):
        x = mx.sym.BatchNorm(x, name=f"stage1_unit{unit}_bn1")
        x = mx.sym.Convolution(x, num_filter=3, kernel=(1, 1), name=f"stage1_unit{unit}_conv1")
    x = mx.sym.FullyConnected(x, num_hidden=2, name="fc1")
    model = mx.mod.Module(x, label_names=None)
    model.bind([("data", (1, 3, 4, 4))], for_training=False)
    model.init_params()
    model.save_checkpoint(str(folder / "module"), 0)
    (folder / "module-0000.params").rename(folder / "module.params")


def states(folder, file, momentum):
    net = gluon.nn.Dense(2, in_units=3)
    net.initialize()
    options = {"learning_rate": 0.1, "momentum": momentum}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options)
    with autograd.record():
        loss = net(nd.ones((1, 3))).sum()
    loss.backward()
    trainer.step(1)
    trainer.save_states(str(folder / file))


def main(folder, *networks):
    folder = pathlib.Path(folder)
    for network in networks:
        names(folder, network)
    module(folder)
    states(folder, "trainer.states", 0.9)
    states(folder, "plain.states", 0.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
