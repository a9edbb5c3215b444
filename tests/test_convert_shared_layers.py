"""Gluon writes the tensors of a layer twice if two blocks of the network share it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gluonport
from convert.formats.write_params import write_params
from mappings.errors import ReconcileError

TWICE = {"head.2.weight", "head.2.bias"}


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GoogLeNet with synthetic weights, as ``save_parameters`` writes it."""
    path = tmp_path_factory.mktemp("shared") / "googlenet.params"
    gluonport.convert("googlenet", path, "synthetic")
    return path


def test_both_names_are_written_in_mxnets_order(params: Path) -> None:
    names = list(gluonport.load_arrays(params))
    assert names[-4:] == ["head.2.weight", "head.2.bias", "output.weight", "output.bias"]


def test_a_file_with_one_or_both_names_gives_the_same_network(params: Path, tmp_path: Path) -> None:
    arrays = gluonport.load_arrays(params)
    hashes = set()
    for number, left in enumerate(((), TWICE, {"output.weight", "output.bias"})):
        source, out = tmp_path / f"{number}.params", tmp_path / f"{number}.safetensors"
        write_params(source, {n: a for n, a in arrays.items() if n not in left})
        done = gluonport.convert("auto", out, source)
        assert done.model == "gluon_googlenet"
        hashes.add(done.target_sha256)
    assert len(hashes) == 1


def test_two_values_of_one_tensor_are_refused(params: Path, tmp_path: Path) -> None:
    arrays = dict(gluonport.load_arrays(params))
    arrays["head.2.bias"] = np.array(arrays["head.2.bias"]) + 1
    source = tmp_path / "two.params"
    write_params(source, arrays)
    with pytest.raises(ReconcileError, match=r"'output\.bias' and 'head\.2\.bias' are one tensor"):
        gluonport.convert("googlenet", tmp_path / "out.safetensors", source)
    assert not (tmp_path / "out.safetensors").exists()


def test_without_its_classifier_the_network_is_still_recognised(
    params: Path, tmp_path: Path
) -> None:
    done = gluonport.convert("auto", tmp_path / "bare.safetensors", params, classifier=False)
    assert (done.model, done.num_classes) == ("gluon_googlenet", 0)
