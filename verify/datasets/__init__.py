"""Labelled images, wherever they lie: folders, tar archives, WebDataset shards, RecordIO."""

from __future__ import annotations

from verify.datasets.dataset import Dataset, DatasetError, Entry
from verify.datasets.detect import open_dataset

__all__ = ["Dataset", "DatasetError", "Entry", "open_dataset"]
