# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""What MXNet's own readers do with files: uv run --script scripts/attack/mxnet_reader.py FOLDER OUT

Each file of FOLDER is read in a process of its own, with 4 GiB of memory and 20 s of processor
time, by ``mx.nd.load``, or by ``mx.sym.load`` if its name ends in ``.json``. OUT is a JSON object:
for each name ``refused``, ``read``, ``crashed`` (by a signal) or ``endless``.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

import mxnet as mx

MEMORY, SECONDS = 4 << 30, 20


def answer(path: Path) -> str:
    child = os.fork()
    if not child:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            if path.suffix == ".json":
                mx.sym.load(str(path))
            else:
                found = mx.nd.load(str(path))
                for array in found.values() if isinstance(found, dict) else found:
                    array.asnumpy()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "endless"
    return {0: "read", 1: "refused"}.get(code, "crashed")


def main() -> None:
    folder, out = map(Path, sys.argv[1:])
    out.write_text(json.dumps({path.name: answer(path) for path in sorted(folder.iterdir())}))


if __name__ == "__main__":
    main()
