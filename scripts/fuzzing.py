"""What the scripts fuzz_*.py share: a reader may refuse any file, by FormatError and nothing else.

Each runs the number of executions that it is given, from seeds of its own, and ends with status 0
if no input raised another exception, took more than ``SECONDS`` or more than ``MEMORY``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["convert", "zipfile", "pickletools"]):
    from convert.formats import open_checkpoint
from mappings.errors import FormatError

EXECUTIONS = 200_000
SECONDS = 20  # for one input; the machine may be busy
MEMORY = 2048  # MiB
READ = 1 << 26  # elements of a file whose values are read too; more would only be slow

Pack = Callable[[bytes], bytes]


def fuzz(seeds: Sequence[bytes], *packs: Pack) -> None:
    """Fuzz ``open_checkpoint``: the bytes as a file, and as what each of ``packs`` makes of them.

    The first byte of an input says which.
    """
    ways: tuple[Pack, ...] = (lambda content: content, *packs)
    with tempfile.TemporaryDirectory() as folder:
        file, corpus = Path(folder, "file"), Path(folder, "corpus")
        corpus.mkdir()
        for way in range(len(ways)):
            for number, seed in enumerate(seeds):
                (corpus / f"{way}-{number}").write_bytes(bytes([way]) + seed)

        def read_all(content: bytes) -> None:
            file.unlink(missing_ok=True)
            file.write_bytes(ways[content[0] % len(ways) if content else 0](content[1:]))
            try:
                tensors = open_checkpoint(file).tensors
                if sum(prod(tensor.shape) for tensor in tensors) <= READ:
                    for tensor in tensors:
                        tensor.array()
                        list(tensor.parts())
            except FormatError as error:
                assert "\n" not in str(error)

        start(read_all, corpus, 4096)


def start(read: Callable[[bytes], None], corpus: Path, longest: int) -> None:
    """Fuzz a function that takes an input of ``longest`` bytes at most, from the seeds in a folder.

    Arguments of the script: [EXECUTIONS] [libFuzzer's options].
    """
    script, *options = sys.argv
    runs = options.pop(0) if options and options[0].isdigit() else str(EXECUTIONS)
    bounds = [f"-runs={runs}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEMORY}"]
    atheris.Setup([script, *bounds, f"-max_len={longest}", *options, str(corpus)], read)
    atheris.Fuzz()
