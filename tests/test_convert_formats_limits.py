"""The bounds of the readers: what a small file promises is refused before it is made."""

from __future__ import annotations

import json
from pathlib import Path
from struct import pack

import numpy as np
import pytest
import torch

from convert.formats import open_checkpoint
from convert.formats.limits import MAX_ARRAYS, MAX_DENSE_BYTES, MAX_DIRECTORY
from mappings.errors import FormatError
from tests.support.memory import memory_below
from tests.support.params_writer import params, row_sparse


def refusal(file: Path) -> FormatError:
    """The error of opening a file, for which little more memory than the file's was taken."""
    with memory_below(4 * file.stat().st_size + 2_000_000):
        with pytest.raises(FormatError) as caught:
            open_checkpoint(file)
    assert "\n" not in str(caught.value)
    return caught.value


def test_sparse_arrays_may_not_promise_more_together_than_one_alone(tmp_path: Path) -> None:
    rows = MAX_DENSE_BYTES // 10 // 8
    one = row_sparse(shape=(rows, 2))
    ten = tmp_path / "ten.params"
    ten.write_bytes(params([one] * 10))
    assert len(open_checkpoint(ten).tensors) == 10
    eleven = tmp_path / "eleven.params"
    eleven.write_bytes(params([one] * 11))
    error = refusal(eleven)
    assert "more than can be made here" in error.what and error.array == "10"


def test_expanded_tensors_may_not_either(tmp_path: Path) -> None:
    file = tmp_path / "expanded.pth"
    seen = torch.ones(1).expand(MAX_DENSE_BYTES // 40)
    torch.save({str(n): seen for n in range(10)}, file)
    assert len(open_checkpoint(file).tensors) == 10
    torch.save({str(n): seen for n in range(11)}, file)
    assert "more than can be made here" in refusal(file).what


def test_a_zip_of_too_many_members_is_refused(tmp_path: Path) -> None:
    count = MAX_ARRAYS + 1
    entry = pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = pack("<4s4H2IH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, 47 * count, 30, 0)
    file = tmp_path / "members.npz"
    file.write_bytes(b"PK\3\4" + bytes(26) + entry * count + end)
    assert f"lists more than {MAX_ARRAYS} files" in refusal(file).what


def test_a_zip_with_a_directory_of_absurd_length_is_refused(tmp_path: Path) -> None:
    size = MAX_DIRECTORY + 1
    file = tmp_path / "directory.npz"
    end = pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, size, 30, 0)
    file.write_bytes(b"PK\3\4" + bytes(26 + size) + end)
    assert f"expected at most {MAX_DIRECTORY}" in refusal(file).what


@pytest.mark.parametrize("entry", ['{"dtype":"U8","shape":[0],"data_offsets":[0,0]}', "{}", "[[]]"])
def test_a_header_of_too_many_entries_is_refused_before_it_is_parsed(
    entry: str, tmp_path: Path
) -> None:
    header = ",".join(f'"{n}":{entry}' for n in range(MAX_ARRAYS + 3)).join("{}").encode()
    file = tmp_path / "header.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header)
    assert f"lists more than {MAX_ARRAYS} tensors" in refusal(file).what


def test_an_index_of_too_many_tensors_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors.index.json"
    file.write_text(json.dumps({"weight_map": dict.fromkeys(map(str, range(MAX_ARRAYS + 1)), "s")}))
    with pytest.raises(FormatError, match=f"expected at most {MAX_ARRAYS}"):
        open_checkpoint(file)


def test_a_dimension_of_a_thousand_digits_is_refused(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"U8","shape":[%s],"data_offsets":[0,0]}}' % (b"9" * 2200)
    file = tmp_path / "digits.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header)
    assert "digits" in refusal(file).what


def test_many_empty_arrays_take_time_and_memory_in_proportion(tmp_path: Path) -> None:
    file = tmp_path / "empty.npz"
    np.savez(file, **{str(n): np.zeros(0, "u1") for n in range(2000)})
    with memory_below(20 * file.stat().st_size):
        assert len(open_checkpoint(file).tensors) == 2000
