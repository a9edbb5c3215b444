"""What is said of a family of models, and of those who published its weights."""

from __future__ import annotations

from dataclasses import dataclass

from architectures import Model
from verify.publish.papers import (
    BAG_OF_TRICKS,
    IDENTITY_MAPPINGS,
    RESNEST,
    RESNET,
    RESNEXT,
    SENET,
    WIDE_RESNET,
    Paper,
)


@dataclass(frozen=True)
class Origin:
    """Who published weights; ``license`` is the hub's identifier of their licence."""

    title: str
    url: str
    license: str
    license_url: str
    paper: Paper


GLUONCV = Origin(
    "GluonCV",
    "https://cv.gluon.ai/model_zoo/classification.html",
    "apache-2.0",
    "https://github.com/dmlc/gluon-cv/blob/master/LICENSE",
    Paper(
        "GluonCV and GluonNLP: Deep Learning in Computer Vision and Natural Language Processing",
        "https://jmlr.org/papers/v21/19-429.html",
        """\
@article{guo2020gluoncv,
  title   = {{GluonCV} and {GluonNLP}: Deep Learning in Computer Vision and
             Natural Language Processing},
  author  = {Guo, Jian and He, He and He, Tong and Lausen, Leonard and Li, Mu and Lin, Haibin and
             others},
  journal = {Journal of Machine Learning Research},
  volume  = {21},
  number  = {23},
  pages   = {1--7},
  year    = {2020}
}""",
    ),
)
TIMM = Origin(
    "timm",
    "https://github.com/huggingface/pytorch-image-models",
    "apache-2.0",
    "https://github.com/huggingface/pytorch-image-models/blob/main/LICENSE",
    Paper(
        "PyTorch Image Models",
        "https://github.com/huggingface/pytorch-image-models",
        """\
@misc{rw2019timm,
  author       = {Wightman, Ross},
  title        = {PyTorch Image Models},
  year         = {2019},
  publisher    = {GitHub},
  doi          = {10.5281/zenodo.4414861},
  howpublished = {\\url{https://github.com/huggingface/pytorch-image-models}}
}""",
    ),
)
MMPRETRAIN = Origin(
    "mmpretrain",
    "https://github.com/open-mmlab/mmpretrain",
    "apache-2.0",
    "https://github.com/open-mmlab/mmpretrain/blob/main/LICENSE",
    Paper(
        "OpenMMLab's Pre-training Toolbox and Benchmark",
        "https://github.com/open-mmlab/mmpretrain",
        """\
@misc{mmpretrain2023,
  title        = {OpenMMLab's Pre-training Toolbox and Benchmark},
  author       = {MMPreTrain Contributors},
  howpublished = {\\url{https://github.com/open-mmlab/mmpretrain}},
  year         = {2023}
}""",
    ),
)

SAMPLE = Origin(
    "gluonport",
    "https://pypi.org/project/gluonport/",
    "apache-2.0",
    "https://www.apache.org/licenses/LICENSE-2.0",
    Paper(
        "Optical Recognition of Handwritten Digits",
        "https://doi.org/10.24432/C50P49",
        """\
@misc{alpaydin1998optical,
  title        = {Optical Recognition of Handwritten Digits},
  author       = {Alpaydin, E. and Kaynak, C.},
  howpublished = {UCI Machine Learning Repository},
  year         = {1998},
  doi          = {10.24432/C50P49}
}""",
    ),
)

ORIGINS = {"gluoncv": GLUONCV, "timm": TIMM, "mmpretrain": MMPRETRAIN}


def origin(model: Model) -> Origin:
    """Who published the weights of a model."""
    return SAMPLE if model.source.packaged else ORIGINS[model.source.framework]


FAMILIES: dict[str, tuple[str, tuple[Paper, ...]]] = {
    "ResNeXt": (
        "A ResNeXt: a bottleneck residual network whose 3x3 convolutions are split into groups",
        (RESNEXT,),
    ),
    "SE-ResNeXt": (
        "An SE-ResNeXt: a ResNeXt whose blocks weigh their channels by squeeze-and-excitation",
        (RESNEXT, SENET),
    ),
    "SE-ResNet": (
        "An SE-ResNet: a residual network whose blocks weigh their channels by "
        "squeeze-and-excitation",
        (RESNET, SENET),
    ),
    "ResNet v1": (
        "A residual network with its stride on the first convolution of a block",
        (RESNET,),
    ),
    "SE-ResNet v1": (
        "A residual network with its stride on the first convolution of a block, whose blocks "
        "weigh their channels by squeeze-and-excitation",
        (RESNET, SENET),
    ),
    "Pruned ResNet": (
        "A residual network whose convolutions were pruned, each to a width of its own",
        (RESNET, BAG_OF_TRICKS),
    ),
    "SENet": (
        "An SENet: a residual network of 154 layers with squeeze-and-excitation in its blocks",
        (SENET,),
    ),
    "ResNet v1b": (
        "A residual network with its stride on the 3x3 convolutions, as torchvision has it",
        (RESNET,),
    ),
    "ResNet v1c": ("A residual network with a deep stem", (RESNET, BAG_OF_TRICKS)),
    "ResNet v1d": (
        "A residual network with a deep stem and shortcuts that average",
        (RESNET, BAG_OF_TRICKS),
    ),
    "ResNet v1e": (
        "A residual network with a wide deep stem and shortcuts that average",
        (RESNET, BAG_OF_TRICKS),
    ),
    "ResNet v1s": ("A residual network with a wide deep stem", (RESNET, BAG_OF_TRICKS)),
    "ResNet v2": (
        "A pre-activation residual network: norms and activations stand before the convolutions",
        (IDENTITY_MAPPINGS,),
    ),
    "SE-ResNet v2": (
        "A pre-activation residual network whose blocks weigh their channels by "
        "squeeze-and-excitation",
        (IDENTITY_MAPPINGS, SENET),
    ),
    "ResNeSt": ("A ResNeSt: a residual network with split attention in its blocks", (RESNEST,)),
    "CIFAR ResNet v1": ("A residual network for images of 32 x 32", (RESNET,)),
    "CIFAR ResNet v2": (
        "A pre-activation residual network for images of 32 x 32",
        (IDENTITY_MAPPINGS,),
    ),
    "CIFAR Wide ResNet": ("A wide residual network for images of 32 x 32", (WIDE_RESNET,)),
    "CIFAR ResNeXt": ("A ResNeXt for images of 32 x 32", (RESNEXT,)),
    "Sample": (
        "A small SE-ResNeXt of two blocks that reads handwritten digits: a demonstration that "
        "serves for nothing else",
        (RESNEXT, SENET),
    ),
}
"""What a family is, in words, and the papers that describe it."""
