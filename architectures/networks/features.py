"""A network of the catalogue as a backbone: its maps of several sizes instead of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from architectures.networks.network import FeaturePoint, Network
from mappings.errors import GluonportError


class FeatureInfo:
    """What the maps of a backbone are, with the methods of timm's ``FeatureInfo``.

    ``info`` has an entry for each map that the network can give: its ``num_chs``, its ``reduction``
    (the image's sides over the map's) and the ``module`` that gives it. Without an index the
    methods speak of the maps that are given.
    """

    def __init__(self, points: Sequence[FeaturePoint], out_indices: tuple[int, ...]) -> None:
        self.out_indices = out_indices
        self.info = [
            {"num_chs": point.channels, "reduction": point.reduction, "module": point.module}
            for point in points
        ]

    def get(self, key: str, idx: int | Sequence[int] | None = None) -> Any:
        """A value of the maps that are given, of the map of one index, or of several."""
        if isinstance(idx, int):
            return self.info[idx][key]
        return [self.info[index][key] for index in (self.out_indices if idx is None else idx)]

    def channels(self, idx: int | Sequence[int] | None = None) -> Any:
        """The channels of the maps."""
        return self.get("num_chs", idx)

    def reduction(self, idx: int | Sequence[int] | None = None) -> Any:
        """The image's sides over the maps'."""
        return self.get("reduction", idx)

    def module_name(self, idx: int | Sequence[int] | None = None) -> Any:
        """The modules that give the maps."""
        return self.get("module", idx)

    def get_dicts(
        self, keys: Sequence[str] | None = None, out_indices: Sequence[int] | None = None
    ) -> list[dict[str, Any]]:
        """The entries of the maps, or some of their values."""
        chosen = self.out_indices if out_indices is None else out_indices
        return [{k: self.info[i][k] for k in keys or self.info[i]} for i in chosen]

    def __len__(self) -> int:
        return len(self.info)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.info[index]


class FeatureNetwork(nn.Module):
    """Images (N, in_chans, H, W) to a list of maps (N, C, h, w), the largest first.

    Its tensors have the names that they have in the network, so that a checkpoint's fit. What comes
    after the last map that is asked for is left out.
    """

    def __init__(self, network: Network, out_indices: int | Sequence[int] | None = None) -> None:
        super().__init__()
        points = network.feature_points
        if out_indices is None:
            out_indices = network.default_points
        self.out_indices = chosen_indices(out_indices, len(points))
        self.feature_info = FeatureInfo(points, self.out_indices)
        self.in_chans = network.in_chans
        leave_out_after(network, points[self.out_indices[-1]].module)
        for name, child in network.named_children():
            self.add_module(name, child)
        # Not registered: the network's modules are this one's own, under their own names.
        self.__dict__["network"] = network

    def forward(self, x: Tensor) -> list[Tensor]:
        network: Network = self.__dict__["network"]
        maps = network.forward_maps(x, self.out_indices[-1])
        return [maps[index] for index in self.out_indices]

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """As the network's own."""
        network: Network = self.__dict__["network"]
        network.set_grad_checkpointing(enable)


def chosen_indices(chosen: int | Sequence[int] | None, count: int) -> tuple[int, ...]:
    """Indices into ``count`` maps, rising: all for None, the last n for a number n; negative ones
    count from the end.

    Raises GluonportError for an index that no map has.
    """
    if isinstance(chosen, int):
        chosen = range(-chosen, 0)
    elif chosen is None:
        chosen = range(count)
    if not chosen or not all(-count <= index < count for index in chosen):
        raise GluonportError(
            f"out_indices={list(chosen)}: the network gives the maps 0 to {count - 1}: take one or "
            f"more of these"
        )
    return tuple(sorted({index % count for index in chosen}))


def leave_out_after(network: nn.Module, module: str) -> None:
    """Remove all modules that were added after this one, at each level of its path."""
    parent = network
    for part in module.split("."):
        names = [name for name, _ in parent.named_children()]
        for name in names[names.index(part) + 1 :]:
            delattr(parent, name)
        parent = parent.get_submodule(part)
