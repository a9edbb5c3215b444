"""The smallest graph with weights: a dense layer of three inputs and two outputs."""

from __future__ import annotations

import json

import numpy as np

from tests.support.params_writer import dense, params

SYMBOL = json.dumps(
    {
        "nodes": [
            {"op": "null", "name": "data", "inputs": []},
            {"op": "null", "name": "fc_weight", "inputs": []},
            {
                "op": "FullyConnected",
                "name": "fc",
                "inputs": [[0, 0, 0], [1, 0, 0]],
                "attrs": {"num_hidden": "2", "no_bias": "True"},
            },
        ],
        "arg_nodes": [0, 1],
        "heads": [[2, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10901]},
    }
).encode()


def weights(value: float = 1.0, name: str = "arg:fc_weight") -> bytes:
    """Its ``.params`` file, with this value everywhere."""
    return params([dense(np.full((2, 3), value, np.float32))], [name])
