"""Run scripts in real MXNet, each in a process of its own that is forked after the imports.

    python mxnet_server.py SOCKET PROCESS

``mxnet_client.py`` sends a script with its arguments, folder, environment and standard files to
the Unix socket, and gets its exit status. The server ends with PROCESS, a script with its client.
"""

import json
import os
import runpy
import selectors
import signal
import socket
import sys
import traceback

import gluoncv.model_zoo
import mxnet

assert gluoncv.model_zoo and mxnet  # imported for the scripts

MOST = 1 << 20  # bytes of a request


def run(request, files):
    """What the process that was forked does: it never returns."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["command"]
    sys.path[0] = os.path.dirname(sys.argv[0])
    status = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
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


def receive(client):
    """The request and the three standard files that came with it."""
    text, files, _, _ = socket.recv_fds(client, MOST, 3)
    while not text.endswith(b"\n"):
        text += client.recv(MOST)
    return json.loads(text), files


def start(listener, events):
    client, _ = listener.accept()
    request, files = receive(client)
    child = os.fork()
    if child == 0:
        run(request, files)
    for file in files:
        os.close(file)
    ended = os.pidfd_open(child)
    events.register(ended, selectors.EVENT_READ, (finish, child, client, ended))
    events.register(client, selectors.EVENT_READ, (abandon, child, client, ended))


def finish(events, child, client, ended):
    """Tell the client how its script ended."""
    _, status = os.waitpid(child, 0)
    events.unregister(ended)
    os.close(ended)
    events.unregister(client)
    try:
        client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    except OSError:
        pass  # the client has ended
    client.close()


def abandon(events, child, client, ended):
    """End the script of a client that has ended."""
    os.kill(child, signal.SIGKILL)
    finish(events, child, client, ended)


def main():
    path, process = sys.argv[1], int(sys.argv[2])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(16)
    os.rename(path + ".new", path)  # whoever finds it is answered
    events = selectors.DefaultSelector()
    events.register(listener, selectors.EVENT_READ)
    events.register(os.pidfd_open(process), selectors.EVENT_READ, ())
    while True:
        for key, _ in events.select():
            if key.fileobj is listener:
                start(listener, events)
            elif not key.data:
                for other in list(events.get_map().values()):
                    if other.data and other.data[0] is finish:
                        os.kill(other.data[1], signal.SIGKILL)
                return
            elif events.get_map().get(key.fd) is key:  # not ended with an event before it
                act, *given = key.data
                act(events, *given)


if __name__ == "__main__":
    main()
