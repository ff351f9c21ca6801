"""Why a product stands where it stands, as values that know no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ranker.explain import FeaturePart
from server.hits import FiredRule
from server.query import SignalChange


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedExplanation:
    """What is to be explained of a search.

    ``other_id`` is None for the product just above, or below the first; ``trials`` are of one
    product each, None for those that are always of interest.
    """

    product_id: str
    other_id: str | None = None
    trials: tuple[SignalChange, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedProduct:
    """One product with all that its place comes from.

    Attributes:
        position: From 1; 0 where it is left out.
        contributions: By family with `bias` and `rules`: they add up to the score.
        features: Those that added most, the largest first; none where the ranker cannot say.
        rules: Those that had a say.
        placed_by: The rule that fixed its place, or left it out, whatever its score.
    """

    product_id: str
    position: int
    score: float
    contributions: Mapping[str, float]
    features: tuple[FeaturePart, ...] = ()
    rules: tuple[FiredRule, ...] = ()
    placed_by: FiredRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOutcome:
    """Where a product would stand with a change, and its score; position 0 where left out."""

    change: SignalChange
    position: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer: `differences` is by family what the product gains over the other."""

    product: ExplainedProduct
    other: ExplainedProduct | None
    differences: Mapping[str, float]
    summary: str
    trials: tuple[TrialOutcome, ...]
    encoder_bundle: str
    index: str
    ranker: str
