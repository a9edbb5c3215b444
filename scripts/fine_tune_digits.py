"""Fine-tune a converted checkpoint in plain PyTorch and send it back to Gluon.

uv run scripts/fine_tune_digits.py FOLDER [--epochs N]

The packaged sample reads handwritten digits. Here it learns another question from 240 scans: has
the digit a closed loop (0, 6, 8, 9)? The other 120 scans show how well. The recipe is that of
timm's SE-ResNeXt: SGD with momentum, weight decay and label smoothing, a learning rate of 0.6 for
each 1024 images. FOLDER gets the files; ``scripts/fine_tune_digits_mxnet.py`` loads them in MXNet.
"""

from __future__ import annotations

import tarfile
from importlib.resources import files
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import gluonport
from gluonport.commands.console import Command

NAME = "gluon_seresnext8_digits"
LOOPS = {"0", "6", "8", "9"}
TRAINING = 240  # scans; the other 120 are held out
BATCH, RATE, MOMENTUM, DECAY, SMOOTHING = 48, 0.6 / 1024, 0.9, 1e-4, 0.1


def load_scans(folder: Path) -> tuple[Tensor, Tensor]:
    """The packaged scans as images (N, 3, 32, 32), and whether each has a loop (N,), shuffled."""
    packed = files("architectures") / "samples" / f"{NAME}.tar"
    with packed.open("rb") as file, tarfile.open(fileobj=file) as archive:
        archive.extractall(folder, filter="data")
    paths = sorted(folder.glob("*/*.png"))
    images = np.stack([gluonport.preprocess(path, "gluon", model=NAME) for path in paths])
    loops = torch.tensor([int(path.parent.name in LOOPS) for path in paths])
    order = torch.randperm(len(paths))
    return torch.from_numpy(images)[order], loops[order]


def right(network: nn.Module, images: Tensor, labels: Tensor) -> int:
    """How many answers are right."""
    network.eval()
    with torch.inference_mode():
        return int((network(images).argmax(1) == labels).sum())


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int) -> None:
    """Train with the recipe of the cards; the learning rate falls to 0 along a cosine."""
    optimiser = torch.optim.SGD(
        network.parameters(), lr=RATE * BATCH, momentum=MOMENTUM, weight_decay=DECAY
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for epoch in range(epochs):
        network.train()
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            optimiser.zero_grad()
            wrong = loss(network(images[batch]), labels[batch])
            wrong.backward()
            optimiser.step()
            total += float(wrong.detach()) * len(batch)
        schedule.step()
        click.echo(f"epoch {epoch + 1:2}  loss {total / len(images):.4f}")


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--epochs", type=click.IntRange(1), default=12, show_default=True)
def main(folder: Path, epochs: int) -> None:
    """Convert, fine-tune, and convert back into FOLDER."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    images, loops = load_scans(folder / "scans")
    held_images, held = images[TRAINING:], loops[TRAINING:]

    gluonport.convert(NAME, folder / "digits.safetensors", force=True)
    network = gluonport.create_model(NAME, folder / "digits.safetensors", num_classes=2)
    click.echo(f"{NAME}, a new classifier of 2 classes: {len(loops) - len(held)} scans to learn")
    click.echo(f"before    {right(network, held_images, held)} of {len(held)} right")
    train(network, images[:TRAINING], loops[:TRAINING], epochs)
    click.echo(f"after     {right(network, held_images, held)} of {len(held)} right")

    save_file(network.state_dict(), folder / "tuned.safetensors")
    back = gluonport.convert(
        NAME, folder / "tuned.params", folder / "tuned.safetensors", force=True
    )
    click.echo(f"tuned.params: {back.tensors} tensors, {back.num_classes} classes, for Gluon")
    with torch.inference_mode():
        logits = network(held_images)
    np.savez(folder / "answers.npz", inputs=held_images, labels=held.numpy(), logits=logits.numpy())


if __name__ == "__main__":
    main()
