"""Run scripts in real MXNet, each in a process of its own that is forked after the imports.

Each line of stdin is a JSON object with the script, its arguments, its folder and its environment.
Each is answered by a line on stdout: an object with returncode, stdout and stderr.
"""

import json
import os
import runpy
import sys
import tempfile
import traceback

import gluoncv.model_zoo
import mxnet

assert gluoncv.model_zoo and mxnet  # imported for the scripts


def run(request):
    """What the process that was forked does: it never returns."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["script"], *request["arguments"]]
    sys.path[0] = os.path.dirname(request["script"])
    status = 0
    try:
        runpy.run_path(request["script"], run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def answer(request):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            run(request)
        _, status = os.waitpid(child, 0)
        texts = {}
        for name, file in (("stdout", out), ("stderr", err)):
            file.seek(0)
            texts[name] = file.read().decode(errors="replace")
        return {"returncode": os.waitstatus_to_exitcode(status), **texts}


# Whatever a library prints to stdout must not stand between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    answers.write(json.dumps(answer(json.loads(line))) + "\n")
    answers.flush()
