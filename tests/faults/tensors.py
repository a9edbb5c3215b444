"""Faults in a network's tensors and in its inputs; what it computes is right."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from tests.faults.site import Site
from verify.reference.inputs import STD

# ------------------------------------------------------------------ tensors of the same shape


def norms_of_a_block(at: Site) -> None:
    """The first two BatchNorms of a block have each other's tensors."""
    _exchange_layers(at.block.bn1, at.block.bn2)


def norms_of_two_paths(at: Site) -> None:
    """A block's last BatchNorm and its shortcut's have each other's tensors."""
    shortcut = at.block.get_submodule("downsample")
    _exchange_layers(at.block.bn3, list(shortcut.children())[-1])


def norms_of_two_blocks(at: Site) -> None:
    """The last BatchNorms of two blocks have each other's tensors."""
    _exchange_layers(at.block.bn3, at.next.bn3)


def convolutions_of_a_block(at: Site) -> None:
    """The two 1x1 convolutions of a block have each other's weights."""
    _exchange_layers(at.block.conv1, at.block.conv3)


def convolutions_of_two_blocks(at: Site) -> None:
    """The 3x3 convolutions of two blocks have each other's weights."""
    _exchange_layers(at.block.conv2, at.next.conv2)


def blocks_sorted_as_text(at: Site) -> None:
    """The blocks of a stage are loaded in the order 0, 1, 10, 11, ..., 2."""
    names = sorted(map(str, range(len(at.stage))))
    states = {name: _copy(at.stage.get_submodule(name)) for name in names}
    for index, name in enumerate(names):
        at.stage[index].load_state_dict(states[name])


def beta_and_mean(at: Site) -> None:
    """A BatchNorm's beta and running mean are exchanged."""
    _exchange(at.tensor("bn2.bias"), at.tensor("bn2.running_mean"))


def gamma_and_variance(at: Site) -> None:
    """A BatchNorm's gamma and running variance are exchanged."""
    _exchange(at.tensor("bn2.weight"), at.tensor("bn2.running_var"))


def gamma_and_beta(at: Site) -> None:
    """A BatchNorm's gamma and beta are exchanged."""
    _exchange(at.tensor("bn3.weight"), at.tensor("bn3.bias"))


def gate_bias_and_beta(at: Site) -> None:
    """The bias of SE's second layer and the beta before it are exchanged."""
    _exchange(at.tensor("se.fc2.bias"), at.tensor("bn3.bias"))


def gate_biases_of_two_blocks(at: Site) -> None:
    """The SE layers of two blocks have each other's biases."""
    for name in ("se.fc1.bias", "se.fc2.bias"):
        _exchange(at.block.state_dict()[name], at.next.state_dict()[name])


# ---------------------------------------------------------------- one tensor, in another order


def groups_permuted(at: Site) -> None:
    """The filters of a grouped convolution are moved by one group."""
    weight = _by_group(at.block.conv2)
    weight.copy_(weight.roll(1, 0))


def groups_transposed(at: Site) -> None:
    """In each group of a convolution, inputs and outputs are exchanged."""
    weight = _by_group(at.block.conv2)
    weight.copy_(weight.transpose(1, 2).clone())


def square_transposed(at: Site) -> None:
    """A 1x1 convolution with as many inputs as outputs is transposed."""
    at.block.conv3.weight.copy_(at.block.conv3.weight.transpose(0, 1).clone())


def kernel_transposed(at: Site) -> None:
    """Height and width of a 3x3 kernel are exchanged."""
    at.block.conv2.weight.copy_(at.block.conv2.weight.transpose(2, 3).clone())


def kernel_flipped(at: Site) -> None:
    """A 3x3 kernel is turned by 180 degrees: convolution instead of correlation."""
    at.block.conv2.weight.copy_(at.block.conv2.weight.flip(2, 3))


def layout_misread(at: Site) -> None:
    """A weight stored as height, width, in, out is read as out, in, height, width."""
    out, channels, height, width = at.block.conv2.weight.shape
    misread = at.block.conv2.weight.reshape(height, width, channels, out).permute(3, 2, 0, 1)
    at.block.conv2.weight.copy_(misread.clone())


def classes_shifted(at: Site) -> None:
    """The classifier's rows are moved by one class."""
    for tensor in (at.classifier.weight, at.classifier.bias):
        tensor.copy_(tensor.roll(1, 0))


# ------------------------------------------------------------------------- values, barely wrong


def ulp_in_the_stem(at: Site) -> None:
    """One weight of the first convolution is the next float32."""
    _one_ulp(at.stem.weight)


def ulp_in_a_convolution(at: Site) -> None:
    """One weight of a 3x3 convolution of the last stage is the next float32."""
    _one_ulp(_heard(at, at.block.conv2))


def ulp_in_a_variance(at: Site) -> None:
    """One running variance is the next float32."""
    _one_ulp(at.tensor("bn2.running_var"))


def ulp_in_the_classifier(at: Site) -> None:
    """One weight of the classifier is the next float32."""
    _one_ulp(_heard(at, at.classifier))


def one_percent(at: Site) -> None:
    """One weight of a 1x1 convolution is one percent too large."""
    weight = _heard(at, at.block.conv3)
    weight[_typical(weight)] *= 1.01


def float16_everywhere(at: Site) -> None:
    """All weights were rounded to float16 once."""
    for parameter in at.network.parameters():
        parameter.copy_(parameter.half())


def bfloat16_in_a_layer(at: Site) -> None:
    """The weights of one convolution were rounded to bfloat16 once."""
    at.block.conv2.weight.copy_(at.block.conv2.weight.bfloat16())


# ------------------------------------------------------------------------- values, plainly wrong


def nan_in_a_weight(at: Site) -> None:
    """One weight of a convolution is not a number."""
    at.block.conv2.weight.view(-1)[0] = torch.nan


def infinite_variance(at: Site) -> None:
    """One running variance has overflowed."""
    at.tensor("bn2.running_var")[0] = torch.inf


def gate_bias_dropped(at: Site) -> None:
    """SE's second layer has no bias."""
    at.tensor("se.fc2.bias").zero_()


def classifier_bias_dropped(at: Site) -> None:
    """The classifier has no bias."""
    at.classifier.bias.zero_()


def classifier_of_zeros(at: Site) -> None:
    """The classifier was never loaded: every logit is zero."""
    at.classifier.weight.zero_()
    at.classifier.bias.zero_()


def statistics_of_one_fresh(at: Site) -> None:
    """The running statistics of one BatchNorm were not loaded."""
    norm = at.block.bn2
    assert isinstance(norm, nn.BatchNorm2d)
    norm.reset_running_stats()


def statistics_fresh(at: Site) -> None:
    """No running statistics were loaded."""
    for norm in at.norms():
        norm.reset_running_stats()


# ----------------------------------------------------------------------------------------- inputs


def inputs_bgr(at: Site) -> None:
    """The network gets its channels as blue, green, red."""
    at.inputs[:] = at.inputs[:, ::-1].copy()


def inputs_of_another_std(at: Site) -> None:
    """The inputs are normalised with 0.226 for every channel."""
    at.inputs[:] *= STD[:, None, None] / np.float32(0.226)


def inputs_in_another_order(at: Site) -> None:
    """The images come in another order."""
    at.inputs[:] = np.roll(at.inputs, 1, axis=0)


# ---------------------------------------------------------------------------------------- helpers


def _exchange(one: Tensor, other: Tensor) -> None:
    kept = one.clone()
    one.copy_(other)
    other.copy_(kept)


def _exchange_layers(one: nn.Module, other: nn.Module) -> None:
    tensors = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    for pair in tensors:
        _exchange(*pair)


def _by_group(layer: nn.Conv2d | nn.Linear) -> Tensor:
    """A view of the weight: (groups, out, in, ...)."""
    return layer.weight.view(getattr(layer, "groups", 1), -1, *layer.weight.shape[1:])


def _heard(at: Site, layer: nn.Conv2d | nn.Linear) -> Tensor:
    """A view of the weights on the layer's strongest input channel: ReLU sets some channels to zero
    in every image, and no answer depends on the weights of those."""
    given: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    at.network(torch.from_numpy(at.inputs[:1]))
    handle.remove()
    loudest = int(given[0][0].reshape(given[0].shape[1], -1).mean(1).argmax())
    group, place = divmod(loudest, layer.weight.shape[1])
    return _by_group(layer)[group, :, place]


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def _typical(values: Tensor) -> tuple[Tensor, ...]:
    """The index of a value of median magnitude."""
    magnitudes = values.abs()
    return tuple((magnitudes == magnitudes.median()).nonzero()[0])


def _one_ulp(values: Tensor) -> None:
    index = _typical(values)
    values[index] = torch.nextafter(values[index], torch.tensor(torch.inf))
