"""Put every fault of the catalogue into right ports and print what the verifier says, as Markdown.

uv run scripts/fault_table.py [--deep] [--images N] [NAME...] > docs/faults.md
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import click
import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from architectures import Model, find_model
from architectures.networks.resnet import ResNet
from convert.formats import Array
from gluonport.commands.console import Command, Failure
from tests.faults import FAULTS, break_port, first_images
from verify.parity.compare import compare, load, synthetic_state
from verify.parity.result import Parity
from verify.reference.answers import Reference, golden
from verify.reference.inputs import reference_inputs

NAMES = ("gluon_resnext50_32x4d", "gluon_seresnext50_32x4d", "gluon_seresnext8_digits")
DEEP = "gluon_seresnext101_64x4d"

PAGE = """\
# Faults that the verifier must catch

    {command}

Each row is an otherwise right port with one mistake, judged on {images} images against the packaged
golden; the first row of a table is the right port. *float64* and *float32* are the largest
differences between its logits and MXNet's in that precision. *Usual* is what the tolerance in
common use, `allclose(rtol=1e-3, atol=1e-2)`, says of the float32 logits, *top-1* on how many images
the class is right. *Caught by* are the criteria of `verify parity` that fail; *put* is the block
that the mistake is in, *found* the one that the verdict names, with an asterisk where it says that
the block is right and its input wrong.

A golden sees what its images reach. Inside the blocks ReLU silences 7 to 11 percent of the channels
in every image, and no answer depends on the weights that read them: a checkpoint's values are
therefore compared with its source's one by one. Functions that differ only elsewhere are equal to
the golden: ReLU6 where no activation exceeds six, another rounding of odd maps where all are even,
a pooling of 7x7 that is not global.
"""
HEADER = """\
| fault | float64 | float32 | usual | top-1 | caught by | put | found |
|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Outcome:
    """What the verifier, and what is usually looked at, says of one port.

    ``differences`` are the largest of a logit, in float64 and float32; ``usual`` whether the usual
    tolerance passes; ``equal`` counts the images with the same class. All None where shapes differ.
    """

    parity: Parity
    differences: tuple[float, float] | None
    usual: bool | None
    equal: int | None

    @property
    def failed(self) -> list[str]:
        """The criteria that fail."""
        return [criterion.name for criterion in self.parity.criteria if not criterion.passed]


def judge(model: Model, port: ResNet, reference: Reference, inputs: Array) -> Outcome:
    """The verdict, and what the same logits look like to others."""
    logits: list[Array] = []
    port.register_forward_hook(lambda _, __, output: logits.append(output.numpy()))
    parity = compare(model, port, reference, inputs)
    if len(logits) != 2 or any(found.shape != reference.logits64.shape for found in logits):
        return Outcome(parity, None, None, None)
    exact, single = logits
    return Outcome(
        parity,
        (
            float(np.abs(exact - reference.logits64).max()),
            float(np.abs(single - reference.logits32).max()),
        ),
        np.allclose(single, reference.logits32, rtol=1e-3, atol=1e-2),
        int((single.argmax(1) == reference.logits64.argmax(1)).sum()),
    )


def row(name: str, outcome: Outcome, place: str | None) -> str:
    """A line of the table."""
    cells = [name, "-", "-", "-", "-"]
    if outcome.differences is not None:
        cells = [
            name,
            *(f"{difference:.1e}" for difference in outcome.differences),
            "pass" if outcome.usual else "fail",
            f"{outcome.equal}/{outcome.parity.images}",
        ]
    finding = outcome.parity.finding
    found = f"{finding.block}{'' if finding.here else '*'}" if finding else "-"
    return f"| {' | '.join([*cells, ', '.join(outcome.failed) or '-', place or '-', found])} |"


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--deep", is_flag=True, help=f"{DEEP} too: the better part of an hour.")
@click.option("--images", default=2, show_default=True, help="Reference images to judge on.")
def main(names: tuple[str, ...], deep: bool, images: int) -> None:
    """Print the tables of NAMES, or of a plain network, one with SE, and the sample."""
    command = "uv run scripts/fault_table.py" + " --deep" * deep
    command += f" --images {images}" * (images != 2) + "".join(f" {name}" for name in names)
    click.echo(PAGE.format(command=command, images=images))
    outcomes, wrong = [], []
    for model in map(find_model, [*(names or NAMES), *[DEEP] * deep]):
        reference, inputs = first_images(golden(model), reference_inputs(model), images)
        network = load(model, synthetic_state(model), model.num_classes)
        assert isinstance(network, ResNet)
        faults = [fault for fault in FAULTS if fault.needs(model)]
        click.echo(f"## {model.name}, {len(faults)} faults\n\n{HEADER}")
        right = judge(model, deepcopy(network), reference, inputs)
        click.echo(row("none", right, None))
        if not right.parity.passed:
            wrong.append(f"{model.name}: none")
        for fault in track(faults, model.name, console=Console(stderr=True)):
            torch.manual_seed(0)  # stochastic depth, dropout
            port, given = break_port(fault, model, network, inputs)
            outcome, place = judge(model, port, reference, given), fault.place(model.network)
            click.echo(row(fault.name, outcome, place))
            outcomes.append(outcome)
            if outcome.parity.passed or outcome.parity.first_bad_block != place:
                wrong.append(f"{model.name}: {fault.name}")
        click.echo()
    usual = sum(bool(outcome.usual) for outcome in outcomes)
    agree = sum(outcome.equal == outcome.parity.images for outcome in outcomes)
    click.echo(
        f"Of these {len(outcomes)} broken ports {len(outcomes) - len(wrong)} are caught and placed "
        f"in the right block. The usual tolerance passes {usual} of them; {agree} answer every "
        "image with the right class.\n\n## The faults\n"
    )
    for fault in FAULTS:
        click.echo(f"- **{fault.name}**: {fault.about}")
    if wrong:
        raise Failure(f"judged wrongly: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
