"""The hits of a search as columns, turned into values only where somebody reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from server.arrays import Float32Array

NUMBERS = ("score", "text_similarity", "image_similarity", "lexical_score")
"""What each hit has, in the order of the columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredRule:
    """A rule that had a say in where a product stands: its resource name, and what it did."""

    name: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedHit:
    """One product answered. Similarities are NaN where there is no such vector."""

    product_id: str
    score: float
    text_similarity: float
    image_similarity: float
    lexical_score: float
    contributions: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[FiredRule, ...] = ()


class RankedHits(Sequence[RankedHit]):
    """n hits, best first: a page reads twenty of the hundreds that a search orders.

    ``numbers`` is float32 (n, 4), columns as in ``NUMBERS``; ``parts`` float32 (n, f) is what each
    of ``families`` added to the scores; ``rules`` names by place from 0 those that fired on a hit.
    """

    __slots__ = ("families", "ids", "numbers", "parts", "rules")

    def __init__(
        self,
        ids: Sequence[str],
        numbers: Float32Array,
        *,
        families: Sequence[str] = (),
        parts: Float32Array | None = None,
        rules: Mapping[int, tuple[FiredRule, ...]] | None = None,
    ) -> None:
        self.ids = tuple(ids)
        self.numbers = numbers
        self.families = tuple(families)
        self.parts = np.empty((len(self.ids), 0), np.float32) if parts is None else parts
        self.rules = rules or {}

    @classmethod
    def of(cls, hits: Sequence[RankedHit]) -> RankedHits:
        """The same hits as columns; all must have the families of the first."""
        if isinstance(hits, RankedHits):
            return hits
        families = tuple(hits[0].contributions) if hits else ()
        numbers = [[getattr(hit, name) for name in NUMBERS] for hit in hits]
        parts = [[hit.contributions[name] for name in families] for hit in hits]
        return cls(
            [hit.product_id for hit in hits],
            np.array(numbers, np.float32).reshape(len(hits), len(NUMBERS)),
            families=families,
            parts=np.array(parts, np.float32).reshape(len(hits), len(families)),
            rules={place: hit.rules for place, hit in enumerate(hits) if hit.rules},
        )

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> RankedHit: ...

    @overload
    def __getitem__(self, place: slice) -> RankedHits: ...

    def __getitem__(self, place: int | slice) -> RankedHit | RankedHits:
        """One hit, or some of them, still as columns."""
        if isinstance(place, slice):
            places = range(len(self))[place]
            return RankedHits(
                self.ids[place],
                self.numbers[place],
                families=self.families,
                parts=self.parts[place],
                rules={new: self.rules[old] for new, old in enumerate(places) if old in self.rules},
            )
        score, text, image, lexical = self.numbers[place].tolist()
        return RankedHit(
            product_id=self.ids[place],
            score=score,
            text_similarity=text,
            image_similarity=image,
            lexical_score=lexical,
            contributions=dict(zip(self.families, self.parts[place].tolist(), strict=True)),
            rules=self.rules.get(range(len(self))[place], ()),
        )
