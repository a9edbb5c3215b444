"""Put every fault of the catalogue into right ports and print what the verifier says, as Markdown.

uv run scripts/fault_table.py [--deep] [--images N] [NAME...] > docs/faults.md
"""

from __future__ import annotations

import click
import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from architectures import Model, find_model
from architectures.console import Command, Failure
from architectures.resnet import ResNet
from convert.formats import Array
from verify.faults import FAULTS, Fault, break_port, first_images
from verify.inputs import reference_inputs
from verify.parity import compare, load, synthetic_state
from verify.reference import Reference, golden

NAMES = ("gluon_resnext50_32x4d", "gluon_seresnext50_32x4d", "gluon_seresnext8_digits")
DEEP = "gluon_seresnext101_64x4d"

PAGE = """\
# Faults that the verifier must catch

    {command}

Each row is an otherwise right port with one mistake, judged on {images} images against the packaged
golden. *float64* and *float32* are the largest differences of a logit from MXNet's in the same
precision; *usual* is what `allclose(rtol=1e-3, atol=1e-2)` on the float32 logits would have said,
*top-1* on how many images the class is the same. *Caught by* are the criteria of `verify parity`
that fail, *put* and *found* the block where the mistake was made and the one that the verdict
names; an asterisk says that the verdict calls it right and its input wrong. The first row of a
table is the right port.
"""
HEADER = """\
| fault | float64 | float32 | usual | top-1 | caught by | put | found |
|---|---|---|---|---|---|---|---|"""


def row(
    model: Model, network: ResNet, reference: Reference, inputs: Array, fault: Fault | None
) -> tuple[str, bool]:
    """A line of the table, and whether the verdict is right: caught, and in the right block."""
    port, given = (network, inputs) if fault is None else break_port(fault, model, network, inputs)
    logits: list[Array] = []
    handle = port.register_forward_hook(lambda _, __, output: logits.append(output.numpy()))
    parity = compare(model, port, reference, given)
    handle.remove()
    cells = ["-"] * 4
    if len(logits) == 2 and all(found.shape == reference.logits64.shape for found in logits):
        exact, single = logits
        usual = np.allclose(single, reference.logits32, rtol=1e-3, atol=1e-2)
        equal = (single.argmax(1) == reference.logits64.argmax(1)).sum()
        cells = [
            f"{np.abs(exact - reference.logits64).max():.1e}",
            f"{np.abs(single - reference.logits32).max():.1e}",
            "pass" if usual else "fail",
            f"{equal}/{len(inputs)}",
        ]
    failed = ", ".join(criterion.name for criterion in parity.criteria if not criterion.passed)
    place = fault.place(model.network) if fault else ""
    found = parity.first_bad_block or ""
    asterisk = "*" if parity.finding and not parity.finding.here else ""
    right = found == place and parity.passed == (fault is None)
    name = fault.name if fault else "none"
    cells = [name, *cells, failed or "-", place or "-", f"{found or '-'}{asterisk}"]
    return f"| {' | '.join(cells)} |", right


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--deep", is_flag=True, help=f"{DEEP} too: the better part of an hour.")
@click.option("--images", default=2, show_default=True, help="Reference images to judge on.")
def main(names: tuple[str, ...], deep: bool, images: int) -> None:
    """Print the tables of NAMES, or of a plain network, one with SE, and the sample."""
    command = "uv run scripts/fault_table.py" + " --deep" * deep
    command += f" --images {images}" * (images != 2) + "".join(f" {name}" for name in names)
    click.echo(PAGE.format(command=command, images=images))
    wrong = []
    for model in map(find_model, [*(names or NAMES), *[DEEP] * deep]):
        reference, inputs = first_images(golden(model), reference_inputs(model), images)
        network = load(model, synthetic_state(model), model.num_classes)
        faults = [None, *(fault for fault in FAULTS if fault.needs(model))]
        click.echo(f"## {model.name}, {len(faults) - 1} faults\n\n{HEADER}")
        for fault in track(faults, model.name, console=Console(stderr=True)):
            torch.manual_seed(0)  # stochastic depth, dropout
            line, right = row(model, network, reference, inputs, fault)
            click.echo(line)
            if not right:
                wrong.append(f"{model.name}: {fault.name if fault else 'the right port'}")
        click.echo()
    click.echo("## What each fault is\n")
    for fault in FAULTS:
        click.echo(f"- **{fault.name}**: {fault.about}")
    if wrong:
        raise Failure(f"judged wrongly: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
