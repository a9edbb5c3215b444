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
MOBILENETS = Paper(
    "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    "https://arxiv.org/abs/1704.04861",
    """\
@misc{howard2017mobilenets,
  title         = {{MobileNets}: Efficient Convolutional Neural Networks for Mobile Vision
                   Applications},
  author        = {Howard, Andrew G. and Zhu, Menglong and Chen, Bo and Kalenichenko, Dmitry and
                   Wang, Weijun and Weyand, Tobias and Andreetto, Marco and Adam, Hartwig},
  year          = {2017},
  eprint        = {1704.04861},
  archivePrefix = {arXiv}
}""",
)
MOBILENET_V2 = Paper(
    "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "https://arxiv.org/abs/1801.04381",
    """\
@inproceedings{sandler2018mobilenetv2,
  title     = {{MobileNetV2}: Inverted Residuals and Linear Bottlenecks},
  author    = {Sandler, Mark and Howard, Andrew and Zhu, Menglong and Zhmoginov, Andrey and
               Chen, Liang-Chieh},
  booktitle = {CVPR},
  year      = {2018}
}""",
)
MOBILENET_V3 = Paper(
    "Searching for MobileNetV3",
    "https://arxiv.org/abs/1905.02244",
    """\
@inproceedings{howard2019searching,
  title     = {Searching for {MobileNetV3}},
  author    = {Howard, Andrew and Sandler, Mark and Chu, Grace and Chen, Liang-Chieh and Chen, Bo
               and Tan, Mingxing and Wang, Weijun and Zhu, Yukun and Pang, Ruoming and
               Vasudevan, Vijay and Le, Quoc V. and Adam, Hartwig},
  booktitle = {ICCV},
  year      = {2019}
}""",
)
YOLOV3 = Paper(
    "YOLOv3: An Incremental Improvement",
    "https://arxiv.org/abs/1804.02767",
    """\
@misc{redmon2018yolov3,
  title         = {{YOLOv3}: An Incremental Improvement},
  author        = {Redmon, Joseph and Farhadi, Ali},
  year          = {2018},
  eprint        = {1804.02767},
  archivePrefix = {arXiv}
}""",
)
VGG = Paper(
    "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "https://arxiv.org/abs/1409.1556",
    """\
@inproceedings{simonyan2015very,
  title     = {Very Deep Convolutional Networks for Large-Scale Image Recognition},
  author    = {Simonyan, Karen and Zisserman, Andrew},
  booktitle = {ICLR},
  year      = {2015}
}""",
)
ALEXNET = Paper(
    "One Weird Trick for Parallelizing Convolutional Neural Networks",
    "https://arxiv.org/abs/1404.5997",
    """\
@article{krizhevsky2014one,
  title   = {One Weird Trick for Parallelizing Convolutional Neural Networks},
  author  = {Krizhevsky, Alex},
  journal = {arXiv preprint arXiv:1404.5997},
  year    = {2014}
}""",
)
SQUEEZENET = Paper(
    "SqueezeNet: AlexNet-Level Accuracy with 50x Fewer Parameters and <0.5MB Model Size",
    "https://arxiv.org/abs/1602.07360",
    """\
@article{iandola2016squeezenet,
  title   = {{SqueezeNet}: {AlexNet}-Level Accuracy with 50x Fewer Parameters and <0.5MB Model
             Size},
  author  = {Iandola, Forrest N. and Han, Song and Moskewicz, Matthew W. and Ashraf, Khalid and
             Dally, William J. and Keutzer, Kurt},
  journal = {arXiv preprint arXiv:1602.07360},
  year    = {2016}
}""",
)
DENSENET = Paper(
    "Densely Connected Convolutional Networks",
    "https://arxiv.org/abs/1608.06993",
    """\
@inproceedings{huang2017densely,
  title     = {Densely Connected Convolutional Networks},
  author    = {Huang, Gao and Liu, Zhuang and van der Maaten, Laurens and Weinberger, Kilian Q.},
  booktitle = {CVPR},
  year      = {2017}
}""",
)
GOOGLENET = Paper(
    "Going Deeper with Convolutions",
    "https://arxiv.org/abs/1409.4842",
    """\
@inproceedings{szegedy2015going,
  title     = {Going Deeper with Convolutions},
  author    = {Szegedy, Christian and Liu, Wei and Jia, Yangqing and Sermanet, Pierre and
               Reed, Scott and Anguelov, Dragomir and Erhan, Dumitru and Vanhoucke, Vincent and
               Rabinovich, Andrew},
  booktitle = {CVPR},
  year      = {2015}
}""",
)
BATCH_NORM = Paper(
    "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    "https://arxiv.org/abs/1502.03167",
    """\
@inproceedings{ioffe2015batch,
  title     = {Batch Normalization: Accelerating Deep Network Training by Reducing Internal
               Covariate Shift},
  author    = {Ioffe, Sergey and Szegedy, Christian},
  booktitle = {ICML},
  year      = {2015}
}""",
)
INCEPTION_V3 = Paper(
    "Rethinking the Inception Architecture for Computer Vision",
    "https://arxiv.org/abs/1512.00567",
    """\
@inproceedings{szegedy2016rethinking,
  title     = {Rethinking the Inception Architecture for Computer Vision},
  author    = {Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and Shlens, Jonathon and
               Wojna, Zbigniew},
  booktitle = {CVPR},
  year      = {2016}
}""",
)
HRNET = Paper(
    "Deep High-Resolution Representation Learning for Visual Recognition",
    "https://arxiv.org/abs/1908.07919",
    """\
@article{wang2020hrnet,
  title   = {Deep High-Resolution Representation Learning for Visual Recognition},
  author  = {Wang, Jingdong and Sun, Ke and Cheng, Tianheng and Jiang, Borui and Deng, Chaorui and
             Zhao, Yang and Liu, Dong and Mu, Yadong and Tan, Mingkui and Wang, Xinggang and
             Liu, Wenyu and Xiao, Bin},
  journal = {TPAMI},
  year    = {2020}
}""",
)
DLA = Paper(
    "Deep Layer Aggregation",
    "https://arxiv.org/abs/1707.06484",
    """\
@inproceedings{yu2018dla,
  title     = {Deep Layer Aggregation},
  author    = {Yu, Fisher and Wang, Dequan and Shelhamer, Evan and Darrell, Trevor},
  booktitle = {CVPR},
  year      = {2018}
}""",
)
XCEPTION = Paper(
    "Xception: Deep Learning with Depthwise Separable Convolutions",
    "https://arxiv.org/abs/1610.02357",
    """\
@inproceedings{chollet2017xception,
  title     = {Xception: Deep Learning with Depthwise Separable Convolutions},
  author    = {Chollet, Fran{\\c{c}}ois},
  booktitle = {CVPR},
  year      = {2017}
}""",
)
DEEPLAB_V3_PLUS = Paper(
    "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
    "https://arxiv.org/abs/1802.02611",
    """\
@inproceedings{chen2018encoder,
  title     = {Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation},
  author    = {Chen, Liang-Chieh and Zhu, Yukun and Papandreou, George and Schroff, Florian and
               Adam, Hartwig},
  booktitle = {ECCV},
  year      = {2018}
}""",
)
