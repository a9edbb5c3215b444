"""What is known of the networks by the module of GluonCV that makes them: task, family, data set,
and the preprocessing that GluonCV documents."""

from __future__ import annotations

from typing import Any

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
PRESETS = "gluoncv/data/transforms/presets"


def rule(
    steps: str, source: str, mean: Any = MEAN, std: Any = STD, **others: Any
) -> dict[str, Any]:
    """A preprocessing: its steps in words, constants of RGB in 0..1, and where GluonCV has it."""
    return {"steps": steps, "mean": mean, "std": std, "source": source, **others}


def _fixed(size: int, file: str, kind: str) -> dict[str, Any]:
    return rule(
        f"RGB; resize to {size} x {size} (area where it shrinks, cubic where it grows); / 255",
        f"{PRESETS}/{file}.py, {kind}DefaultValTransform",
        size=[size, size],
    )


def _short(short: int, most: int, kind: str) -> dict[str, Any]:
    return rule(
        f"RGB; resize the short side to {short}, the long side to at most {most} (bilinear); / 255",
        f"{PRESETS}/rcnn.py, {kind}DefaultValTransform",
        short=short,
        most=most,
    )


def _crop(size: int, short: int) -> dict[str, Any]:
    return rule(
        f"RGB; resize the short side to {short} (bilinear), crop the centre {size} x {size}; / 255",
        f"{PRESETS}/imagenet.py, transform_eval",
        short=short,
        size=[size, size],
    )


def _frames(name: str) -> dict[str, Any]:
    size, width, height = 224, 340, 256
    if "c3d" in name or "r2plus1d" in name:
        size, width, height = 112, 171, 128
    if "inceptionv3" in name:
        size, width, height = 299, 450, 340
    return rule(
        f"RGB frames; resize to {width} x {height} (bilinear), whatever their shape, crop the "
        f"centre {size} x {size}; / 255",
        "gluoncv/data/video_custom/classification.py, VideoClsCustom (new_width, new_height); "
        "gluoncv/data/transforms/video.py, VideoGroupValTransform",
        size=[size, size],
    )


FAMILIES = {
    # part of the module's name: task, family, archive
    ".ssd.": ("detection", "SSD", "ssd"),
    ".yolo.yolo3": ("detection", "YOLOv3", "yolo"),
    ".yolo.darknet": ("classification", "DarkNet", "classification"),
    ".center_net.": ("detection", "CenterNet", "center_net"),
    ".rcnn.faster_rcnn": ("detection", "Faster R-CNN", "faster_rcnn"),
    ".rcnn.mask_rcnn": ("segmentation", "Mask R-CNN", "mask_rcnn"),
    ".rcnn.doublehead": ("detection", "Double-Head R-CNN", "faster_rcnn"),
    ".rcnn.": ("detection", "Faster R-CNN", "faster_rcnn"),
    ".siamrpn.": ("tracking", "SiamRPN", "others"),
    ".simple_pose.mobile_pose": ("pose", "Mobile Pose", "pose"),
    ".simple_pose.": ("pose", "Simple Pose", "pose"),
    ".alpha_pose.": ("pose", "AlphaPose", "pose"),
    ".monodepthv2.": ("depth", "Monodepth2", "others"),
    ".action_recognition.actionrec_inceptionv1": ("action", "TSN Inception v1", "action"),
    ".action_recognition.actionrec_inceptionv3": ("action", "TSN Inception v3", "action"),
    ".action_recognition.actionrec_resnetv1b": ("action", "TSN ResNet v1b", "action"),
    ".action_recognition.actionrec_vgg16": ("action", "TSN VGG", "action"),
    ".action_recognition.c3d": ("action", "C3D", "action"),
    ".action_recognition.i3d_slow": ("action", "I3D Slow", "action"),
    ".action_recognition.i3d": ("action", "I3D", "action"),
    ".action_recognition.p3d": ("action", "P3D", "action"),
    ".action_recognition.r2plus1d": ("action", "R(2+1)D", "action"),
    ".action_recognition.slowfast": ("action", "SlowFast", "action"),
    ".fcn.": ("segmentation", "FCN", "segmentation"),
    ".pspnet.": ("segmentation", "PSPNet", "segmentation"),
    ".deeplabv3b_plus.": ("segmentation", "DeepLabV3b+", "segmentation"),
    ".deeplabv3_plus.": ("segmentation", "DeepLabV3+", "segmentation"),
    ".deeplabv3.": ("segmentation", "DeepLabV3", "segmentation"),
    ".icnet.": ("segmentation", "ICNet", "segmentation"),
    ".danet.": ("segmentation", "DANet", "segmentation"),
    ".fastscnn.": ("segmentation", "Fast-SCNN", "segmentation"),
    ".hrnet.": ("classification", "HRNet", "classification"),
    ".mobilenetv3.": ("classification", "MobileNet v3", "classification"),
    ".mobilenet.": ("classification", "MobileNetV2", "classification"),  # MXNet's; v1 has a table
    ".vgg.": ("classification", "VGG", "classification"),
    ".alexnet.": ("classification", "AlexNet", "classification"),
    ".squeezenet.": ("classification", "SqueezeNet", "classification"),
    ".densenet.": ("classification", "DenseNet", "classification"),
    ".inception.": ("classification", "Inception v3", "classification"),
    ".googlenet.": ("classification", "GoogLeNet", "classification"),
    ".xception.": ("classification", "Xception", "classification"),
    ".dla.": ("classification", "DLA", "classification"),
    ".nasnet.": ("classification", "NASNet", "classification"),
    ".shufflenet.": ("classification", "ShuffleNet", "classification"),
    ".residual_attentionnet.": ("classification", "Residual Attention Network", "attention"),
    ".resnetv1b": ("classification", "ResNet v1b", "classification"),
    ".resnet.": ("classification", "ResNet", "classification"),
    ".quantized.": ("classification", "int8", "others"),
}
DATASETS = {
    # how a name ends: data set, classes
    "_voc": ("Pascal VOC", 20),
    "_coco": ("MS COCO", 80),
    "_ade": ("ADE20K", 150),
    "_citys": ("Cityscapes", 19),
    "_mhpv1": ("MHP v1", 18),
    "_kinetics400": ("Kinetics-400", 400),
    "_kinetics700": ("Kinetics-700", 700),
    "_ucf101": ("UCF101", 101),
    "_hmdb51": ("HMDB51", 51),
    "_sthsthv2": ("Something-Something v2", 174),
    "_otb15": ("OTB2015", None),
    "_custom": (None, None),
}


def family_of(module: str) -> tuple[str, str, str]:
    """Task, family and archive. Raises ValueError for a module that nobody described."""
    for part, found in FAMILIES.items():
        if part in f"{module}.":
            return found
    raise ValueError(f"{module}: no family is described for this module")


def dataset_of(name: str, task: str, family: str) -> tuple[str | None, int | None]:
    """The data set that the published weights were trained on, and its number of classes."""
    if "kitti" in name:
        return "KITTI", None
    if task == "pose":
        return "MS COCO keypoints", None
    for end, (dataset, classes) in DATASETS.items():
        if name.endswith(end) or f"{end}_" in name:
            if task == "segmentation" and family != "Mask R-CNN" and end in ("_voc", "_coco"):
                return dataset, 21
            return dataset, classes
    if task == "classification" and family != "SSD":
        return ("CIFAR-10", 10) if name.startswith("cifar") else ("ImageNet-1k", 1000)
    return None, None


def preprocessing_of(name: str, task: str, family: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """What GluonCV does to an image before the network sees it."""
    if family == "SSD":
        return _fixed(512 if "_512_" in name else 300, "ssd", "SSD")
    if family == "YOLOv3":
        return _fixed(416, "yolo", "YOLO3")
    if family == "CenterNet":
        return rule(
            "RGB; scale the long side to 512 and centre it on a black 512 x 512 (bilinear warp); "
            "/ 255",
            f"{PRESETS}/center_net.py, CenterNetDefaultValTransform",
            size=[512, 512],
        )
    if "R-CNN" in family:
        short, most = (600, 1000) if name.endswith("_voc") else (800, 1333)
        if "resnest269" in name and family == "Faster R-CNN":
            short, most = 864, 1440
        return _short(short, most, "MaskRCNN" if family == "Mask R-CNN" else "FasterRCNN")
    if task == "segmentation":
        return rule("RGB, in its own size; / 255", f"{PRESETS}/segmentation.py, test_transform")
    if family == "AlphaPose":
        return rule(
            "RGB; crops of people, the box 1.2 times as large (1.3 times below 100 "
            "pixels of width) on black 320 x 256 (bilinear warp); / 255",
            "gluoncv/data/transforms/pose.py, alpha_pose_image_cropper",
            [0.406, 0.457, 0.480],
            [1.0, 1.0, 1.0],
            size=[320, 256],
        )
    if task == "pose":
        return rule(
            "RGB; crops of people, the box 1.25 times as large in the shape 4 : 3, 256 x 192 "
            "(bilinear warp); / 255",
            f"{PRESETS}/simple_pose.py, SimplePoseDefaultValTransform, _box_to_center_scale",
            size=[256, 192],
        )
    if task == "action":
        return _frames(name)
    if task == "depth":
        return rule(
            "RGB; resize to 640 x 192 (Lanczos); / 255; the network subtracts 0.45 and divides by "
            "0.225 by itself",
            "gluoncv/data/kitti/mono_dataset.py, MonoDataset.preprocess; "
            "gluoncv/model_zoo/monodepthv2/resnet_encoder.py",
            [0.0, 0.0, 0.0],
            [1.0, 1.0, 1.0],
            size=[192, 640],
        )
    if task == "tracking":
        return rule(
            "BGR, 0 to 255; crops of 127 x 127 (template) and 287 x 287 (search)",
            "gluoncv/model_zoo/siamrpn/siamrpn_tracker.py, SiamRPNTracker.get_subwindow",
            [0.0, 0.0, 0.0],
            [1 / 255, 1 / 255, 1 / 255],
        )
    if name.startswith("cifar"):
        return rule(
            "RGB, 32 x 32; / 255",
            "scripts/classification/cifar/train_cifar10.py of GluonCV's repository",
            [0.4914, 0.4822, 0.4465],
            [0.2023, 0.1994, 0.2010],
            size=[32, 32],
        )
    if family in ("Inception v3", "Xception"):
        return _crop(299, 342)
    if family == "NASNet" and "6_4032" in name:
        return _crop(331, 378)
    return _crop(224, 256)
