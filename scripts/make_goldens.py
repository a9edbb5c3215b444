"""Make the packaged goldens: what each model's source framework computes from synthetic weights.

uv run scripts/make_goldens.py [--check] [NAME...]

``--check`` makes them again beside the packaged ones and compares: everything that went in must be
the same, and what came out equal up to the last bits of a floating-point sum.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click
import numpy as np

from architectures import MODELS, Model, find_model
from gluonport.commands.console import Command, Failure
from verify.reference.answers import GOLDENS, Reference, golden, read_reference, run_reference
from verify.reference.inputs import reference_inputs

LAST_BITS = 1e-12  # relative; float64 sums in another order
FLOAT32_BITS = 1e-3  # relative to the largest logit; float32 sums in another order


def make(model: Model, path: Path) -> None:
    """Run the reference on the model's synthetic weights and reference inputs."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, path.name)
        run_reference(model, "synthetic", reference_inputs(model), answer)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(answer.read_bytes())
        os.replace(partial, path)


def differences(packaged: Reference, again: Reference) -> list[str]:
    """What is not the same, in words."""
    found = []
    for key in ("model", "classes", "weights_sha256", "inputs_sha256"):
        if packaged.about[key] != again.about[key]:
            found.append(f"{key}: {packaged.about[key]} then, {again.about[key]} now")
    if packaged.layers != again.layers:
        return [*found, "other layers"]
    scale = np.abs(packaged.logits64).max()
    for what, error, limit in (
        ("float64 logits", np.abs(packaged.logits64 - again.logits64).max() / scale, LAST_BITS),
        ("float32 logits", np.abs(packaged.logits32 - again.logits32).max() / scale, FLOAT32_BITS),
        (
            "digests",
            (np.abs(packaged.digests - again.digests) / packaged.scales[..., None]).max(),
            LAST_BITS,
        ),
    ):
        if not error <= limit:
            found.append(f"{what} differ by {error:.3g} of their scale, limit {limit}")
    return found


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Compare with the packaged ones, change nothing.")
def main(names: tuple[str, ...], check: bool) -> None:
    """Make the goldens of NAMES, or of the whole catalogue."""
    failed = []
    for model in [find_model(name) for name in names] or MODELS:
        if not check:
            make(model, GOLDENS / f"{model.name}.npz")
            click.echo(f"{model.name}: {(GOLDENS / f'{model.name}.npz').stat().st_size} bytes")
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{model.name}.npz")
            make(model, path)
            found = differences(golden(model), read_reference(path, "golden"))
        click.echo(f"{model.name}: {'; '.join(found) or 'the same'}")
        if found:
            failed.append(model.name)
    if failed:
        raise Failure(f"goldens of {', '.join(failed)} are not what the reference computes now")


if __name__ == "__main__":
    main()
