"""Takes one file out of a downloaded zip, without trusting the sizes and names in it."""

from __future__ import annotations

import errno
import hashlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from convert.formats.appearing import appearing
from convert.sources.download import CHUNK, LIMIT
from mappings.errors import FormatError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo


DENSEST = 10
"""A file of weights may have this many times its size in the archive. The bits of trained weights
are nearly random: a zip makes real ones smaller by a tenth."""


def extract(archive: Path, target: Path, sha1: str, most: int = LIMIT) -> None:
    """Extract the zip's one file, which must have the name of ``target``, to ``target``.

    It appears there whole and synced if its SHA-1 begins with ``sha1``, or not at all. Its
    declared size is checked before anything is inflated: at most ``most`` bytes, and at most
    ``DENSEST`` times its size in the archive. Raises FormatError if the zip does not hold exactly
    that regular file, and OSError or WriteError if ``target`` cannot be written.
    """
    import zlib
    from zipfile import BadZipFile, ZipFile

    digest = hashlib.sha1()
    try:
        with ZipFile(archive) as zipped, appearing(target, waiting=True) as (partial,):
            member = _sole_member(zipped, target.name, most)
            # zipfile inflates up to the declared size and no further, then compares the CRC-32.
            with zipped.open(member) as content, partial.open("xb") as file:
                while chunk := content.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
            if not digest.hexdigest().startswith(sha1):
                raise BadZipFile(f"{target.name} in it has sha1 {digest.hexdigest()}, not {sha1}")
    except (BadZipFile, EOFError, OSError, RuntimeError, ValueError, zlib.error) as error:
        # A corrupt offset makes zipfile seek where no file can; other OSErrors are about writing.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise FormatError(archive, str(error) or "it ends too early") from error  # EOFError is mute


def _sole_member(zipped: ZipFile, name: str, most: int) -> ZipInfo:
    """The zip's only file, which must be regular and called ``name``. Raises BadZipFile."""
    from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile

    members = [  # macOS adds its resource forks
        member for member in zipped.infolist() if not member.filename.startswith("__MACOSX/")
    ]
    if [member.filename for member in members] != [name]:
        found = str([member.filename for member in members[:3]])
        raise BadZipFile(f"it holds {found:.200}, not {name!r} alone")
    (member,) = members
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise BadZipFile(f"{name!r} is not a regular file")
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise BadZipFile(f"{name!r} is compressed by method {member.compress_type}")
    declared, held = member.file_size, member.compress_size
    if declared > most:
        raise BadZipFile(f"{name!r} declares {declared} bytes, expected at most {most}")
    if declared > DENSEST * held:
        what = f"declares {declared} bytes out of {held}"
        raise BadZipFile(f"{name!r} {what}, expected at most {DENSEST} times as many")
    return member
