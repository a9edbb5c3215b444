"""Which family of networks a file seems to belong to, by the words and structure of its names.

The words are what GluonCV's and MXNet's own networks call their blocks (gluoncv/model_zoo,
mxnet/gluon/model_zoo/vision, MXNet's example/image-classification/symbols), and what Gluon calls a
network in flat names. They only make messages more helpful; no conversion depends on them.
"""

from __future__ import annotations

from collections.abc import Collection

DETECTOR, SEGMENTER, CLASSIFIER = "a detector", "a segmentation network", "a classifier"

BLOCKS = (
    ({"rpn", "mask"}, f"Mask R-CNN, {DETECTOR}"),
    ({"rpn"}, f"Faster R-CNN, {DETECTOR}"),
    ({"class_predictors"}, f"SSD, {DETECTOR}"),
    ({"yolo_blocks"}, f"YOLOv3, {DETECTOR}"),
    ({"base_network", "heads"}, f"CenterNet, {DETECTOR}"),
    ({"head", "aspp"}, f"DeepLab, {SEGMENTER}"),
    ({"head", "psp"}, f"PSPNet, {SEGMENTER}"),
    ({"head", "auxlayer"}, f"FCN, {SEGMENTER}"),
)
"""The blocks that identify a network, and what the network is. The first entry whose blocks are all
in the file counts."""

PREFIXES = {
    "maskrcnn": f"Mask R-CNN, {DETECTOR}",
    "fasterrcnn": f"Faster R-CNN, {DETECTOR}",
    "ssd": f"SSD, {DETECTOR}",
    "yolov": f"YOLOv3, {DETECTOR}",
    "centernet": f"CenterNet, {DETECTOR}",
    "fcn": f"FCN, {SEGMENTER}",
    "pspnet": f"PSPNet, {SEGMENTER}",
    "deeplabv": f"DeepLab, {SEGMENTER}",
    "mobilenet": f"MobileNet, {CLASSIFIER}",
    "mobilenetv": f"MobileNet, {CLASSIFIER}",
    "squeezenet": f"SqueezeNet, {CLASSIFIER}",
    "densenet": f"DenseNet, {CLASSIFIER}",
    "vgg": f"VGG, {CLASSIFIER}",
    "alexnet": f"AlexNet, {CLASSIFIER}",
    "inception": f"Inception, {CLASSIFIER}",
}
"""The beginning of a flat name, without the digits that follow it."""


def family_of(names: Collection[str]) -> str | None:
    """The family in words, with the names that show it; None if it is not known."""
    plain = [name.removeprefix("arg:").removeprefix("aux:") for name in names]
    words = {word for name in plain for word in name.split(".")[:3]}
    flat = {name.partition("_")[0].rstrip("0123456789") for name in plain if "." not in name}
    for blocks, family in BLOCKS:
        if blocks <= words:
            return f"{family} ({_quoted(blocks)})"
    for prefix, family in PREFIXES.items():
        if prefix in flat:
            return f"{family} ({_quoted({prefix})})"
    if "pre_fc1_weight" in plain:
        return "a face recognition network of InsightFace ('pre_fc1')"
    if any(_is_unit(name) for name in plain):
        return "a network of MXNet's symbol scripts for its Module API ('stage1_unit1_...')"
    return _by_structure(plain)


def _by_structure(names: Collection[str]) -> str | None:
    """Classifiers of the zoo whose layers are all in one ``features`` and have numbers as names."""
    places = [name.split(".")[1:] for name in names if name.startswith("features.")]
    if not places or not any(name.startswith("output.") for name in names):
        return None
    leaves = {place[-1] for place in places}
    deepest = max(map(len, places))
    if any("out" in place for place in places):
        return f"MobileNetV2, {CLASSIFIER} ('features.N.out.N')"
    if deepest == 2:
        if "bias" not in leaves:
            return f"MobileNet, {CLASSIFIER} ('features.0' to 'features.{_last(places)}')"
        convolutions = sum(place[-1] == "weight" for place in places) - 2
        family = "AlexNet" if convolutions == 5 else "VGG"
        return f"{family}, {CLASSIFIER} ('features.0' to 'features.{_last(places)}')"
    if "gamma" not in leaves:
        return f"SqueezeNet, {CLASSIFIER} ('features.N.N.N.weight' without normalisation)"
    if deepest == 5 and all(place[2] == "1" for place in places if len(place) == 5):
        return f"DenseNet, {CLASSIFIER} ('features.N.N.1.N')"
    if deepest >= 5 and all(word.isdecimal() for place in places for word in place[:-1]):
        return f"Inception, {CLASSIFIER} ('features.N.N.N.N')"
    return None


def _last(places: Collection[list[str]]) -> int:
    return max(int(place[0]) for place in places if place[0].isdecimal())


def _is_unit(name: str) -> bool:
    """Whether a name begins ``stage1_unit1_``, with any numbers."""
    stage, unit, *rest = [*name.split("_"), "", ""]
    numbered = stage.removeprefix("stage").isdecimal() and unit.removeprefix("unit").isdecimal()
    return bool(rest[0]) and numbered and unit.startswith("unit") and stage.startswith("stage")


def _quoted(words: Collection[str]) -> str:
    return " and ".join(repr(word) for word in sorted(words))
