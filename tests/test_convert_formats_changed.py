"""A file that somebody changes or cuts short while it is read: an error, never a signal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tests.support.params_writer import csr, dense, params, row_sparse

SAMPLE = Path("architectures", "samples", "gluon_seresnext8_digits.params").absolute()
NAME = "gluon_seresnext8_digits"
W = np.arange(60_000, dtype=np.float32).reshape(200, 300)

AFTER_OPENING = """
import os, sys
from convert.formats import open_checkpoint
from mappings.errors import FormatError
for path in sys.argv[1:]:
    whole = os.path.getsize(path)
    for kept in (0, 1, whole // 2, whole - 1):
        content = open(path, "rb").read()
        checkpoint, mapped = open_checkpoint(path), open_checkpoint(path)
        views = [tensor.array() for tensor in mapped.tensors]
        os.truncate(path, kept)
        for call in ("array", "copy", "parts"):
            for opened in (checkpoint, mapped):
                try:
                    for tensor in opened.tensors:
                        list(getattr(tensor, call)())
                    opened.require_unchanged()
                except FormatError as error:
                    assert "changed while it was read" in str(error), error
                else:
                    sys.exit(f"{path} cut to {kept} bytes: {call} did not notice")
        del views
        open(path, "wb").write(content)
"""

AT_A_READ = """
import json, os, sys
from pathlib import Path

how, command, moments, source, out = sys.argv[1:]
import gluonport
from convert.formats import open_checkpoint
from convert.inspection import digests, inspect_checkpoint
from mappings.errors import FormatError

content, reads, at = Path(source).read_bytes(), 0, None
really = os.preadv

def preadv(handle, *rest):  # before one read, somebody changes the file
    global reads
    if os.path.samestat(os.fstat(handle), os.stat(source)):
        reads += 1
        if reads == at:
            if how == "cut":
                os.truncate(source, len(content) // 3)
            else:
                with open(source, "r+b") as file:
                    file.seek(len(content) // 2)
                    file.write(bytes([content[len(content) // 2] ^ 1]))
    return really(handle, *rest)

def run():
    if command == "convert":
        gluonport.convert("gluon_seresnext8_digits", out, source, force=True)
    elif command == "inspect":
        list(digests(inspect_checkpoint(source).checkpoint))
    elif command == "tensors":
        from verify.tensors.comparison import compare_tensors
        compare_tensors(source, source + ".same")
    else:
        from verify.parity.converted_checkpoint import open_converted
        from verify.parity.values import check_values
        from architectures import find_model
        converted = open_converted(find_model("gluon_seresnext8_digits"), source + ".port", source)
        check_values(converted)
        converted.require_unchanged()

os.preadv = preadv
run()
total, before = reads, sorted(os.listdir(os.path.dirname(source)))
for moment in range(int(moments)):
    Path(source).write_bytes(content)
    os.utime(source, (0, 0))
    for made in ("safetensors", "provenance.json"):
        Path(out).with_suffix("." + made).unlink(missing_ok=True)
    # the first is the read of the head, before which there is nothing to notice
    reads, at = 0, 2 + moment * (total - 2) // max(int(moments) - 1, 1)
    try:
        run()
    except FormatError as error:
        assert str(error).startswith(source), error
    else:
        sys.exit(f"{command}: {how} before read {at} of {total} was not noticed")
    left = set(before) - {"out.safetensors", "out.provenance.json"}
    assert set(os.listdir(os.path.dirname(source))) == left, os.listdir(os.path.dirname(source))
print(total)
"""


def run(script: str, *arguments: object) -> str:
    """What a process that runs the script says; it must end well, and by no signal."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def test_a_file_cut_short_after_it_was_opened_is_an_error_of_every_reader(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", W)
    np.save(tmp_path / "big-endian.npy", W.astype(">f4"))
    np.save(tmp_path / "bool.npy", W > 5)
    np.savez(tmp_path / "b.npz", w=W, f=np.asfortranarray(W))
    save_file({"w": W, "v": W + 1}, tmp_path / "c.safetensors")
    (tmp_path / "d.params").write_bytes(params([dense(W), row_sparse(), csr()], "abc"))
    weight = torch.from_numpy(W.copy())
    torch.save({"w": weight, "t": weight.T}, tmp_path / "e.pth")
    torch.save({"w": weight}, tmp_path / "f.pth", _use_new_zipfile_serialization=False)
    run(AFTER_OPENING, *sorted(tmp_path.iterdir()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "files" / "source.params"
    path.parent.mkdir()
    path.write_bytes(SAMPLE.read_bytes())
    return path


@pytest.mark.parametrize("command", ["convert", "inspect", "tensors", "values"])
@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_source_that_changes_at_any_read_is_refused_and_nothing_is_left(
    how: str, command: str, source: Path
) -> None:
    if command == "tensors":
        Path(f"{source}.same").write_bytes(SAMPLE.read_bytes())
    if command == "values":
        import gluonport

        gluonport.convert(NAME, source.with_name("out.safetensors"))
        source.with_name("out.safetensors").rename(f"{source}.port")
        source.with_name("out.provenance.json").unlink()
    out = source.with_name("out.safetensors")
    assert int(run(AT_A_READ, how, command, 8, source, out)) > 50


def test_the_hash_is_that_of_the_file_that_was_read_and_not_of_one_put_in_its_place(
    source: Path,
) -> None:
    from convert.formats import open_checkpoint

    opened = open_checkpoint(source)
    other = source.with_name("other")
    other.write_bytes(b"another file")
    os.link(source, source.with_name("kept"))
    os.replace(other, source)
    import hashlib

    assert opened.files[0].sha256() == hashlib.sha256(SAMPLE.read_bytes()).hexdigest()


def test_a_wrong_file_is_refused_before_it_is_hashed(source: Path) -> None:
    with source.open("r+b") as file:
        file.write(b"no checkpoint")
        file.truncate(8 << 30)
    script = """
import os, sys
really, total = os.preadv, 0
def preadv(handle, *rest):
    global total
    got = really(handle, *rest)
    total += got
    return got
os.preadv = preadv
import gluonport
from mappings.errors import FormatError
try:
    gluonport.convert("gluon_seresnext8_digits", sys.argv[2], sys.argv[1])
except FormatError:
    print(total)
"""
    assert int(run(script, source, source.with_name("out.safetensors"))) < 100_000
    assert json.dumps(os.listdir(source.parent)) == '["source.params"]'
