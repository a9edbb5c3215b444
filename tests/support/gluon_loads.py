# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Load a checkpoint with real MXNet and save the logits it gives.

gluon_loads.py NETWORK CLASSES FILE INPUTS.npz LOGITS.npy: a structural FILE through
``net.load_parameters``; one with ``arg:`` and ``aux:`` through Module and through SymbolBlock,
which must agree (Module fuses layers, and so rounds otherwise).
"""

import sys
import tempfile

import mxnet as mx
import numpy as np
from gluoncv.model_zoo import get_model
from gluoncv.model_zoo.resnext import ResNext
from mxnet import gluon, nd


def main(network, classes, file, inputs, out):
    inputs = nd.array(np.load(inputs)["inputs"])
    if network == "seresnext8_digits":
        net = ResNext([1, 1], 8, 4, classes=int(classes), use_se=True)
    else:
        net = get_model(network, pretrained=False, classes=int(classes))
    names = list(nd.load(file))
    if not names[0].startswith("arg:"):
        net.load_parameters(file)
        np.save(out, net(inputs).asnumpy())
        return
    net.initialize()
    net.hybridize()
    net(inputs)
    with tempfile.TemporaryDirectory() as folder:
        net.export(f"{folder}/net")
        block = gluon.SymbolBlock.imports(f"{folder}/net-symbol.json", ["data"], file)
        module = mx.mod.Module(mx.sym.load(f"{folder}/net-symbol.json"), label_names=None)
    saved = nd.load(file)
    module.bind([("data", inputs.shape)], for_training=False)
    module.set_params(
        {name[4:]: values for name, values in saved.items() if name.startswith("arg:")},
        {name[4:]: values for name, values in saved.items() if name.startswith("aux:")},
    )
    module.forward(mx.io.DataBatch([inputs]), is_train=False)
    logits = block(inputs).asnumpy()
    assert np.allclose(logits, module.get_outputs()[0].asnumpy(), atol=1e-5)
    np.save(out, logits)


if __name__ == "__main__":
    main(*sys.argv[1:])
