"""The page of faults, ``docs/faults.md``: its rows, and its whole text made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import torch

from architectures import Model
from architectures.networks.resnet import ResNet
from convert.formats import Array
from tests.faults.catalogue import FAULTS, Fault, break_port
from verify.parity.compare import compare
from verify.parity.result import Parity
from verify.reference.answers import Reference

NETWORKS = ("gluon_resnext50_32x4d", "gluon_seresnext50_32x4d", "gluon_seresnext8_digits")
DEEP = "gluon_seresnext101_64x4d"
IMAGES = 2

INTRODUCTION = """\
# Faults that the verifier must catch

    {command}

Each row is a right port with one mistake in it, judged on {images} images against the packaged
golden; the first row of a table is the right port without a mistake. *float64* and *float32* are
the largest differences between its logits and MXNet's in that precision. *Usual* is the result of
the tolerance in common use, `allclose(rtol=1e-3, atol=1e-2)`, on the float32 logits. *Top-1* is the
number of images with the right class. *Caught by* lists the criteria of `verify parity` that fail.
*Put* is the block with the mistake, *found* the block that the verdict names; an asterisk means
that the verdict calls the block right and its input wrong.

A golden shows only what its images reach. Inside the blocks ReLU sets 7 to 11 percent of the
channels to zero in every image, and no answer depends on the weights that read them. Therefore
`verify parity --checkpoint` also compares the checkpoint's values with its source's, one by one.
Functions that differ only elsewhere give the same answers as the golden: ReLU6 if no activation
exceeds six, another rounding of odd maps if all maps are even, a 7x7 pooling that is not global.
"""
HEADER = """\
| fault | float64 | float32 | usual | top-1 | caught by | put | found |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Verdict:
    """A row of a table, each cell as it is printed; "-" stands for nothing.

    ``float64`` and ``float32`` are the largest differences of a logit, ``usual`` says whether the
    usual tolerance passes, ``top1`` is "right/images". All four are "-" if the shapes differ.
    """

    fault: str
    float64: str
    float32: str
    usual: str
    top1: str
    caught_by: str
    put: str
    found: str

    def __str__(self) -> str:
        return f"| {' | '.join(vars(self).values())} |"

    @property
    def names_the_block(self) -> bool:
        """Whether the fault is caught, and placed in the block where it is."""
        return self.caught_by != "-" and self.found.removesuffix("*") == self.put

    @property
    def answers_are_right(self) -> bool:
        """Whether every image gets the right class."""
        right, _, images = self.top1.partition("/")
        return right == images


def judge(
    model: Model, network: ResNet, reference: Reference, inputs: Array, fault: Fault | None
) -> tuple[Verdict, Parity]:
    """Put a fault (None: no fault) into a right port, and judge it. The port stays right."""
    torch.manual_seed(0)  # for stochastic depth and dropout
    port = network
    if fault:
        port, inputs = break_port(fault, model, network, inputs)
    answers: list[tuple[Array, Array]] = []
    handle = port.register_forward_hook(
        lambda _, given, output: answers.append((given[0].numpy(), output.numpy()))
    )
    parity = compare(model, port, reference, inputs)
    handle.remove()
    cells = ["-"] * 4
    exact, single = (_in_order(answers, inputs, precision) for precision in ("f8", "f4"))
    if exact.shape == single.shape == reference.logits64.shape:
        right = int((single.argmax(1) == reference.logits64.argmax(1)).sum())
        cells = [
            _largest(exact, reference.logits64),
            _largest(single, reference.logits32),
            "pass" if np.allclose(single, reference.logits32, rtol=1e-3, atol=1e-2) else "fail",
            f"{right}/{parity.images}",
        ]
    failed = ", ".join(criterion.name for criterion in parity.criteria if not criterion.passed)
    finding = parity.finding
    found = f"{finding.block}{'' if finding.here else '*'}" if finding else "-"
    put = fault.place_in(model) if fault else "-"
    return Verdict(fault.name if fault else "none", *cells, failed or "-", put, found), parity


def _in_order(answers: Sequence[tuple[Array, Array]], inputs: Array, precision: str) -> Array:
    """The logits of all images in one precision: they are computed a few at a time."""
    found = {
        image.tobytes(): row
        for given, logits in answers
        if given.dtype == logits.dtype == np.dtype(precision)
        for image, row in zip(given, logits, strict=False)
    }
    rows = [found.get(image.tobytes()) for image in inputs.astype(precision)]
    whole = [row for row in rows if row is not None]
    return np.stack(whole) if len(whole) == len(rows) else np.empty(0)


def _largest(ours: Array, theirs: Array) -> str:
    with np.errstate(invalid="ignore"):  # of logits that are not finite: NaN
        return f"{np.abs(ours - theirs).max():.1e}"


def introduction(command: str, images: int) -> str:
    """The page up to its first table."""
    return INTRODUCTION.format(command=command, images=images)


def heading(model: str, faults: int) -> str:
    """The text before a table's rows."""
    return f"\n## {model}, {faults} faults\n\n{HEADER}"


def conclusion(broken: Sequence[Verdict]) -> str:
    """The page after its last table: what the rows of broken ports add up to, and the faults."""
    caught = sum(row.names_the_block for row in broken)
    usual = sum(row.usual == "pass" for row in broken)
    right = sum(row.answers_are_right for row in broken)
    faults = "".join(f"- **{fault.name}**: {fault.about}\n" for fault in FAULTS)
    return (
        f"\nOf {len(broken)} broken ports {caught} are caught and placed in the right block.\n"
        f"The usual tolerance passes {usual}; {right} give the right class for every image.\n"
        f"\n## The faults\n\n{faults}"
    )


def whole_page(command: str, images: int, tables: Mapping[str, Sequence[Verdict]]) -> str:
    """The page whose tables are ``tables``, by model; each begins with the right port."""
    parts = [introduction(command, images)]
    for model, (right, *broken) in tables.items():
        rows = "".join(f"{row}\n" for row in (right, *broken))
        parts.append(heading(model, len(broken)) + rows)
    parts.append(conclusion([row for _, *broken in tables.values() for row in broken]))
    return "".join(parts)


def read_tables(page: str) -> dict[str, list[Verdict]]:
    """The tables of a page, by model."""
    tables = {}
    for part in re.split(r"^## ", page, flags=re.M)[1:]:
        title, _, *lines = part.splitlines()
        rows = [line for line in takewhile(lambda line: line.startswith("|"), lines)][2:]
        if rows:
            tables[title.partition(",")[0]] = [Verdict(*row[2:-2].split(" | ")) for row in rows]
    return tables
