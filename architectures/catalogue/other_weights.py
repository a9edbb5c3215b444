"""A model of the catalogue with other weights of the same network, which the stores have too."""

from __future__ import annotations

from dataclasses import replace

from architectures.catalogue.figure import Figure
from architectures.catalogue.origin import GLUONCV, MXNET
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source
from architectures.catalogue.stored_file import StoredFile


def other_weights(model: Model, file: StoredFile) -> Model:
    """The same network with the weights of ``file``, under the file's name and with its figures.

    timm has ports of the first weights alone, so the client has no tag.
    """
    figures = tuple(
        Figure.printed(file.sha1, "gluon", f"{f.printed['Top-1']} / {f.printed['Top-5']}", f.table)
        for f in file.figures
        if {"Top-1", "Top-5"} <= f.printed.keys()
    )
    source = Source(
        "gluoncv",
        model.source.name,
        GLUONCV if file.store.lower().startswith("gluoncv") else MXNET,
        file.url,
        file.sha1,
        stored=file.stored,
        figures=figures[:1],
    )
    return replace(
        model,
        name=file.name,
        source=source,
        client=model.client and replace(model.client, tag=""),
        undecided=None,
        card=None,
        base=model.base or model.name,
    )
