"""The arrays of any file that the readers accept, also where they lie in an archive."""

from __future__ import annotations

import shutil
import tempfile
from os import PathLike, fspath
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from convert.formats.archive import directory
from convert.formats.checkpoint import Checkpoint
from convert.formats.detect import checkpoint_in
from convert.formats.limits import MAX_UNPACKED, MAX_UNPACKED_RATIO
from convert.formats.mapped import Buffered, MappedFile
from convert.formats.model_archive import ModelArchive, is_model_archive, open_file
from mappings.choice import NO_CHOICE, Choice
from mappings.words import first_few

ALGORITHM = "model_algo-1"
"""The only file in the archives of SageMaker's PCA, k-means and linear learner: arrays as
``mx.nd.save`` writes them, or a zip with a Module's graph and parameters."""
PARAMS = ".params"


def open_arrays(path: str | PathLike[str], choice: Choice = NO_CHOICE) -> Checkpoint:
    """The arrays of a checkpoint, of ``ARCHIVE/NAME``, or of the only file of arrays in an archive.

    Raises FormatError as ``open_checkpoint`` does, and for an archive with several such files.
    """
    file = open_file(Path(fspath(path)))
    if is_model_archive(file):
        archive = ModelArchive.open(file)
        file = archive.take(_only(file, list(archive.files)))
    return checkpoint_in(_unzipped(file), choice)


def _only(file: MappedFile, names: list[str]) -> str:
    found = [name for name in names if name.endswith((PARAMS, ALGORITHM))]
    if len(found) == 1:
        return found[0]
    what = f"the archive has {first_few(found or names)}"
    example = file.path / (found or names or ["NAME"])[0]
    raise file.error(f"{what}: name the file of arrays in it, as {example}")


def _unzipped(file: MappedFile) -> MappedFile:
    """The parameters in a zip that holds a Module's files; any other file as it is."""
    if not file.head.startswith(b"PK\x03\x04"):
        return file
    infos = directory(file)[0]
    names = [info.filename for info in infos if info.filename.endswith(PARAMS)]
    if len(names) != 1 or any(info.filename.endswith((".npy", ".pkl")) for info in infos):
        return file
    (info,) = [info for info in infos if info.filename == names[0]]
    if info.file_size > max(MAX_UNPACKED, MAX_UNPACKED_RATIO * file.size):
        raise file.error(f"{names[0]!r} unpacks to {info.file_size} bytes: unpack it by hand")
    try:
        with ZipFile(Buffered(file)) as archive, archive.open(info) as member:
            with tempfile.TemporaryFile() as target:
                shutil.copyfileobj(member, target)
                target.flush()
                return MappedFile.of(target.fileno(), file.path / names[0])
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise file.error(f"{names[0]!r} cannot be unpacked ({error}): unpack it by hand") from error
