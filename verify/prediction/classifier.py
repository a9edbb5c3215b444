"""A checkpoint that classifies images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from architectures import find_model
from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from architectures.networks.load import create_classifier
from architectures.networks.network import Network
from convert.formats import open_checkpoint
from convert.formats.graph_checkpoint import is_graph_checkpoint
from convert.formats.json_text import read_json_object
from convert.formats.limits import MAX_PIXELS
from convert.formats.records import GRAPH
from convert.formats.shaped import shaped
from mappings.errors import FormatError
from verify.datasets.class_names import read_class_names
from verify.datasets.expectation import imagenet_names
from verify.graphs.image_classifier import (
    UNSAID,
    GraphClassifier,
    Preparation,
    open_graph_classifier,
    refuse_preparation,
)
from verify.prediction.recognise import recognise
from verify.preprocessing import preprocess
from verify.preprocessing.regimes import check_channels
from verify.publish.read_statement import Stated
from verify.publish.statement import CONFIG, WEIGHTS
from verify.publish.unpublishable import is_synthetic


@dataclass(frozen=True)
class Configuration:
    """The part of a release's configuration that names the classes."""

    label_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Guess:
    """A class: its index, its name if known, its logit, and its share of the softmax."""

    index: int
    name: str | None
    logit: float
    probability: float


@dataclass(frozen=True)
class Classifier:
    """A network with its weights, its preprocessing and the names of its classes.

    ``names_of`` says where the names come from; both are None if the names are unknown. The answers
    of ``synthetic`` weights mean nothing. Images of more than ``max_pixels`` pixels are refused.
    """

    model: Evaluated
    network: Network | GraphClassifier
    regime: Regime
    names: tuple[str, ...] | None
    names_of: str | None
    synthetic: bool
    max_pixels: int

    def classify(self, image: Path, most: int) -> tuple[Guess, ...]:
        """The ``most`` best classes of an image file, best first.

        Raises ImageError for a file that does not decode, FormatError if a logit is not finite.
        """
        inputs = torch.from_numpy(preprocess(image, self.regime, self.model, self.max_pixels))
        with torch.inference_mode():
            logits = self.network(inputs[None])[0]
        if not logits.isfinite().all():
            raise FormatError(
                image, "the logits are not finite: check whether the checkpoint is damaged"
            )
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
    class_names: Path | None = None,
    max_pixels: int = MAX_PIXELS,
    preparation: Preparation = UNSAID,
) -> Classifier:
    """The classifier of a converted ``.safetensors`` file or of a release folder.

    ``name`` is its model's, and ``class_names`` a file with the names of its classes. What is None
    is taken from the release, the records beside the checkpoint and the catalogue. ``preparation``
    says how the images of a network that comes from a graph are prepared. Raises
    GluonportError if the model is not clear, the weights do not fit it, or no regime makes images
    with as many channels as the network takes.
    """
    names: tuple[str, ...] | None = None
    names_of: str | None = None
    if checkpoint.is_dir():
        name = name or Stated.read(checkpoint).model.name
        names, names_of = _own_names(checkpoint), "the release"
        checkpoint /= WEIGHTS
    model: Evaluated
    network: Network | GraphClassifier
    if name in (None, GRAPH) and is_graph_checkpoint(checkpoint):
        model, network = open_graph_classifier(checkpoint, preparation)
        synthetic = False
    else:
        known = find_model(name) if name else recognise(checkpoint)
        refuse_preparation(known.name, preparation)
        model, network = known, create_classifier(known, checkpoint)
        synthetic = is_synthetic(known, open_checkpoint(checkpoint))
    check_channels(checkpoint, network.in_chans)
    classes = network.num_classes
    if class_names is not None:
        names, names_of = read_class_names(class_names, classes), str(class_names)
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
        synthetic,
        max_pixels,
    )


def _own_names(release: Path) -> tuple[str, ...] | None:
    """The class names in the configuration of a release, None if it has none.

    Raises FormatError for a configuration that cannot be read.
    """
    path = release / CONFIG
    if not path.exists():
        return None
    try:
        return shaped(Configuration, read_json_object(path)).label_names
    except ValueError as error:
        raise FormatError(path, f"{error}: fetch the release again") from None
