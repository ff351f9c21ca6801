"""What an alignment gives back: the figures before and after, and how it went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from exporter.alignment_scores import Scores

Method = Literal["head", "adapter"]
Loss = Literal["infonce", "vse++"]
# What belongs to one run of the command, and not to the bundle that it writes.
_OF_THE_RUN = ("bundle", "resumed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """Where training stood after ``step`` steps; what was not measured there is None.

    ``loss`` is the mean over the steps since the last point that has one; the others are measured
    on the products kept out.
    """

    step: int
    loss: float | None = None
    recall_at_10: float | None = None
    ndcg_at_10: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentReport:
    """What was trained and what it does for groups kept out of training, before and after.

    ``steps`` are those of the weights that were chosen. ``bundle`` is the id of the bundle that was
    written, empty where none was. ``resumed_at`` is the step that a killed run had reached.
    """

    samples: int
    groups: int
    held_out_groups: int
    steps: int
    before: Scores
    after: Scores
    bundle: str
    method: Method = "head"
    loss: Loss = "infonce"
    resumed_at: int = 0
    history: tuple[HistoryPoint, ...] = ()

    @property
    def helped(self) -> bool:
        """Whether products kept out are found better: more of them among ten, or higher up."""
        return rank_scores(self.after) > rank_scores(self.before)

    def training_record(self) -> dict[str, Any]:
        """Give what a manifest's training section says of it."""
        return {name: value for name, value in asdict(self).items() if name not in _OF_THE_RUN}


def rank_scores(scores: Scores) -> tuple[float, float]:
    """Order scores by recall@10; NDCG@10 decides between equals."""
    return scores.recall_at_10, scores.ndcg_at_10
