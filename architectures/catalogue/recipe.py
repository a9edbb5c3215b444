"""How published weights were trained, where their model card says it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

TIMM_CARD = "timm's model card of SE-ResNeXt"


@dataclass(frozen=True)
class TrainingRecipe:
    """A training as its card prints it. ``dropout`` is the share of features that it drops."""

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    dropout: float
    techniques: tuple[str, ...]
    resources: str
    source: str

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


_TIMM = TrainingRecipe(
    epochs=100,
    batch_size=1024,
    learning_rate=0.6,
    momentum=0.9,
    dropout=0.2,
    techniques=("SGD with Momentum", "Weight Decay", "Label Smoothing"),
    resources="8x NVIDIA Titan X GPUs",
    source=TIMM_CARD,
)
RECIPES = dict.fromkeys(("seresnext26d_32x4d", "seresnext26t_32x4d", "seresnext50_32x4d"), _TIMM)
"""By the model's name. The cards of the Gluon model zoo's networks name no recipe."""
