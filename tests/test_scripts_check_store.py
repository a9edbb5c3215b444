"""Stored names by real MXNet: the smallest of each family of MXNet's own model zoo."""

from __future__ import annotations

from pathlib import Path

import pytest

from architectures.catalogue.stored_file import file_called
from scripts.check_store import asked_of, check, passed, write

NAMES = (
    "mxnet_mobilenet0.25",
    "mxnet_mobilenetv2_0.25",
    "mxnet_squeezenet1.1",
    "mxnet_densenet121",
    "mxnet_resnet18_v1",
    "mxnet_resnet18_v2",
)


@pytest.mark.exhaustive
def test_networks_of_mxnets_own_zoo_are_the_ones_that_their_names_convert_to(
    tmp_path: Path,
) -> None:
    files = []
    for name in NAMES:
        file = file_called(name)
        assert file is not None
        files.append(file)
    write([asked_of(file) for file in files], tmp_path)
    for file in files:
        found = check(file, tmp_path)
        assert passed(found), f"{file.name}: {found}"
        assert found["precision"] == "float64"
