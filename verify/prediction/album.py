"""Pictures of answers as files: one picture, or a folder of them with contact sheets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from convert.formats.appearing import appearing, appearing_folder, check_free
from mappings.errors import WriteError
from mappings.words import counted
from verify.prediction.classifier import Classifier, Guess
from verify.prediction.contact_sheet import CELL, MOST, draw_sheet
from verify.prediction.picture import BOX, Caption, Pictured, draw_picture, shrunk

FORMATS: dict[str, dict[str, Any]] = {
    ".png": {"format": "png"},
    ".jpg": {"format": "jpeg", "quality": 92, "subsampling": 0},
    ".jpeg": {"format": "jpeg", "quality": 92, "subsampling": 0},
    ".webp": {"format": "webp", "quality": 92},
}
SHEET = "contact-sheet"


class NothingDrawn(Exception):
    """No image was added, so that nothing may appear."""


@dataclass
class Album:
    """Draws each answer that is added. ``place`` is the file, or the folder if ``in_folder``.

    A folder gets a picture of every image, NAME.png, and sheets of them all if they are several. A
    file gets the picture of the only image, or the sheet of several. ``images``: how many were
    named; some of them may not decode.
    """

    classifier: Classifier
    caption: Caption
    place: Path
    in_folder: bool
    images: int
    added: int = 0
    sheet: list[Pictured] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    sheets: int = 0

    def add(self, path: Path, guesses: Sequence[Guess]) -> None:
        """Draw an image that was classified. Raises ImageError if it no longer decodes."""
        if self.in_folder or self.images == 1:
            drawn = draw_picture(self._pictured(path, guesses, BOX), self.caption)
            place = self.place / f"{self._name(path.stem)}.png" if self.in_folder else self.place
            _save(drawn, place)
        self.added += 1
        if self.images > 1:
            self.sheet.append(self._pictured(path, guesses, CELL))
            if len(self.sheet) == MOST:
                self.finish()

    def finish(self) -> None:
        """Draw the sheet of the images that stand on none yet."""
        if not self.sheet:
            return
        first = self.sheets * MOST + 1
        last = first + len(self.sheet) - 1
        more = self.images > MOST
        title = f"images {first:,} to {last:,}" if more else counted(last, "image")
        self.sheets += 1
        name = self._name(SHEET if self.sheets == 1 else f"{SHEET}-{self.sheets}")
        _save(
            draw_sheet(self.sheet, self.caption, title, first),
            self.place / f"{name}.png" if self.in_folder else self.place,
        )
        self.sheet.clear()

    def _pictured(self, path: Path, guesses: Sequence[Guess], box: int) -> Pictured:
        found = self.classifier
        return Pictured(path, shrunk(path, found.regime, box, found.max_pixels), guesses)

    def _name(self, stem: str) -> str:
        """``stem``, with a number if a file of the folder has that name already."""
        name, number = stem, 1
        while name.lower() in self.names:
            number += 1
            name = f"{stem}-{number}"
        self.names.add(name.lower())
        return name


def check_album(target: Path, images: int, force: bool) -> bool:
    """Whether ``target`` is to be a folder. Raises WriteError if it cannot be written, before
    anything is computed."""
    if target.is_dir() or (not target.suffix and not target.exists()):
        check_free(target)
        return True
    if target.suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise WriteError(
            f"{target}: this is not the name of a picture: expected a name that ends in {known}, "
            "or a folder"
        )
    if not os.access(target.parent, os.W_OK):
        raise WriteError(f"{target}: the folder is missing or not writable: create it")
    if os.path.lexists(target) and not force:
        raise WriteError(f"{target}: already exists: --force replaces it")
    if images > MOST:
        raise WriteError(
            f"{target}: one picture holds at most {MOST} images, and these are {images:,}: name a "
            "folder, as --save pictures"
        )
    return False


@contextmanager
def open_album(target: Path, classifier: Classifier, images: int, force: bool) -> Iterator[Album]:
    """An album of ``images`` images that appears at ``target`` whole if the block succeeds, and
    not at all if nothing was added. Raises WriteError as ``check_album`` does."""
    in_folder = check_album(target, images, force)
    warning = "synthetic weights: the answers mean nothing" if classifier.synthetic else ""
    text = f"{classifier.model.name}, {classifier.regime} preprocessing"
    caption = Caption(text, warning)
    placing = appearing_folder(target) if in_folder else appearing(target, replacing=force)
    with suppress(NothingDrawn), placing as staged:
        place = staged if isinstance(staged, Path) else staged[0]
        album = Album(classifier, caption, place, in_folder, images)
        yield album
        album.finish()
        if not album.added:
            raise NothingDrawn


def _save(picture: Image.Image, path: Path) -> None:
    """Write a picture in the format of its name."""
    picture.save(path, **FORMATS[path.suffix.lower()])
