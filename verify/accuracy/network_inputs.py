"""Crops to a network's inputs, on the device that computes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from architectures.catalogue.normalisation import normalisation
from convert.formats import Array
from verify.preprocessing import normalise

CPU = torch.device("cpu")


class Inputs:
    """Makes inputs, float32 (N, 3, S, S) on ``device``, of uint8 RGB crops (S, S, 3).

    A GPU is sent the crops, a quarter of the bytes, and normalises them itself. The inputs have the
    same bits on every device: each step is one operation that IEEE 754 rounds correctly.
    """

    def __init__(self, regime: Regime, model: Evaluated, device: torch.device = CPU) -> None:
        self.regime, self.model, self.device = regime, model, device
        rule = normalisation(regime, model)
        # Tensors, since torch multiplies by the inverse of a number instead of dividing by it.
        self.scale = None if rule.scale is None else self._constant(rule.scale)
        self.mean, self.std = (self._constant(values, 3, 1, 1) for values in (rule.mean, rule.std))

    def __call__(self, crops: Sequence[Array]) -> Tensor:
        """The inputs of these crops, in channels-last order on a GPU."""
        side = self.model.input_size
        pinned = self.device.type == "cuda" and bool(crops)  # the GPU then copies them by itself
        pixels = torch.empty((len(crops), side, side, 3), dtype=torch.uint8, pin_memory=pinned)
        for row, crop in zip(pixels.numpy(), crops, strict=True):
            row[...] = crop
        if self.device.type == "cpu":
            return torch.from_numpy(normalise(pixels.numpy(), self.regime, self.model))
        return self.normalised(pixels)

    def normalised(self, pixels: Tensor) -> Tensor:
        """The inputs of crops in one tensor, uint8 (N, S, S, 3), computed by torch."""
        x = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float()
        if self.scale is not None:
            x /= self.scale
        x -= self.mean
        x /= self.std
        return x

    def _constant(self, values: object, *shape: int) -> Tensor:
        constant = torch.from_numpy(np.array(values, np.float32))
        return constant.reshape(shape).to(self.device)
