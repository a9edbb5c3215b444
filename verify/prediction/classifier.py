"""A checkpoint that is ready to look at images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from architectures import Model, find_model
from architectures.catalogue.figure import Regime
from architectures.networks.load import create_classifier
from architectures.networks.network import Network
from convert.formats import open_checkpoint
from convert.formats.limits import MAX_PIXELS
from mappings.errors import FormatError
from verify.datasets.class_names import read_class_names
from verify.datasets.expectation import imagenet_names
from verify.prediction.recognise import recognise
from verify.preprocessing import preprocess
from verify.preprocessing.regimes import check_channels
from verify.publish.read_statement import Stated
from verify.publish.statement import WEIGHTS
from verify.publish.unpublishable import is_synthetic


@dataclass(frozen=True)
class Guess:
    """A class by its index and, where it is known, its name, with its logit and softmax."""

    index: int
    name: str | None
    logit: float
    probability: float


@dataclass(frozen=True)
class Classifier:
    """A network with its weights, whose preprocessing it is given, what its classes are called.

    ``names_of`` says where the names are from; None, as ``names`` is, where there are none.
    The answers of ``synthetic`` weights mean nothing. Images of more than ``max_pixels`` pixels are
    refused.
    """

    model: Model
    network: Network
    regime: Regime
    names: tuple[str, ...] | None
    names_of: str | None
    synthetic: bool
    max_pixels: int

    def classify(self, image: Path, most: int) -> tuple[Guess, ...]:
        """The ``most`` best classes of an image file, best first.

        Raises ImageError for one that does not decode, FormatError where logits are not finite.
        """
        inputs = torch.from_numpy(preprocess(image, self.regime, self.model, self.max_pixels))
        with torch.inference_mode():
            logits = self.network(inputs[None])[0]
        if not logits.isfinite().all():
            raise FormatError(image, "its logits are not finite: is the checkpoint damaged?")
        shares = logits.double().softmax(0).tolist()
        order = np.argsort(-logits.numpy(), kind="stable")[:most].tolist()
        return tuple(
            Guess(k, self.names[k] if self.names else None, logits[k].item(), shares[k])
            for k in order
        )


def open_classifier(
    checkpoint: Path,
    name: str | None = None,
    regime: Regime | None = None,
    labels: Path | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Classifier:
    """The classifier of a converted ``.safetensors`` or of a release folder.

    ``name`` of its model, ``regime`` and the file of class names are found out where they are None.
    Raises GluonportError where the model is not clear, the weights are not its, or no regime gives
    the images that it takes.
    """
    names: tuple[str, ...] | None = None
    names_of: str | None = None
    if checkpoint.is_dir():
        names, names_of = _own_names(checkpoint), "the release"
        name = name or Stated.read(checkpoint).model.name
        checkpoint /= WEIGHTS
    model = find_model(name) if name else recognise(checkpoint)
    network = create_classifier(model, checkpoint)
    check_channels(checkpoint, network.in_chans)
    classes = network.num_classes
    if labels:
        names, names_of = read_class_names(labels, classes), str(labels)
    elif names is None or len(names) != classes:
        names = model.dataset.class_names or imagenet_names()
        names_of = model.dataset.name
        if len(names) != classes:
            names = names_of = None
    return Classifier(
        model,
        network,
        regime or model.regimes[0],
        names,
        names_of,
        is_synthetic(model, open_checkpoint(checkpoint)),
        max_pixels,
    )


def _own_names(release: Path) -> tuple[str, ...] | None:
    """The class names in a release's configuration."""
    try:
        config = json.loads((release / "config.json").read_text(encoding="utf-8"))
        return tuple(map(str, config["label_names"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None
