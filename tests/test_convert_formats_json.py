"""JSON and other files that the tool opens: regular, bounded, strict."""

import os
from pathlib import Path

import pytest

from convert.formats.json_text import parse_json, read_json_object
from convert.formats.regular import open_regular, read_bytes, read_text, sha256
from mappings.errors import FormatError


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', "occurs twice"),
        ("[" + "9" * 2200 + "]", "2200 digits"),
        ("[-" + "9" * 21 + "]", "digits"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("{", "Expecting"),
    ],
)
def test_what_is_not_json_is_refused_with_the_reason(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_json(text)


def test_numbers_that_fit_64_bits_are_read() -> None:
    assert parse_json(f"[{2**64 - 1}, -{2**63}, 1.5]") == [2**64 - 1, -(2**63), 1.5]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"[1, 2]", "a JSON array; expected an object"),
        (b"not json", "not valid JSON"),
        (b'{"a": "\xe9"}', "byte 7: the text is not UTF-8"),
        (b'{"a": "' + b"x" * 200 + b'"}', "209 bytes; expected at most 100"),
    ],
)
def test_a_record_that_is_no_object_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=what) as error:
        read_json_object(path, most=100)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("read", [open_regular, sha256, lambda path: read_text(path, 10)])
def test_only_regular_files_are_opened(tmp_path: Path, read: object) -> None:
    assert callable(read)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "absent"):
        with pytest.raises(FormatError):
            read(path)
    with pytest.raises(FormatError):
        read("a\0b")


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")
    assert read_bytes(path, 10) == b"0123456789"
    with pytest.raises(FormatError, match="at most 9"):
        read_bytes(path, 9)
