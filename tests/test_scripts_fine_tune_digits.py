"""The worked example: from Gluon to PyTorch, tuned there, back to Gluon, loaded by real MXNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scripts.fine_tune_digits import main
from tests.support.mxnet_scripts import in_mxnet

SCRIPT = Path(__file__).parents[1] / "scripts" / "fine_tune_digits_mxnet.py"


@pytest.mark.parametrize(
    ("epochs", "right"), [(2, 0), pytest.param(12, 108, marks=pytest.mark.exhaustive)]
)
def test_a_checkpoint_is_tuned_and_mxnet_gives_the_same_answers(
    epochs: int, right: int, tmp_path: Path
) -> None:
    done = CliRunner().invoke(main, [str(tmp_path), "--epochs", str(epochs)])
    assert done.exit_code == 0, done.output
    assert f"epoch {epochs:2}  loss" in done.output and "2 classes, for Gluon" in done.output
    said = in_mxnet(SCRIPT, tmp_path)
    assert "same answers as PyTorch: 120 of 120" in said
    with np.load(tmp_path / "answers.npz") as answers:
        found = int((answers["logits"].argmax(1) == answers["labels"]).sum())
    assert found >= right and f"{found} of 120 right" in said
