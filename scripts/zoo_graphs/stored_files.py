"""The files of the stores: names, hashes, and what was published of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

GLUONCV, MXNET, OLDER = "gluoncv 0.10.5", "mxnet 1.9.1", "mxnet, git 159e37656d (2017)"
DOCS = "MXNet 1.5, docs/api/python/gluon/model_zoo.md"
CARRIERS = ("row", "name", "Hashtag", "is_stored_weights")
MISPRINTED = ("ResNet50_v1b_gn",)
"""Rows whose hash is another network's."""


def stored_files(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every file of the stores, and every other file that a table of GluonCV names by its hash."""
    stores, by_name = facts["stores"], dict[str, list[dict[str, Any]]]()
    for table, rows in facts["published"].items():
        for row in rows:
            if row["name"] is not None:
                by_name.setdefault(row["name"], []).append({"table": table, **row})
    docs = facts["mxnet_docs_v1.5"]
    torchvisions = {stores[MXNET][name] for name in docs["converted_from_torchvision"]}
    for name, sha1 in stores[GLUONCV].items():
        own = [_figure(row) for row in by_name.get(name, ()) if _is_of(row, sha1)]
        yield {
            "name": f"gluon_{name}",
            "store": GLUONCV,
            "stored": name,
            "sha1": sha1,
            "figures": own,
            "converted_from_torchvision": sha1 in torchvisions,
        }
        for row in by_name.get(name, ()):
            digits = row.get("Hashtag")
            if digits and not sha1.startswith(digits) and row["row"] not in MISPRINTED:
                yield {
                    "name": f"gluon_{name}-{digits}",
                    "store": "GluonCV's tables, by hash",
                    "stored": name,
                    "sha1": digits,
                    "figures": [_figure(row)],
                }
    for name, sha1 in stores[MXNET].items():
        first, fifth = docs["top1_top5"][name]
        printed = {"Top-1": f"{first:.2f}", "Top-5": f"{fifth:.2f}"}
        figure = {"table": DOCS, "row": name, "weights": sha1[:8], "printed": printed}
        others = [_figure(row) for row in by_name.get(name, ()) if row.get("Hashtag") == sha1[:8]]
        yield {
            "name": f"mxnet_{name}",
            "store": MXNET,
            "stored": name,
            "sha1": sha1,
            "figures": [figure, *others],
            "converted_from_torchvision": sha1 in torchvisions,
        }
    for name, sha1 in stores[OLDER].items():
        if sha1 != stores[MXNET][name]:
            yield {
                "name": f"mxnet2017_{name}",
                "store": OLDER,
                "stored": name,
                "sha1": sha1,
                "figures": [],
            }


def _is_of(row: Mapping[str, Any], sha1: str) -> bool:
    """Whether a row is about the stored file: by its hash, or by its name where it prints none."""
    if row["row"] in MISPRINTED:
        return False
    digits = row.get("Hashtag")
    return digits is None or sha1.startswith(digits)


def _figure(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is printed; ``weights`` are the digits of the hash that it prints, else None."""
    printed = {k: v for k, v in row.items() if k not in (*CARRIERS, "table")}
    table = f"GluonCV model zoo, {row['table']}"
    return {"table": table, "row": row["row"], "weights": row.get("Hashtag"), "printed": printed}
