"""Checkpoints with their evidence, and releases of them, made by the commands themselves."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

import gluonport
from architectures import find_model
from gluonport.commands.publish import main as publish_main
from gluonport.commands.verify import main as verify_main
from verify.accuracy.identity import Identity
from verify.accuracy.outcome import Accuracy, partial, published_figures
from verify.accuracy.reducer import Count
from verify.accuracy.verdict import judge

NAME = "gluon_seresnext8_digits"


def publish(*arguments: object) -> Result:
    return CliRunner().invoke(publish_main, [str(argument) for argument in arguments])


def verify(*arguments: object) -> Result:
    return CliRunner().invoke(verify_main, [str(argument) for argument in arguments])


def converted(folder: Path, name: str = NAME, source: Path | str | None = None) -> Path:
    """A converted checkpoint that passed parity."""
    target = folder / f"{name}.safetensors"
    gluonport.convert(name, target, source)
    judged(name, target)
    return target


def judged(name: str, checkpoint: Path) -> None:
    result = verify("parity", name, "--checkpoint", checkpoint)
    assert result.exit_code == 0, result.output


def write_accuracy(
    checkpoint: Path,
    name: str = NAME,
    counts: tuple[int, int, int] = (360, 352, 360),
    regime: Any = "gluon",
    classes: int | None = None,
    undecoded: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The record that 'verify accuracy' leaves of a run with these counts: images, right in top-1,
    right in top-5."""
    model, count = find_model(name), Count(*counts)
    figure, undecided = published_figures(model, regime, classes or model.num_classes)
    taken = count.images + len(undecoded)
    identity = Identity(
        model=name,
        checkpoint_sha256=hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        regime=regime,
        manifest_sha256="0" * 64,
        images=taken,
        batch_size=16,
        max_pixels=1 << 28,
        precision="float32",
        compiled=False,
        device="cpu AVX2",
        versions={},
    )
    result = Accuracy(
        identity=identity,
        data="/home/somebody/private/images",
        of=taken,
        limit=None,
        problems=(),
        undecoded=undecoded,
        count=count,
        halves=(count, Count(0, 0, 0)),
        published=figure,
        undecided=undecided,
        verdict=judge(count, figure, partial(taken, taken, (), undecoded), undecided),
        proof=None,
        environment={},
    )
    record = result.as_json()
    checkpoint.with_suffix(".accuracy.json").write_text(json.dumps(record))
    return record


def edit(path: Path, **changes: Any) -> None:
    """Change fields of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def keys(folder: Path) -> tuple[Path, Path]:
    """A private and a public key of a fresh pair, made by OpenSSL."""
    private, public = folder / "key.pem", folder / "key.pub"
    make = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private]
    subprocess.run(make, check=True, capture_output=True)
    derive = ["openssl", "ec", "-in", private, "-pubout", "-out", public]
    subprocess.run(derive, check=True, capture_output=True)
    return private, public


def is_one_line(result: Result) -> bool:
    """Whether it was refused with one clear line."""
    return (
        result.exit_code == 1
        and result.stderr.startswith("error: ")
        and result.stderr.count("\n") == 1
    )
