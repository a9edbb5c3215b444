"""A network that comes from a graph as a classifier of images."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import torch
from torch import Tensor, nn

from architectures.catalogue.dataset import IMAGENET, Dataset, Triple
from architectures.catalogue.evaluated import OwnClassifier
from architectures.catalogue.figure import Regime
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan
from convert.formats.graph_checkpoint import open_graph_checkpoint
from convert.formats.records import GRAPH
from mappings.errors import GraphError
from verify.graphs.loading import load_graph
from verify.graphs.packaged_name import packaged_image_size

SOFTMAX = ("SoftmaxOutput", "Softmax", "SoftmaxActivation", "softmax", "_npx_softmax")
"""Operators whose outputs are probabilities."""


@dataclass(frozen=True)
class Preparation:
    """What the user says of the images: the side of the square input in pixels, the share of the
    resized image's short side that it covers, and the mean and scale that normalise pixels of 0 to
    255. None: what the graph or the regime says."""

    input_size: int | None = None
    crop: float | None = None
    mean: Triple | None = None
    scale: Triple | None = None

    @property
    def pixels(self) -> tuple[Triple, Triple] | None:
        """Mean and scale, if either is given; the other is then 0, or 1."""
        if self.mean is None and self.scale is None:
            return None
        return self.mean or (0.0, 0.0, 0.0), self.scale or (1.0, 1.0, 1.0)

    def __bool__(self) -> bool:
        return self != UNSAID


UNSAID = Preparation()
CROP = 0.875
"""The share that every regime takes of an image of ImageNet: 224 of 256 pixels."""


class GraphClassifier(nn.Module):
    """The network of a graph, from images (N, 3, S, S) to logits (N, num_classes).

    Where the graph gives probabilities, their logarithms stand for the logits: they have the same
    order and the same softmax. ``channels_last``: the graph takes images (N, S, S, 3).
    """

    def __init__(
        self, network: GraphNetwork, num_classes: int, channels_last: bool, probabilities: bool
    ) -> None:
        super().__init__()
        self.network = network
        self.num_classes, self.in_chans = num_classes, 3
        self.channels_last, self.probabilities = channels_last, probabilities

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 3, S, S)."""
        if self.channels_last:
            x = x.permute(0, 2, 3, 1)
        logits: Tensor = self.network(x).flatten(1)
        if self.probabilities:
            logits = logits.clamp_min(torch.finfo(logits.dtype).tiny).log()
        return logits


def open_graph_classifier(
    path: str | PathLike[str], preparation: Preparation, regimes: tuple[Regime, ...] = ("gluon",)
) -> tuple[OwnClassifier, GraphClassifier]:
    """The classifier of a checkpoint that came from a graph, and what is known of it.

    Raises GraphError for a network that is no classifier of RGB images, and for one whose image
    size is not known; FormatError for a file that did not come from a graph.
    """
    source = open_graph_checkpoint(path)
    plan = source.plan()
    side, channels_last = _input(path, plan, preparation)
    name = plan.graph.nodes[plan.inputs[0].node].name
    shape: Dims = (1, side, side, 3) if channels_last else (1, 3, side, side)
    network = load_graph(source, {name: shape}).float()
    try:
        with torch.inference_mode():
            output = network(torch.zeros([size or 1 for size in shape]))
    except Exception as error:  # a graph of any kind may fail in any way on an image
        what = str(error).partition("\n")[0]
        raise GraphError(
            f"{path}: the network does not take images of shape {shape} ({what}); give the side "
            f"that it was trained with by --input-size"
        ) from error
    if not isinstance(output, Tensor) or output.ndim < 2 or len(output) != 1:
        raise GraphError(f"{path}: the network gives no vector for each image: it has no classes")
    if output.flatten(1).shape[1] != output.shape[1]:
        raise GraphError(
            f"{path}: the network gives {tuple(output.shape)} for an image, expected a vector"
        )
    classes = output.shape[1]
    last = plan.graph.nodes[plan.graph.heads[0].node].op
    crop = preparation.crop or CROP
    own = OwnClassifier(GRAPH, dataset_of(classes), side, preparation.pixels, crop, regimes)
    return own, GraphClassifier(network, classes, channels_last, last in SOFTMAX)


def refuse_preparation(model: str, preparation: Preparation) -> None:
    """Raise GraphError for options that a model of the catalogue does not take."""
    if preparation:
        raise GraphError(
            f"{model}: the catalogue says how its images are prepared: leave out --input-size, "
            f"--crop, --mean and --scale"
        )


def _input(path: str | PathLike[str], plan: Plan, preparation: Preparation) -> tuple[int, bool]:
    """The side of the square image in pixels, and whether its channels come last."""
    if len(plan.inputs) != 1:
        names = ", ".join(taken.name for taken in plan.inputs)
        raise GraphError(f"{path}: the network takes {names}, expected one image")
    shape = plan.inputs[0].shape
    if shape is not None and (len(shape) != 4 or 3 not in (shape[1], shape[3])):
        raise GraphError(f"{path}: the network takes {shape}, expected RGB images (N, 3, S, S)")
    channels_last = shape is not None and shape[3] == 3 and shape[1] != 3
    known = None if shape is None else shape[1 if channels_last else 2]
    side = preparation.input_size or known or packaged_image_size(path)
    if side is None:
        raise GraphError(
            f"{path}: the graph does not say how large its images are: give --input-size, as "
            f"--input-size 224"
        )
    return side, channels_last


def dataset_of(classes: int) -> Dataset:
    """ImageNet-1k for 1000 classes, else an unknown data set of as many classes."""
    if classes == IMAGENET.num_classes:
        return IMAGENET
    return Dataset(
        name=f"images of {classes} classes",
        hub=None,
        split="val",
        evaluation=f"a set of {classes} classes",
        num_classes=classes,
        class_names=None,
        images=None,
        images_per_class=None,
        mean=IMAGENET.mean,
        std=IMAGENET.std,
        terms=None,
        reference="photographs",
        scans=None,
    )
