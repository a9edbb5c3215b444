"""Describes files that are not checkpoints: what each one is, and what to do about it."""

from __future__ import annotations

import codecs
import re

from convert.formats.archive import directory
from convert.formats.mapped import MappedFile

AGAIN = "fetch the checkpoint again"
UNPACK = "unpack it and name the checkpoint inside"
PICKLE = "whose loading can run any code and is refused; save the arrays as .safetensors"
OLD_TORCH = "a PyTorch checkpoint of before 2017, a tar; load it with PyTorch and save it again"

TRAINER = (
    "the state of an optimizer that Trainer.save_states of MXNet wrote, a Python pickle that holds "
    "momentum and no weights; name the .params file that net.save_parameters wrote beside it"
)
STATES = re.compile(rb"\x80.{0,12}\}(?:\x94|q.)\(K\x00", re.DOTALL)
"""The beginning of a pickled dictionary whose first key is 0: an optimizer's states by the index
of the parameter."""

# By their first bytes; longer marks come before shorter ones.
BINARY = (
    *((bytes([0x80, protocol]), f"a Python pickle, {PICKLE}") for protocol in range(2, 6)),
    (b"\x1f\x8b", f"compressed with gzip; {UNPACK}"),
    (b"BZh", f"compressed with bzip2; {UNPACK}"),
    (b"\xfd7zXZ\x00", f"compressed with xz; {UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"compressed with zstd; {UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {UNPACK}"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes it; name an MXNet checkpoint"),
    (b"\x0a\x23\xd7\xce", "RecordIO, images and labels; name the .params file of the network"),
    *(
        (bytes([version]) + b"\xfa\x93\xf9", "an MXNet array alone; save it with mx.nd.save")
        for version in (0xC8, 0xC9, 0xCA)
    ),
    (bytes(16), f"nothing but zeros at its beginning, an unfinished download; {AGAIN}"),
)
TEXT = (
    (
        "version https://git-lfs.github.com/spec/",
        "a Git LFS pointer that stands for the file; run git lfs pull where it came from",
    ),
    ("<!doctype html", f"a web page, not the file that was asked for; {AGAIN}"),
    ("<html", f"a web page, not the file that was asked for; {AGAIN}"),
    ("<", f"an XML document, probably the server's error message; {AGAIN}"),
)


def describe(file: MappedFile) -> str:
    """One line on a file that no reader accepts."""
    head = file.head
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # of an empty zip, only the end exists
        return f"this is {_zip(file)}"
    if head[257:262] == b"ustar":
        if head.startswith(b"sys_info\0"):
            return f"this is {OLD_TORCH}"
        return f"this is a tar archive; {UNPACK}"
    if STATES.match(head) and b"mxnet." in head:
        return f"this is {TRAINER}"
    for mark, what in BINARY:
        if head.startswith(mark):
            return f"this is {what}"
    text = _text(head)
    if text is None:
        known = "an MXNet .params or .npy file, safetensors, or a PyTorch checkpoint"
        return f"this begins with the bytes {head[:8].hex(' ')}; expected {known}"
    return f"this is {_document(text)}"


def document(head: bytes) -> str | None:
    """What a file that begins with these bytes is, if it is what servers send instead of a file: a
    web page, a message, a pointer of Git LFS, or the file compressed by gzip."""
    if head.startswith(b"\x1f\x8b"):
        return "compressed with gzip, by its server or its maker"
    text = _text(head)
    return _document(text) if text else None


def _zip(file: MappedFile) -> str:
    names = [info.filename for info in directory(file)[0]]
    if not names:
        return f"a zip with nothing in it; {AGAIN}"
    for name in names:
        if name.endswith(".params"):
            return f"a zip that holds {name!r}; unzip it and name that file"
    return f"a zip of {len(names)} files, the first {names[0]!r}; expected .npy arrays in it"


def _text(head: bytes) -> str | None:
    """The beginning as text, or None if it is not text; the last character may be incomplete."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head).strip()
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char.isspace() for char in text) else None


def _document(text: str) -> str:
    for beginning, what in TEXT:
        if text.lower().startswith(beginning):
            return what
    if text.startswith(("{", "[")):
        if '"nodes"' in text:
            return "an MXNet symbol, the network without its arrays; name its .params file"
        return f"a JSON document, probably the server's error message; {AGAIN}"
    return f"text that begins {text[:60]!r}; {AGAIN}"
