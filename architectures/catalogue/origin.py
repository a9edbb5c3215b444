"""Who published the weights, under which licence, and what to cite for them."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.papers import Paper


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
MXNET = Origin(
    "Apache MXNet",
    "https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/model_zoo/index.html",
    "apache-2.0",
    "https://github.com/apache/mxnet/blob/master/LICENSE",
    Paper(
        "MXNet: A Flexible and Efficient Machine Learning Library for Heterogeneous Distributed "
        "Systems",
        "https://arxiv.org/abs/1512.01274",
        """\
@article{chen2015mxnet,
  title   = {{MXNet}: A Flexible and Efficient Machine Learning Library for Heterogeneous
             Distributed Systems},
  author  = {Chen, Tianqi and Li, Mu and Li, Yutian and Lin, Min and Wang, Naiyan and Wang, Minjie
             and others},
  journal = {arXiv preprint arXiv:1512.01274},
  year    = {2015}
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
GLUONPORT = Origin(
    "gluonport",
    "pkg:pypi/gluonport",
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
