"""A search as the pipeline takes it and what it gives back: values that know no wire format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ranker.diversify import Method
from server.arrays import Float32Array
from server.hits import RankedHit
from server.retrieval.filters.tree import Filter
from server.retrieval.protocol import View
from server.signals.reader import FacetField
from server.stages import FallbackUsed


class RankingMode(StrEnum):
    """Who orders the candidates."""

    MODEL = "model"
    RETRIEVAL = "retrieval"
    RULES = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Words of a query, not blank."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePart:
    """A picture of a query: the file's bytes, and the request field it came from."""

    data: bytes
    field: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPart:
    """A product of the same catalog as an example, and the request field it came from."""

    product_id: str
    field: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorPart:
    """A raw vector float32 (d,), and the request field it came from."""

    vector: Float32Array
    field: str
    weight: float = 1.0


QueryPart = TextPart | PicturePart | ProductPart | VectorPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Who asks, by the shop's pseudonyms; empty where unknown."""

    user: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalChange:
    """A signal taken as other than it is, of one product or, where that is None, of all.

    ``price_factor`` multiplies the price (the list price stays), ``stock`` takes the stock's place;
    None leaves them.
    """

    product_id: str | None = None
    price_factor: float | None = None
    stock: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetRequest:
    """One count to make over the candidates."""

    field: FacetField
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One search, checked: what the caller may ask has been asked.

    ``views`` are the dense views to compare; the lexical one is added to text queries over both.
    ``candidates``, ``variety`` and ``image_share`` are None where the server's setting applies, the
    limits where there is none. ``feature_overrides`` and ``signal_changes`` make it a trial, which
    teaches nothing and is not recorded.
    """

    catalog: str
    parts: tuple[QueryPart, ...]
    views: frozenset[View] = frozenset(View)
    filter_tree: Filter | None = None
    facets: tuple[FacetRequest, ...] = ()
    collapse_limit: int | None = None
    mode: RankingMode = RankingMode.MODEL
    variety: float | None = None
    diversifier: Method = Method.MMR
    brand_limit: int | None = None
    category_limit: int | None = None
    candidates: int | None = None
    image_share: float | None = None
    feature_overrides: Mapping[str, float] = field(default_factory=dict)
    signal_changes: tuple[SignalChange, ...] = ()
    shopper: Shopper | None = None
    explain: bool = False

    @property
    def is_trial(self) -> bool:
        """Whether it asks what would be, instead of what is."""
        return bool(self.feature_overrides or self.signal_changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCounts:
    """Values of one field and how many candidates have each."""

    field: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The whole frozen order of one search, from which pages are cut.

    ``stage_seconds`` keeps the order in which stages ran.
    """

    search_id: str
    hits: Sequence[RankedHit]
    facets: tuple[FacetCounts, ...]
    stage_seconds: Mapping[str, float]
    fallbacks: tuple[FallbackUsed, ...]
    encoder_bundle: str
    index: str
    ranker: str
