"""Where the time of one conversion goes, as JSON; a part of benchmark_convert.py.

    benchmark_stages.py MODEL FILE.params OUT.safetensors

``imported`` and ``done`` are readings of the system's monotonic clock; ``stages`` has what each
stage does, and the seconds it took in the main thread and in others.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import gluonport.commands.convert  # noqa: F401  as the command does
from convert import conversion, fit, formats, proven, reread, transfer

STAGES = (  # a function, and what it does
    ("open_checkpoint", "read the structure"),
    ("fit", "reconcile names and shapes"),
    ("_save", "check, write and hash"),
    ("_same_bytes", "reread and compare"),
    ("sync", "sync"),
    ("convert", "all of convert()"),
)


MODULES = (conversion, fit, formats, proven, reread, transfer)  # where they are looked up


def main() -> None:
    imported = time.monotonic()
    seconds = {name: [0.0, 0.0] for name, _ in STAGES}
    lock = threading.Lock()

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            begin = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.monotonic() - begin
                beside = threading.current_thread() is not threading.main_thread()
                with lock:
                    seconds[name][beside] += spent

        return wrapper

    for name, _ in STAGES:
        for module in MODULES:
            if name in vars(module) and not (name, module) == ("open_checkpoint", transfer):
                setattr(module, name, clocked(name, getattr(module, name)))
    model, source, out = sys.argv[1:]
    conversion.convert(model, out, source, force=True)
    done = time.monotonic()
    stages = [(f"{what} ({name})", *seconds[name]) for name, what in STAGES]
    print(json.dumps({"imported": imported, "stages": stages, "done": done}))


if __name__ == "__main__":
    main()
