"""What a graph's inputs are given in a proof: drawn by one rule, from the graph alone.

Each case is a whole input, batch axis included. What an input is for is read off its users: images
where the graph convolves, whole numbers where it looks things up, lengths, boxes, else noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from architectures.graph.graph import Graph, NodeEntry
from architectures.graph.operator import Dims
from architectures.graph.plan import Input, Plan
from convert.formats import Array
from mappings.errors import GraphError
from verify.reference.inputs import IMAGES, MEAN, STD

CASES = 2, 8  # the fewest and the most cases
ANSWERS = 64  # numbers in the smallest output, over all cases, that are wanted

LOOKS_UP = ("Embedding", "_npx_embedding", "_contrib_SparseEmbedding", "one_hot", "_npx_one_hot")
LENGTHS = ("SequenceMask", "SequenceLast", "SequenceReverse", "_npx_sequence_mask")
REGIONS = ("ROIPooling", "_contrib_ROIAlign", "_contrib_PSROIPooling")
ALIGNS = ("CTCLoss", "ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss")
PROPOSES = ("_contrib_Proposal", "_contrib_MultiProposal")
CONVOLVES = ("Convolution", "Convolution_v1", "Deconvolution", "_npx_convolution", "Pooling")
SHIFTS = ("_minus_scalar", "_plus_scalar", "_rminus_scalar")
SCALES = ("_mul_scalar", "_div_scalar")
PASSES = (
    *SHIFTS,
    *SCALES,
    "identity",
    "_copy",
    "Cast",
    "BatchNorm",
    "transpose",
    "SwapAxis",
    "Pad",
)


def input_shapes(plan: Plan, given: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shape of every input by its name in the graph, batch axis included.

    ``given`` counts before what the graph says. An unknown batch is 1. Raises GraphError for a
    shape that is not known, with an example.
    """
    names = {plan.graph.nodes[taken.node].name for taken in plan.inputs}
    if unknown := given.keys() - names:
        known = ", ".join(sorted(names)) or "none"
        raise GraphError(f"the graph has no input {min(unknown)!r}; its inputs: {known}")
    shapes: dict[str, tuple[int, ...]] = {}
    for taken in plan.inputs:
        name = plan.graph.nodes[taken.node].name
        if name in given:
            shapes[name] = given[name]
            continue
        dims = taken.shape
        if dims is not None:
            dims = tuple(size or (1 if not axis else None) for axis, size in enumerate(dims))
        if dims is None or None in dims:
            raise GraphError(
                f"the graph does not say the whole shape of its input {name!r}"
                f"{'' if dims is None else f', {_shown(dims)}'}: give it, for example "
                f"--input {name}={_example(plan, taken, dims)}"
            )
        shapes[name] = tuple(size for size in dims if size is not None)
    return shapes


def graph_inputs(
    plan: Plan,
    shapes: Mapping[str, tuple[int, ...]],
    tensors: Mapping[str, Array],
    count: int | None = None,
) -> dict[str, Array]:
    """The cases of every input by its name in the graph: float32 (N, *shape).

    ``tensors``: the file's tensors by name, which show what range of values a network expects.
    ``count``: how many; without it, as many as the sizes of the outputs ask for.
    """
    count = count or _case_count(plan)
    drawn = {}
    for taken in plan.inputs:
        name = plan.graph.nodes[taken.node].name
        cases = [_case(plan, taken.node, name, shapes, tensors, k) for k in range(count)]
        drawn[name] = np.stack(cases).astype(np.float32)
    return drawn


def _case_count(plan: Plan) -> int:
    """More cases where the outputs are small: rounding is judged over all their numbers."""
    sizes = []
    for head in plan.graph.heads:
        shape = _dims(plan, head)
        known = [size for size in shape or () if size is not None]
        sizes.append(int(np.prod(known)) if shape is not None else ANSWERS)
    fewest, most = CASES
    return min(max(-(-ANSWERS // max(min(sizes, default=1), 1)), fewest), most)


def _case(
    plan: Plan,
    node: int,
    name: str,
    shapes: Mapping[str, tuple[int, ...]],
    tensors: Mapping[str, Array],
    case: int,
) -> Array:
    graph, shape = plan.graph, shapes[name]
    seed = hashlib.sha256(f"{name}/{case}".encode()).digest()[:4]
    random = np.random.RandomState(int.from_bytes(seed, "little"))
    for user, place in _uses(graph, node):
        op = graph.nodes[user].op or ""
        attributes = graph.nodes[user].attributes
        if op in LOOKS_UP and place == 0:
            most = attributes.get("input_dim") or attributes.get("depth") or "2"
            return random.randint(0, max(int(most), 1), shape)
        if op in LENGTHS and place == 1:
            return random.randint(1, _longest(shapes, name) + 1, shape)
        if op in ALIGNS and place:
            return _transcripts(random, shape, plan, user, place)
        if op in PROPOSES and place == 2:
            height, width = next((s[2:] for s in shapes.values() if len(s) == 4), (64, 64))
            return np.broadcast_to(np.array([height, width, 1.0]), shape)
        if op in REGIONS and place == 1:
            return _boxes(random, shape, shapes)
    if len(shape) >= 4 and any(graph.nodes[user].op in CONVOLVES for user, _ in _uses(graph, node)):
        return _image(shape, case, _has_bytes(graph, node, tensors))
    return 2.0 * random.random_sample(shape) - 1.0


def _uses(graph: Graph, node: int) -> Iterator[tuple[int, int]]:
    """Each operator that takes a node's output, and at which place; operators that keep its values
    or only move and scale them are looked through."""
    front, seen = [node], {node}
    while front:
        at = front.pop(0)
        for user in graph.users[at]:
            for place, entry in enumerate(graph.nodes[user].inputs):
                if entry.node == at:
                    yield user, place
            if graph.nodes[user].op in PASSES and user not in seen:
                seen.add(user)
                front.append(user)


def _has_bytes(graph: Graph, node: int, tensors: Mapping[str, Array]) -> bool:
    """Whether a network expects pixels from 0 to 255: it subtracts or divides by such numbers, or
    the BatchNorm of its input has such a mean."""
    for user, place in _uses(graph, node):
        if place:
            continue
        operator = graph.nodes[user]
        try:
            scalar = abs(float(operator.attributes.get("scalar", "0")))
        except ValueError:
            continue
        if operator.op in SHIFTS and scalar > 5:
            return True
        if operator.op in SCALES and scalar and (scalar > 30 or scalar < 0.1):
            return True
        if operator.op == "BatchNorm" and len(operator.inputs) > 3:
            mean = tensors.get(graph.nodes[operator.inputs[3].node].name)
            if mean is not None and np.abs(mean).max(initial=0) > 5:
                return True
    return False


def _image(shape: tuple[int, ...], case: int, has_bytes: bool) -> Array:
    """Packaged photographs at another size, (N, C, ..., H, W): normalised as ImageNet's are, or
    from 0 to 255. Further channels and frames are moved to the right, so that no two are equal."""
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        photographs = arrays["photographs"]
    count, channels, *frames, height, width = shape
    images = []
    for index in range(count):
        crop = photographs[(case + index) % len(photographs)]
        rows = np.arange(height) * len(crop) // height
        columns = np.arange(width) * crop.shape[1] // width
        pixels = crop[rows][:, columns].astype(np.float32)
        if not has_bytes:
            pixels = (pixels / np.float32(255) - MEAN) / STD
        planes = [np.roll(pixels[..., k % 3], k // 3, axis=-1) for k in range(channels)]
        moved = [np.roll(np.stack(planes), step, axis=-1) for step in range(int(np.prod(frames)))]
        images.append(np.stack(moved, axis=1).reshape(channels, *frames, height, width))
    return np.stack(images)


def _boxes(
    random: np.random.RandomState, shape: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
) -> Array:
    """Regions of interest: image 0 and two corners, x before y."""
    height, width = next((s[2:] for s in shapes.values() if len(s) == 4), (64, 64))
    x, y = (random.random_sample((*shape[:-1], 2)) * size for size in (width, height))
    zeros = np.zeros(shape[:-1])
    return np.stack([zeros, x.min(-1), y.min(-1), x.max(-1), y.max(-1)], axis=-1)


def _transcripts(
    random: np.random.RandomState, shape: tuple[int, ...], plan: Plan, loss: int, place: int
) -> Array:
    """The labels of a CTC loss, (N, longest), or how long they or the data are, (N,).

    Half of the steps have labels at most, as a blank stands between two that are equal; the rest is
    padding. A label that is missing from the start makes MXNet read memory that is not its own.
    """
    node = plan.graph.nodes[loss]
    dims, labels = (_dims(plan, entry) or (None, None, None) for entry in node.inputs[:2])
    steps, longest = dims[0] or 2, shape[-1] if place == 1 else labels[-1] or 1
    count = min(longest, max(steps // 2, 1))
    if place > 1:
        of_data = place == 2 and node.attributes.get("use_data_lengths") in ("True", "true", "1")
        return np.full(shape, steps if of_data else count)
    low = 0 if node.attributes.get("blank_label") == "last" else 1
    drawn = random.randint(low, low + max((dims[2] or 2) - 1, 1), shape)
    drawn[:, count:] = low - 1
    return drawn


def _dims(plan: Plan, entry: NodeEntry) -> Dims | None:
    """What is known of the shape of a node's output."""
    dims = plan.shapes.get(entry.node, ())
    return dims[entry.output] if entry.output < len(dims) else None


def _longest(shapes: Mapping[str, tuple[int, ...]], name: str) -> int:
    """The length of the longest sequence: its axis is the first or the second one."""
    sizes = [min(s[:2]) for other, s in shapes.items() if other != name and len(s) > 1]
    return max(min(sizes, default=1), 1)


def _shown(dims: Dims) -> str:
    return "x".join("?" if size is None else str(size) for size in dims)


def _example(plan: Plan, taken: Input, dims: Dims | None) -> str:
    if dims is None:
        users = {plan.graph.nodes[user].op for user, _ in _uses(plan.graph, taken.node)}
        dims = (1, 3, None, None) if users & set(CONVOLVES) else (1, None)
    usual = (1, 3, 224, 224, 224)
    return "x".join(
        str(usual[min(axis, 4)] if size is None else size) for axis, size in enumerate(dims)
    )
