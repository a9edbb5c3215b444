"""Put every fault of the catalogue into right ports and print what the verifier says, as Markdown.

uv run scripts/fault_table.py [--deep] [--images N] [NAME...] > docs/faults.md
"""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import track

from architectures import find_model
from architectures.networks.resnet import ResNet
from gluonport.commands.console import Command, Failure
from tests.faults import FAULTS, first_images
from tests.faults.page import DEEP, IMAGES, NETWORKS, conclusion, heading, introduction, judge
from verify.parity.compare import load, synthetic_state
from verify.reference.answers import golden
from verify.reference.inputs import reference_inputs


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--deep", is_flag=True, help=f"{DEEP} too, which takes almost an hour.")
@click.option("--images", default=IMAGES, show_default=True, help="Reference images to judge on.")
def main(names: tuple[str, ...], deep: bool, images: int) -> None:
    """Print the tables of NAMES, or of a plain network, one with SE, and the sample."""
    command = "uv run scripts/fault_table.py" + " --deep" * deep
    command += f" --images {images}" * (images != IMAGES) + "".join(f" {name}" for name in names)
    click.echo(introduction(command, images), nl=False)
    rows, wrong = [], []
    for model in map(find_model, [*(names or NETWORKS), *[DEEP] * deep]):
        reference, inputs = first_images(golden(model), reference_inputs(model), images)
        network = load(model, synthetic_state(model), model.num_classes)
        assert isinstance(network, ResNet)
        faults = [fault for fault in FAULTS if fault.needs(model)]
        click.echo(heading(model.name, len(faults)), nl=False)
        right, _ = judge(model, network, reference, inputs, None)
        click.echo(right)
        if right.caught_by != "-":
            wrong.append(f"{model.name}: none")
        for fault in track(faults, model.name, console=Console(stderr=True)):
            row, _ = judge(model, network, reference, inputs, fault)
            click.echo(row)
            rows.append(row)
            if not row.names_the_block:
                wrong.append(f"{model.name}: {fault.name}")
    click.echo(conclusion(rows), nl=False)
    if wrong:
        raise Failure(f"judged wrongly: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
