"""The ladder of fallbacks: how much of the caller's time each stage may take, and what is left out.

    stage      may take                       when it cannot
    retrieve   a share of what is left        the views that did answer; none: the error
    rank       only if its reserve is left    retrieval order; a model that fails: its linear
                                              twin, then retrieval order
    diversify  only if its reserve is left    the order it was given

Beside the ladder, what a search can do without: who asks (`no_profile`), the rules of the shop
(`no_rules`), pinned products that no view found (`without_pinned`), and what made the scores
(`no_contributions`). That a search is recorded is never waited for.

Reserves are what the later stages need on a slow day; a deadline shorter than their sum still gets
an answer as long as retrieval fits into it.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.deadline import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Seconds and shares that the ladder is built of."""

    retrieve_share: float = 0.75
    rank_reserve_seconds: float = 0.012
    diversify_reserve_seconds: float = 0.004

    def for_retrieval(self, deadline: Deadline) -> Deadline:
        """The moment by which retrieval must have answered."""
        remaining = deadline.remaining_seconds()
        if remaining == float("inf"):
            return deadline
        return deadline.within(remaining * self.retrieve_share)

    def allows_ranking(self, deadline: Deadline) -> bool:
        """Whether features and model still fit before the deadline."""
        return deadline.allows(self.rank_reserve_seconds)

    def allows_diversifying(self, deadline: Deadline) -> bool:
        """Whether the variety pass still fits before the deadline."""
        return deadline.allows(self.diversify_reserve_seconds)
