"""The publications that cards cite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A publication, with its BibTeX entry."""

    title: str
    url: str
    bibtex: str


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
IDENTITY_MAPPINGS = Paper(
    "Identity Mappings in Deep Residual Networks",
    "https://arxiv.org/abs/1603.05027",
    """\
@inproceedings{he2016identity,
  title     = {Identity Mappings in Deep Residual Networks},
  author    = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  booktitle = {ECCV},
  year      = {2016}
}""",
)
WIDE_RESNET = Paper(
    "Wide Residual Networks",
    "https://arxiv.org/abs/1605.07146",
    """\
@inproceedings{zagoruyko2016wide,
  title     = {Wide Residual Networks},
  author    = {Zagoruyko, Sergey and Komodakis, Nikos},
  booktitle = {BMVC},
  year      = {2016}
}""",
)
RESNEST = Paper(
    "ResNeSt: Split-Attention Networks",
    "https://arxiv.org/abs/2004.08955",
    """\
@misc{zhang2020resnest,
  title         = {{ResNeSt}: Split-Attention Networks},
  author        = {Zhang, Hang and Wu, Chongruo and Zhang, Zhongyue and Zhu, Yi and Lin, Haibin and
                   others},
  year          = {2020},
  eprint        = {2004.08955},
  archivePrefix = {arXiv}
}""",
)
