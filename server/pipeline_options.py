"""What the server decides of a search where the caller does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.degrade import Budgets


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions:
    """The server's side of every search.

    ``image_share_text_query`` and ``image_share_picture_query`` are ``a`` in F = aI + (1 - a)T for
    queries without and with a picture; ``lexical_weight`` is what the best word match adds to a
    cosine; ``candidates`` are asked of each view and kept after merging; ``variety`` is the
    strength of variety when the model orders, over the first ``varied_places``: nobody compares
    what stands further down. ``swap_share`` is the share of the model's searches whose first place
    is swapped with a later one at random.
    """

    candidates: int = 200
    image_share_text_query: float = 0.2
    image_share_picture_query: float = 0.6
    lexical_weight: float = 0.1
    variety: float = 0.1
    varied_places: int = 20
    swap_share: float = 0.0
    budgets: Budgets = field(default_factory=Budgets)
