"""What is no regular file is refused by its name, wherever a user names a checkpoint."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import gluonport
from convert.formats import open_checkpoint
from gluonport.commands.main import main
from mappings.errors import FormatError

SAMPLE = Path("architectures", "samples", "gluon_seresnext8_digits.params")
NAME = "gluon_seresnext8_digits"


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "pipe")
    return str(tmp_path / "pipe")


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and result.stdout == "", result.output
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    return result.stderr


def test_a_pipe_is_refused_by_every_command_that_reads_a_checkpoint(
    pipe: str, tmp_path: Path
) -> None:
    (tmp_path / "port").mkdir()
    port = gluonport.convert(NAME, tmp_path / "port" / "port.safetensors").target
    out = str(tmp_path / "out.safetensors")
    for arguments in (
        ("convert", NAME, out, "--from", pipe),
        ("convert", "auto", out, "--from", pipe),
        ("inspect", pipe),
        ("verify", "tensors", pipe, str(SAMPLE)),
        ("verify", "tensors", str(SAMPLE), pipe),
        ("verify", "parity", NAME, "--checkpoint", pipe),
        ("verify", "parity", NAME, "--checkpoint", port, "--from", pipe),
    ):
        assert f"{pipe}: this is a named pipe" in refused(*arguments), arguments
    assert sorted(os.listdir(tmp_path)) == ["pipe", "port"]


def test_a_device_without_end_is_refused(tmp_path: Path) -> None:
    line = refused("convert", NAME, str(tmp_path / "out.safetensors"), "--from", "/dev/zero")
    assert "/dev/zero: this is a device" in line


def test_a_pipe_is_no_shard(pipe: str, tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": "pipe"}}))
    with pytest.raises(FormatError, match="this is a named pipe"):
        open_checkpoint(index)
