"""``verify release``: is a published folder what it says it is?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gluonport.commands.console import ReleaseCommand, print_json
from mappings.errors import GluonportError

if TYPE_CHECKING:
    from verify.parity.result import Parity


@click.command(cls=ReleaseCommand)
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--key", metavar="PUB", help="Check the signature with this public key (PEM).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def release(folder: str, key: str | None, as_json: bool) -> None:
    """Check a release folder.

    The check covers every file, the statement, the weights, the parity of the network and, with
    --key, the signature.
    """
    from convert.formats.regular import read_bytes
    from verify.publish.check import check_release
    from verify.publish.signature import MAX_KEY

    public = read_bytes(key, MAX_KEY) if key else None
    try:
        found, parity = check_release(Path(folder), public)
    except GluonportError as error:
        if as_json:
            print_json({"passed": False, "folder": folder, "error": str(error)})
        raise
    checked = found.signed and public is not None
    if as_json:
        print_json(
            {
                "passed": True,
                "folder": folder,
                "model": found.name,
                "sha256": found.sha256,
                "signed": found.signed,
                "signature_checked": checked,
                "files": found.files,
                "results": found.results,
                "parity": {"passed": parity.passed, "reference": parity.reference},
            }
        )
        return
    signature = "valid" if checked else "the release is not signed"
    if found.signed and public is None:
        signature = "not checked: give the publisher's public key with --key PUB"
    for title, text in (
        ("signature", signature),
        ("files", f"all {len(found.files)} are as they were written"),
        ("weights", f"load strictly into {'its graph' if found.model is None else found.name}"),
        ("parity", _parity(found.model is None, parity)),
    ):
        click.echo(f"{title:12}{text}")


def _parity(graph: bool, parity: Parity) -> str:
    if graph:
        return f"was passed on the {parity.leg} ({parity.reference}), by the release's own figures"
    return f"passes here on {parity.images} images ({parity.reference})"
