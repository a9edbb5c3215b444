"""What is said of a family of models, who made its weights, and what to cite."""

from __future__ import annotations

from dataclasses import dataclass

from architectures import Model


@dataclass(frozen=True)
class Paper:
    """A publication, with its BibTeX entry."""

    title: str
    url: str
    bibtex: str


@dataclass(frozen=True)
class Origin:
    """Who published weights; ``license`` is the hub's identifier of their licence, ``data`` what
    they were trained on."""

    title: str
    url: str
    license: str
    license_url: str
    data: str
    paper: Paper


RESNEXT = Paper(
    "Aggregated Residual Transformations for Deep Neural Networks",
    "https://arxiv.org/abs/1611.05431",
    """\
@inproceedings{xie2017aggregated,
  title     = {Aggregated Residual Transformations for Deep Neural Networks},
  author    = {Xie, Saining and Girshick, Ross and Doll{\\'a}r, Piotr and Tu, Zhuowen and
               He, Kaiming},
  booktitle = {CVPR},
  year      = {2017}
}""",
)
RESNET = Paper(
    "Deep Residual Learning for Image Recognition",
    "https://arxiv.org/abs/1512.03385",
    """\
@inproceedings{he2016deep,
  title     = {Deep Residual Learning for Image Recognition},
  author    = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  booktitle = {CVPR},
  year      = {2016}
}""",
)
SENET = Paper(
    "Squeeze-and-Excitation Networks",
    "https://arxiv.org/abs/1709.01507",
    """\
@inproceedings{hu2018squeeze,
  title     = {Squeeze-and-Excitation Networks},
  author    = {Hu, Jie and Shen, Li and Sun, Gang},
  booktitle = {CVPR},
  year      = {2018}
}""",
)
BAG_OF_TRICKS = Paper(
    "Bag of Tricks for Image Classification with Convolutional Neural Networks",
    "https://arxiv.org/abs/1812.01187",
    """\
@inproceedings{he2019bag,
  title     = {Bag of Tricks for Image Classification with Convolutional Neural Networks},
  author    = {He, Tong and Zhang, Zhi and Zhang, Hang and Zhang, Zhongyue and Xie, Junyuan and
               Li, Mu},
  booktitle = {CVPR},
  year      = {2019}
}""",
)

GLUONCV = Origin(
    "GluonCV",
    "https://cv.gluon.ai/model_zoo/classification.html",
    "apache-2.0",
    "https://github.com/dmlc/gluon-cv/blob/master/LICENSE",
    "ImageNet-1k",
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
    "ImageNet-1k",
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
    "ImageNet-1k",
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
    "Optical Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, "
    "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/))",
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
    "Sample": (
        "A small SE-ResNeXt of two blocks that reads handwritten digits: a demonstration that "
        "serves for nothing else",
        (RESNEXT, SENET),
    ),
}
"""What a family is, in words, and the papers that describe it."""
