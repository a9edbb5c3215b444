"""The ways in which PyTorch users take a network elsewhere."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn


def assert_scripts_and_exports(network: nn.Module, images: Tensor) -> None:
    """TorchScript's and torch.export's network compute what the network itself computes."""
    exported = torch.export.export(network, (images,)).module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and people still use it
        scripted = torch.jit.script(network)
    with torch.inference_mode():
        expected = network(images)
        assert torch.allclose(scripted(images), expected, atol=1e-6)
        assert torch.allclose(exported(images), expected, atol=1e-6)
