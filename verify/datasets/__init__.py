"""Labelled images in folders, tar archives, WebDataset shards or RecordIO files."""

from __future__ import annotations

from mappings.errors import DatasetError
from verify.datasets.labelled_images import Entry, LabelledImages
from verify.datasets.opening import open_dataset

__all__ = ["DatasetError", "Entry", "LabelledImages", "open_dataset"]
