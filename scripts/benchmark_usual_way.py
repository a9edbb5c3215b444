# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#     "gluoncv==0.10.5.post0",
#     "mxnet==1.9.1",
#     "numpy==1.23.5",
#     "torch==1.13.1",
# ]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""The usual way from Gluon to PyTorch, for the benchmark: both frameworks live, copied by order.

    benchmark_usual_way.py write NETWORK FILE.params
    benchmark_usual_way.py convert NETWORK FILE.params OUT.pth

``write`` saves NETWORK with random values, BatchNorm's too. ``convert`` is the usual way: both
networks live, parameters paired by order, shapes asserted. Nothing is compared, nothing is synced
to the disk. The PyTorch network is ours, which has timm's names: no timm or torchvision installs
beside both this torch and Python 3.11.

It runs in one process and one environment, with the last torch before 2: GluonCV 0.10.5 raises
RuntimeError where it finds torch >= 2 (gluoncv/check.py, _require_pytorch_version), and MXNet 1.9.1
needs the ``numpy.bool`` that NumPy 1.24 removed (mxnet/numpy/utils.py).
"""

import sys
import time
from pathlib import Path

import mxnet as mx
import numpy as np
import torch
from gluoncv.model_zoo import get_model

sys.path.insert(0, str(Path(__file__).parents[1]))
from architectures import find_model
from architectures.networks.build import build


def write(network: str, path: str) -> None:
    net = get_model(network, pretrained=False)
    net.initialize()
    net(mx.nd.zeros((1, 3, 224, 224)))  # shapes are known from now on
    stream = np.random.RandomState(0)
    for parameter in net.collect_params().values():
        parameter.set_data(mx.nd.array(stream.uniform(0.1, 0.9, parameter.shape)))
    net.save_parameters(path)


def convert(network: str, path: str, out: str) -> None:
    print(time.monotonic())  # imports end here
    net = get_model(network, pretrained=False)
    net.load_parameters(path)
    parameters = iter(net.collect_params().values())
    state = build(find_model(network)).state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            array = next(parameters).data().asnumpy()
            assert array.shape == tuple(tensor.shape), name
            state[name] = torch.from_numpy(array)
    torch.save(state, out)


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    convert(*arguments) if verb == "convert" else write(*arguments)
