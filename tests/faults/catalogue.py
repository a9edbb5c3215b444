"""The faults: one frozen record each, and how one is put into a right port."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from architectures import Model
from architectures.catalogue.config import ResNetConfig
from architectures.networks.resnet import ResNet
from convert.formats import Array
from tests.faults import blocks, layers, tensors
from tests.faults.site import Site, first, head, inner, last, stem, third
from verify.reference.answers import Reference


def _numbers(model: Model) -> ResNetConfig:
    assert isinstance(model.network, ResNetConfig), f"{model.name}: the faults are made for ResNets"
    return model.network


def anywhere(_: Model) -> bool:
    """Every model of the family."""
    return True


def squeezes(model: Model) -> bool:
    """Models with squeeze-and-excitation."""
    return _numbers(model).se


def repeats(model: Model) -> bool:
    """Models with three blocks or more in the last stage but one."""
    return _numbers(model).depths[-2] >= 3


def squeezes_repeatedly(model: Model) -> bool:
    """Models with squeeze-and-excitation in so many blocks."""
    return squeezes(model) and repeats(model)


def repeats_over_ten_times(model: Model) -> bool:
    """Models with block indices of two digits."""
    return _numbers(model).depths[-2] > 10


def has_square_convolutions(model: Model) -> bool:
    """Models with square 1x1 convolutions after the first block of a stage."""
    wide = _numbers(model).cardinality * _numbers(model).base_width == 256
    return wide and _numbers(model).depths[-2] > 1


def strides_in_the_shortcut(model: Model) -> bool:
    """Models in which the convolution of the shortcut has the stride."""
    return not _numbers(model).average_down


def averages_in_the_shortcut(model: Model) -> bool:
    """Models with average pooling before the convolution of the shortcut."""
    return _numbers(model).average_down


def averages_an_odd_map(model: Model) -> bool:
    """Models with such pooling of a map of odd size."""
    halvings = len(_numbers(model).depths)  # before the last stage: stem, max-pool, stages but one
    return _numbers(model).average_down and -(-model.input_size // 2**halvings) % 2 == 1


@dataclass(frozen=True)
class Fault:
    """A mistake that a port can have.

    ``put`` makes it at a site; ``place`` says where in a network that is: a residual block,
    ``stem`` or ``fc``; ``needs`` says which models can have it. ``in_inputs``: the port is right,
    but its input is wrong.
    """

    name: str
    put: Callable[[Site], None]
    place: Callable[[ResNetConfig], str]
    needs: Callable[[Model], bool] = anywhere
    in_inputs: bool = False

    @property
    def about(self) -> str:
        """What it is, in a sentence."""
        return self.put.__doc__ or ""

    def place_in(self, model: Model) -> str:
        """Where it is put in a network of ``model``."""
        return self.place(_numbers(model))


FAULTS: tuple[Fault, ...] = (
    # tensors of the same shape
    Fault("norms of a block swapped", tensors.norms_of_a_block, inner),
    Fault("norms of two paths swapped", tensors.norms_of_two_paths, last),
    Fault("norms of two blocks swapped", tensors.norms_of_two_blocks, inner, repeats),
    Fault(
        "convolutions of a block swapped",
        tensors.convolutions_of_a_block,
        inner,
        has_square_convolutions,
    ),
    Fault("convolutions of two blocks swapped", tensors.convolutions_of_two_blocks, inner, repeats),
    Fault("blocks sorted as text", tensors.blocks_sorted_as_text, third, repeats_over_ten_times),
    Fault("beta and mean swapped", tensors.beta_and_mean, inner),
    Fault("gamma and variance swapped", tensors.gamma_and_variance, inner),
    Fault("gamma and beta swapped", tensors.gamma_and_beta, inner),
    Fault("SE bias and beta swapped", tensors.gate_bias_and_beta, inner, squeezes),
    Fault(
        "SE biases of two blocks swapped",
        tensors.gate_biases_of_two_blocks,
        inner,
        squeezes_repeatedly,
    ),
    # one tensor in another order
    Fault("groups permuted", tensors.groups_permuted, inner),
    Fault("groups transposed", tensors.groups_transposed, inner),
    Fault("square weight transposed", tensors.square_transposed, inner, has_square_convolutions),
    Fault("kernel transposed", tensors.kernel_transposed, inner),
    Fault("kernel flipped", tensors.kernel_flipped, inner),
    Fault("memory layout misread", tensors.layout_misread, inner),
    Fault("classes shifted", tensors.classes_shifted, head),
    # values that are barely wrong
    Fault("one ulp in the stem", tensors.ulp_in_the_stem, stem),
    Fault("one ulp in a convolution", tensors.ulp_in_a_convolution, last),
    Fault("one ulp in a variance", tensors.ulp_in_a_variance, inner),
    Fault("one ulp in the classifier", tensors.ulp_in_the_classifier, head),
    Fault("one weight times 1.01", tensors.one_percent, inner),
    Fault("float16 everywhere", tensors.float16_everywhere, stem),
    Fault("bfloat16 in a layer", tensors.bfloat16_in_a_layer, inner),
    # values that are plainly wrong
    Fault("NaN in a weight", tensors.nan_in_a_weight, inner),
    Fault("infinite variance", tensors.infinite_variance, inner),
    Fault("SE bias dropped", tensors.gate_bias_dropped, inner, squeezes),
    Fault("classifier bias dropped", tensors.classifier_bias_dropped, head),
    Fault("classifier of zeros", tensors.classifier_of_zeros, head),
    Fault("statistics of one BatchNorm fresh", tensors.statistics_of_one_fresh, inner),
    Fault("statistics fresh", tensors.statistics_fresh, stem),
    # stem
    Fault("stem padding too small", layers.stem_padding, stem),
    Fault("stem stride on the max-pool", layers.stem_stride_on_the_pool, stem),
    Fault("stem ReLU missing", layers.stem_activation_missing, stem),
    Fault("max-pool without padding", layers.pool_without_padding, stem),
    Fault("max-pool rounded up", layers.pool_rounded_up, stem),
    Fault("max-pool averages", layers.pool_by_mean, stem),
    # blocks
    Fault("block dropped", blocks.block_dropped, inner, repeats),
    Fault("block doubled", blocks.block_doubled, inner, repeats),
    Fault("blocks are one", blocks.blocks_are_one, inner, repeats),
    Fault("block skipped at random", blocks.block_skipped_at_random, inner),
    Fault("stride on the 1x1", blocks.stride_on_the_first, last),
    Fault("groups halved", blocks.groups_halved, inner),
    Fault("padding repeats the edge", blocks.padding_repeats_the_edge, inner),
    Fault("first ReLU missing", blocks.first_activation_missing, inner),
    Fault("second ReLU missing", blocks.second_activation_missing, inner),
    Fault("last ReLU missing", blocks.last_activation_missing, inner),
    Fault("ReLUs clipped at six", blocks.activations_clipped, first),
    Fault("ReLU before the addition", blocks.last_activation_before_the_sum, inner),
    Fault("shortcut missing", blocks.shortcut_missing, inner),
    Fault("shortcut without its norm", blocks.shortcut_without_its_norm, last),
    Fault("shortcut averages", blocks.shortcut_averages, last, strides_in_the_shortcut),
    Fault("shortcut strides", blocks.shortcut_strides, last, averages_in_the_shortcut),
    Fault("shortcut counts padding", blocks.shortcut_counts_padding, last, averages_an_odd_map),
    Fault("shortcut rounds down", blocks.shortcut_rounds_down, last, averages_an_odd_map),
    # squeeze-and-excitation
    Fault("SE missing", blocks.gate_missing, inner, squeezes),
    Fault("SE after the addition", blocks.gate_after_the_sum, inner, squeezes),
    Fault("SE squeezes by maximum", blocks.gate_by_maximum, inner, squeezes),
    Fault("SE without ReLU", blocks.gate_without_relu, inner, squeezes),
    Fault("SE without sigmoid", blocks.gate_without_sigmoid, inner, squeezes),
    Fault("SE activations exchanged", blocks.gate_activations_exchanged, inner, squeezes),
    Fault("SE with hard sigmoid", blocks.gate_with_hard_sigmoid, inner, squeezes),
    # norms
    Fault("epsilon doubled", layers.epsilon_doubled, inner),
    Fault("epsilons off by a thousandth", layers.epsilons_off_by_a_thousandth, stem),
    Fault("epsilons 1e-3", layers.epsilons_of_the_symbol, stem),
    Fault("norm in training", layers.norm_in_training, inner),
    Fault("network in training", layers.network_in_training, stem),
    # head
    Fault("global max-pooling", layers.pooled_by_maximum, head),
    Fault("dropout on", layers.dropout_on, head),
    Fault("softmax inside", layers.softmax_inside, head),
    # arithmetic
    Fault("single precision", layers.single_precision, inner),
    Fault("bfloat16 arithmetic", layers.bfloat16_arithmetic, inner),
    # what the network is given
    Fault("inputs in BGR", tensors.inputs_bgr, stem, in_inputs=True),
    Fault("inputs of another std", tensors.inputs_of_another_std, stem, in_inputs=True),
    Fault("inputs in another order", tensors.inputs_in_another_order, stem, in_inputs=True),
)


def break_port(fault: Fault, model: Model, network: ResNet, inputs: Array) -> tuple[ResNet, Array]:
    """A copy of a port of ``model`` with the fault in it, and its inputs."""
    at = Site(copy.deepcopy(network), inputs.copy(), fault.place_in(model))
    with torch.no_grad():
        fault.put(at)
    return at.network, at.inputs


def first_images(reference: Reference, inputs: Array, count: int) -> tuple[Reference, Array]:
    """The reference and its inputs for the first ``count`` images only."""
    few = inputs[:count]
    digest = hashlib.sha256(few.tobytes()).hexdigest()
    return replace(
        reference,
        logits64=reference.logits64[:count],
        logits32=reference.logits32[:count],
        digests=reference.digests[:, :count],
        scales=reference.scales[:, :count],
        about=reference.about | {"inputs_sha256": digest},
    ), few
