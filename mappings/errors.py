"""The error every room raises: one line that says what, where, what was expected and what to do.

GluonportError
├── FormatError         a file is not what it must be             (convert.formats)
│   └── ChoiceError     a choice finds nothing in this file       (convert.formats)
├── GraphError          a graph cannot become a network           (architectures.graph)
├── MappingError        a table is not a bijection                (mappings)
├── ReconcileError      names or shapes do not fit the network    (convert)
├── ConversionError     a value cannot be written as asked        (convert)
├── WriteError          a file or folder cannot be written        (convert.formats)
├── DownloadError       the published file cannot be had          (convert.sources)
├── NoReferenceError    the source framework gives no answer      (verify.reference)
├── SourceError         a checkpoint's source cannot be compared  (verify.parity)
├── MetadataError       nothing is published about a model        (verify.metadata)
├── ImageError          an image does not decode                  (verify.preprocessing)
├── DatasetError        labelled images cannot be used            (verify.datasets)
├── AccuracyError       a run gives no number                     (verify.accuracy)
└── PublishError        a release may not be made or trusted      (verify.publish)
"""

from __future__ import annotations

from os import PathLike, fspath


class GluonportError(Exception):
    """A failure the user can cause; ``str`` of it is one clear line for people."""


class FormatError(GluonportError):
    """A file that is not, or not completely, what it claims to be.

    The message reads ``FILE: [byte OFFSET: ] [array 'NAME': ] WHAT``.
    """

    def __init__(
        self,
        file: str | PathLike[str],
        what: str,
        *,
        offset: int | None = None,
        array: str | None = None,
    ) -> None:
        self.file, self.what, self.offset, self.array = fspath(file), what, offset, array
        where = [self.file]
        if offset is not None:
            where.append(f"byte {offset}")
        if array is not None:
            where.append(f"array {array!r}")
        super().__init__(": ".join([*where, what]))


class GraphError(GluonportError):
    """A graph, or a node of it, that cannot become a PyTorch network; all reasons at once."""


class MappingError(GluonportError):
    """A table that is not a bijection between source and target names."""


class ReconcileError(GluonportError):
    """Names or shapes that do not fit the network, all residues reported at once."""


class ConversionError(GluonportError):
    """A value that cannot be written as the user asked."""


class WriteError(GluonportError):
    """A file or folder that cannot be written where the user asked for it."""


class DownloadError(GluonportError):
    """A published file that could not be downloaded; the message says how to provide it by hand."""


class ChoiceError(FormatError):
    """A choice among the tensors of a file that does not match any tensor of it."""


class NoReferenceError(GluonportError):
    """The source framework cannot be run, or its answer cannot be read."""


class SourceError(GluonportError):
    """A checkpoint and its source that cannot be compared."""


class MetadataError(GluonportError):
    """A model whose card was never published."""


class ImageError(GluonportError):
    """An image that the regime's decoder does not decode, or that is too large to try."""


class DatasetError(GluonportError):
    """Labelled images that cannot be used: not recognised, without labels, twice, or damaged."""


class AccuracyError(GluonportError):
    """A run that must not continue, or whose parts do not give one result."""


class PublishError(GluonportError):
    """A release that must not be made, or that is not what it says it is."""
