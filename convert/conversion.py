"""The whole conversion, from a source to a file that was reread and compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from architectures import find_model
from convert.provenance import Conversion
from convert.sources.published import fetch_published, largest
from mappings.choice import Choice
from mappings.errors import ConversionError

if TYPE_CHECKING:
    from convert.gluon_names import GluonNaming
    from convert.precision import Precision


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
) -> Conversion:
    """Convert a checkpoint to ``out``, with its provenance beside it.

    ``name`` is a model of the catalogue, or ``auto`` to find it from names and shapes. ``out`` ends
    in ``.safetensors`` (PyTorch's names), or ``.params`` (Gluon's, in the ``naming`` asked for).
    ``source`` is a checkpoint file or ``synthetic``; without it the published checkpoint is
    downloaded. ``ema`` takes the averaged weights (True) or the last ones (False) of a file that
    has both, and ``weights`` takes the set under a key. ``ignore`` are patterns of names to leave
    out. ``classifier=False`` leaves out the classifier, or whatever head the file has. The target
    is reread and compared byte for byte before it takes its name.

    Raises a GluonportError that says what failed; a target that stood there before is unchanged.
    """
    target = Path(out)
    _check_target(target, force)
    choice = Choice(ema, weights, tuple(ignore))
    synthetic = source == "synthetic"
    if name == "auto" and (source is None or synthetic):
        raise ConversionError("'auto' finds the model of a file: give one with --from FILE")
    model = None if name == "auto" else find_model(name)
    url = None
    if source is None and model is not None:
        source, url = fetch_published(model.source, most=largest(model)), model.source.url
    from convert.fit import fit, identify
    from convert.formats import open_checkpoint
    from convert.gluon_names import gluon_names
    from convert.request import Request
    from convert.synthetic_source import synthetic_checkpoint
    from convert.transfer import transfer

    if synthetic and model is not None:
        checkpoint = synthetic_checkpoint(model)
    else:
        checkpoint = open_checkpoint(str(source), choice)
    if model is None:
        found = identify(checkpoint, classifier)
    else:
        found = fit(checkpoint, model, classifier)
    request = Request(
        found,
        checkpoint,
        target,
        dtype,
        names=gluon_names(found.model, naming) if target.suffix == ".params" else None,
        url=url,
        ignore=choice.ignore,
        allow_nonfinite=allow_nonfinite,
        force=force,
    )
    return transfer(request)


def _check_target(target: Path, force: bool) -> None:
    if target.suffix not in (".safetensors", ".params"):
        raise ConversionError(f"{target}: expected a name that ends in .safetensors or .params")
    if not target.parent.is_dir():
        raise ConversionError(f"{target}: the folder {target.parent} does not exist: create it")
    if target.is_dir():
        raise ConversionError(f"{target}: is a folder, expected the name of a file")
    if target.exists() and not force:
        raise ConversionError(f"{target}: already exists: --force replaces it")
