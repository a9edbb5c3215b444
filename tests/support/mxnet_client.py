"""Run a script in the process that has imported MXNet, as if this were its Python.

    python mxnet_client.py FOLDER PROCESS SCRIPT [ARGUMENT...]

The server listens at a socket in FOLDER. The first client starts it, and it ends with PROCESS.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join(HERE, "..", "..", "verify", "reference", "gluon_reference.py")
"""The script whose environment has MXNet 1.9.1 and GluonCV."""
SOCKET = "socket"
"""Its name alone, in its folder: the path of a socket may have about a hundred bytes."""


def uv(*command):
    done = subprocess.run(["uv", *command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"uv {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


def start(process):
    """Start the server and wait until it listens."""
    uv("sync", "--quiet", "--script", REFERENCE)
    python = uv("python", "find", "--script", REFERENCE)
    with open("log", "wb") as log:
        server = subprocess.Popen(
            [python, os.path.join(HERE, "mxnet_server.py"), SOCKET, process],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not os.path.exists(SOCKET):
        if server.poll() is not None:
            with open("log", errors="replace") as log:
                sys.exit(f"the process that imports MXNet has ended: {log.read()}")
        time.sleep(0.01)


def connect(process):
    with open("lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(SOCKET):
            start(process)
    client = socket.socket(socket.AF_UNIX)
    client.connect(SOCKET)
    return client


def main():
    folder, process, *command = sys.argv[1:]
    command[0] = os.path.abspath(command[0])
    request = {"command": command, "folder": os.getcwd(), "environment": dict(os.environ)}
    os.chdir(folder)
    client = connect(process)
    text = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(client, [text], [0, 1, 2])
    client.sendall(text[sent:])
    status = client.recv(16)
    if not status:
        sys.exit("the process that imported MXNet has ended")
    code = int(status)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
