# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Names and shapes of the parameters of GluonCV's networks, from the live networks themselves.

gluon_parameters.py NETWORK...: one JSON object on stdout; by network its ``prefix`` and, for every
parameter in creation order, [flat name, structural name, shape].
"""

import json
import sys

import mxnet as mx
from gluoncv.model_zoo import get_model


def parameters(name):
    small = name.endswith("_thumbnail")
    name = name.removesuffix("_thumbnail")
    options = {"thumbnail": True, "classes": 10} if small else {}
    with mx.name.NameManager():  # networks without a prefix count on from the ones before
        net = get_model(name, pretrained=False, **options)
    side = 32 if name.startswith("cifar") else 299 if name.startswith("inception") else 224
    image = mx.nd.zeros((1, 3, side, side))
    if name.endswith("_gn"):  # GluonCV's GroupNorm infers no shapes
        net.initialize(mx.init.Zero())
        net(image)
    else:
        net.infer_shape(image)
    structural = {p.name: key for key, p in net._collect_params_with_prefix().items()}
    rows = [[n, structural[n], p.shape] for n, p in net.collect_params().items()]
    return {"prefix": net.prefix, "parameters": rows}


if __name__ == "__main__":
    print(json.dumps({name: parameters(name) for name in sys.argv[1:]}))
