"""The whole conversion, from a source to a file that was reread and compared."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from convert.formats.appearing import no_folder
from convert.provenance import Conversion
from mappings.choice import Choice
from mappings.errors import ConversionError

if TYPE_CHECKING:
    from convert.gluon_names import GluonNaming
    from convert.precision import Precision
    from convert.sources.fetched import Accept


def convert(
    name: str,
    out: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    dtype: Precision = "float32",
    *,
    naming: GluonNaming = "structural",
    force: bool = False,
    allow_nonfinite: bool = False,
    ema: bool | None = None,
    weights: str | None = None,
    ignore: Sequence[str] = (),
    classifier: bool = True,
    params: str | os.PathLike[str] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    sha256: str | None = None,
    sha1: str | None = None,
    accept: Accept | None = None,
) -> Conversion:
    """Convert a checkpoint to ``out``, with its provenance beside it.

    ``name`` is a model of the catalogue, ``auto`` to find it from names and shapes, or ``graph``.
    ``out`` ends in ``.safetensors`` (PyTorch's names), or ``.params`` (Gluon's, in the ``naming``
    asked for). ``source`` is a checkpoint file, an MXNet graph, ``synthetic``, or what is fetched
    first: ``hf-hub:OWNER/NAME[@REVISION][:FILE]`` or a url. Without it the published checkpoint is
    downloaded. ``sha256`` or ``sha1`` is the hash that the source must have, in hex. A url needs
    one; without it ``accept`` is asked about the file that was fetched, and a url is refused if
    there is nobody to ask.

    A graph is a ``NAME-symbol.json``, its prefix or its folder; its weights are at ``params``, or
    else in the ``.params`` with the highest number beside it. ``auto`` takes a table of the
    catalogue if one fits, and the graph if none does; ``graph`` always takes the graph. A graph
    also gives ``OUT.py``, the source of its network. ``inputs`` are shapes of the graph's inputs by
    name, with the batch: they are needed only where the graph does not tell how many axes one has.

    ``ema`` takes the averaged weights (True) or the last ones (False) of a file that
    has both, and ``weights`` takes the set under a key. ``ignore`` are patterns of names to leave
    out. ``classifier=False`` leaves out the classifier, or whatever head the file has. The target
    is reread and compared byte for byte before it takes its name.

    Raises a GluonportError that says what failed; a target that stood there before is unchanged.
    """
    target = Path(out)
    _check_target(target, force)
    if naming != "structural" and target.suffix != ".params":
        raise ConversionError(f"--naming {naming} is for a .params file, and {target} is none")
    choice = Choice(ema, weights, tuple(ignore))
    from convert.routes import convert_as_wished
    from convert.sources.locate import locate
    from convert.wish import Wish

    if source is None and (sha256 or sha1):
        raise ConversionError(
            "--sha256 and --sha1 are for --from SOURCE: the hash of a published file is known"
        )
    where, fetched = None, None
    if source is not None:
        located = locate(os.fspath(source), sha256, sha1, accept)
        where, fetched = located.path, located.fetched
    wish = Wish(
        name,
        target,
        where,
        None if params is None else locate(os.fspath(params), accept=accept).path,
        dtype,
        naming,
        force,
        allow_nonfinite,
        classifier,
        fetched,
        {name: tuple(shape) for name, shape in (inputs or {}).items()},
    )
    return convert_as_wished(wish, choice)


def _check_target(target: Path, force: bool) -> None:
    if target.suffix not in (".safetensors", ".params"):
        raise ConversionError(f"{target}: expected a name that ends in .safetensors or .params")
    if not target.parent.is_dir():
        raise ConversionError(f"{target}: {no_folder(target.parent)}")
    if target.is_dir():
        raise ConversionError(f"{target}: is a folder, expected the name of a file")
    if target.exists() and not force:
        raise ConversionError(f"{target}: already exists: --force replaces it")
