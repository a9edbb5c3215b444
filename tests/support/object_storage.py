"""A local server of S3 (moto's) or of Google's storage, until its standard input is closed.

The first argument is the scheme, ``s3`` or ``gs``. It prints its port.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any


def s3() -> tuple[int, Callable[[], object]]:
    """The port, and what stops the server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server.get_host_and_port()[1], server.stop


def gs() -> tuple[int, Callable[[], object]]:
    """The port, and what stops the server.

    Two things that Google's server does and the emulator does not are added: an object that must be
    new is refused where there is one, and an upload can be given up.
    """
    from gcp_storage_emulator import server
    from gcp_storage_emulator.exceptions import NotFound
    from gcp_storage_emulator.handlers import objects

    upload = objects._multipart_upload

    def upload_if_new(request: Any, response: Any, storage: Any) -> None:
        if request.query.get("ifGenerationMatch") == ["0"]:
            with suppress(NotFound):
                storage.get_file_obj(request.params["bucket_name"], request.data["meta"]["name"])
                response.status = HTTPStatus.PRECONDITION_FAILED
                return
        upload(request, response, storage)

    def give_up(request: Any, response: Any, storage: Any) -> None:
        response.status = HTTPStatus.NO_CONTENT

    objects._multipart_upload = upload_if_new
    for _, handlers in server.HANDLERS:
        if handlers.get("PUT") is objects.upload_partial:
            handlers["DELETE"] = give_up
    made = server.create_server("127.0.0.1", 0, in_memory=True)
    made.start()
    return made._api._httpd.server_address[1], made.stop


def main() -> None:
    port, stop = {"s3": s3, "gs": gs}[sys.argv[1]]()
    print(port, flush=True)
    sys.stdin.read()
    stop()


if __name__ == "__main__":
    main()
