"""How the served ranker fares here: what runs it, and whether another should be served."""

from __future__ import annotations

from dataclasses import dataclass

from ranker.model import BoostedRanker
from ranker.protocol import Ranker


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A ranker, by its id, that could not be loaded here, and the stable reason."""

    ranker: str
    reason: str

    def __str__(self) -> str:
        """``id: REASON``."""
        return f"{self.ranker}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerHealth:
    """What is published of the served ranker.

    Attributes:
        ranker: Id of the one that answers.
        engine: What runs its trees: ``onnxruntime`` or ``lightgbm``; ``none`` where it has none.
        engine_reason: Why LightGBM does, else empty.
        twin: Id of the linear twin that answers where it fails; empty where none does.
        refused: The promoted version, while it cannot be served here and another answers.
    """

    ranker: str
    engine: str
    engine_reason: str
    twin: str
    refused: Refused | None


def health_of(current: Ranker, *, refused: Refused | None = None) -> RankerHealth:
    """The health of a ranker that answers while ``refused`` should."""
    trees = current if isinstance(current, BoostedRanker) else None
    twin = trees.twin if trees else None
    return RankerHealth(
        ranker=current.id,
        engine=trees.engine if trees else "none",
        engine_reason=trees.engine_reason if trees else "",
        twin=twin.id if twin else "",
        refused=refused,
    )
