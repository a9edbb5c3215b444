# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Networks whose classifier is a convolution, as people fine-tune them in real GluonCV and MXNet.

gluon_heads.py FOLDER NETWORK...: FOLDER/NETWORK.params is of a network whose ``output`` is a new
``nn.HybridSequential`` with ``nn.Dense(5)``: MXNet refuses a dense layer itself in its place.
FOLDER/NETWORK.flat.params is of the second network of the process, as it was made, and
FOLDER/NETWORK.npz has ``inputs`` and the ``logits`` of that network.
"""

import sys

import mxnet as mx
import numpy as np
from gluoncv.model_zoo import get_model
from mxnet.gluon import nn

mx.random.seed(4)
for network in sys.argv[2:]:
    path = f"{sys.argv[1]}/{network}"
    inputs = mx.nd.random.normal(shape=(1, 3, 224, 224))
    first, second = (get_model(network, classes=7) for _ in range(2))
    with first.name_scope():
        first.output = nn.HybridSequential()
        first.output.add(nn.Dense(5))
    for net in (first, second):
        net.initialize(mx.init.Xavier())
        logits = net(inputs).asnumpy()
    first.save_parameters(f"{path}.params")
    second.collect_params().save(f"{path}.flat.params")
    np.savez(f"{path}.npz", inputs=inputs.asnumpy(), logits=logits)
