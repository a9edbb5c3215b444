"""The commands that take a name, from its weights to a release and back to Gluon."""

from __future__ import annotations

from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.record import Model

OUT = "out.safetensors"


def model_commands(model: Model) -> list[str]:
    """The commands for a model with a table."""
    name, regime = model.name, model.regimes[0]
    fetched = model.source.url or model.source.packaged
    data = "" if model.source.packaged else " --data IMAGES"
    found = [f"gluonport convert {name} {OUT}"] if fetched else []
    found += [
        f"gluonport convert {name} {OUT} --from mine.params",
        f"gluonport verify parity {name} --checkpoint {OUT}",
        f"gluonport verify accuracy {name} {OUT}{data} --regime {regime}",
        f"gluonport predict {OUT} image.jpg",
        f"gluonport publish {name} {OUT} release",
    ]
    if model.source.framework == "gluoncv":
        found.append(f"gluonport convert {name} back.params --from {OUT}")
    found.append(f'python: gluonport.create_model("{name}", "{OUT}")')
    return found


def graph_commands(record: GraphRecord) -> list[str]:
    """The commands for a network that is converted by its graph."""
    found = [f"gluonport convert {record.name} {OUT}"] if record.file else []
    return [
        *found,
        f"gluonport convert {record.name} {OUT} --from mine.params",
        f"gluonport verify parity {record.name} --checkpoint {OUT}",
        f"gluonport convert {record.name} back.params --from {OUT}",
        f'python: gluonport.load("{OUT}")',
    ]
