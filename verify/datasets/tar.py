"""The images of an uncompressed tar archive, as names and locations; nothing is extracted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from convert.formats.tar_headers import Damaged, TarMember, WrongMember, members
from mappings.errors import DatasetError
from verify.datasets.cloud import is_cloud
from verify.datasets.labelled_images import Location
from verify.datasets.listing import Listing
from verify.datasets.storage import Read, opened

KEPT = 64
"""The most bytes of a member that are kept when an archive in an object storage is listed: as many
as the label of a WebDataset sample has, which would be a request for each otherwise."""


def list_tar(path: Path | str) -> Listing:
    """The members of an uncompressed tar archive, each at its offset.

    Raises DatasetError for a compressed or damaged archive, for members that are neither files nor
    folders, for names that lead out of the archive, for a name that occurs twice, and for an
    archive that is not a regular file.
    """
    files: dict[str, Location] = {}
    folders: set[str] = set()
    for member, read in _members(path):
        name = member.name.removeprefix("./")
        if member.leads_out:
            raise DatasetError(f"{path}: member {member.name!r} leads out of the archive")
        if member.is_folder:
            folders.add(name.partition("/")[0])
            continue
        if not member.is_file:
            raise DatasetError(f"{path}: member {member.name!r} is a link or a device, not a file")
        if name in files:
            raise DatasetError(f"{path}: {name!r} occurs twice: every image counts once")
        small = is_cloud(path) and member.size <= KEPT
        kept = read(member.offset, member.size) if small else None
        files[name] = Location(str(path), ((member.offset, member.size),), kept=kept)
        if "/" in name:
            folders.add(name.partition("/")[0])
    return Listing(str(path), files, tuple(sorted(folders - {"", "."})))


def _members(path: Path | str) -> Iterator[tuple[TarMember, Read]]:
    with opened(path) as (read, size):
        try:
            for member in members(read, size):
                yield member, read
        except Damaged as error:
            if error.position:
                where = f"damaged or cut short at byte {error.position}"
                raise DatasetError(f"{path}: {where} ({error}): copy it again") from None
            what = f"not an uncompressed tar archive ({error}): gunzip it, or copy it again"
            raise DatasetError(f"{path}: {what}") from None
        except WrongMember as error:
            raise DatasetError(f"{path}: {error}") from None
