"""What the ranker knows of a query and its candidates: columns, one row a candidate.

The server fills these for a request, training fills them from logs or simulation; features are
computed from nothing else, so what is trained is what is served. NaN stands for "unknown" in every
float column and -1 in every code column: missing is a value, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Int8Array = npt.NDArray[np.int8]

VECTOR_SCALE = np.float32(1.0 / 127.0)
"""Candidate vectors are unit vectors times 127, rounded to int8."""


class TermField(StrEnum):
    """Fields of a product whose words are matched one by one."""

    TITLE = "title"
    CATEGORY = "category"
    COLOR = "color"
    BRAND = "brand"
    ATTRIBUTE = "attribute"


class AffinityField(StrEnum):
    """Fields whose values are embedded as texts of their own and compared with the query."""

    COLOR = "color"
    BRAND = "brand"
    CATEGORY_ROOT = "category_root"
    CATEGORY_LEAF = "category_leaf"
    CATEGORY_PATH = "category_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What a shopper looked at, carted and bought lately, each event weighed by kind and age.

    Attributes:
        events: Sum of the weights, above 0.
        vector: float32 (d,), the weighed mean direction of the products' vectors as a unit vector;
            zeros where none of them has one.
        brands, brand_shares: Codes int32 (b,) without -1, and float32 (b,), the share of the weight
            each has, at most 1 in sum.
        categories, category_shares: The same of the deepest category, (c,).
        log_price, log_price_spread: Weighed mean and standard deviation of the natural logarithm of
            the products' prices, NaN where none is known; the spread is at least 0.1.
        bought_groups: Group codes of what was bought, int32 (p,), newest first, without -1.
    """

    events: float
    vector: Float32Array
    brands: Int32Array
    brand_shares: Float32Array
    categories: Int32Array
    category_shares: Float32Array
    log_price: float
    log_price_spread: float
    bought_groups: Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFacts:
    """What is known of the query itself, and of who asks.

    Attributes:
        has_text: Whether any part is text.
        has_picture: Whether any part is a picture.
        has_example: Whether any part is a product or a raw vector.
        chinese_share: Share of Han characters among the letters of the text, 0 to 1; NaN without
            text.
        term_groups: One sorted int32 array of term hashes for each word of the query: the word and
            what it may be called in the catalogue (stems, translations). A product matches the
            word if it carries any of them.
        term_weights: float32 (g,), the inverse document frequency of each group, above 0.
        price_hint: Price named in the query in the catalogue's currency, NaN when none is.
        person: Who asks; None where nothing is known of them.
    """

    has_text: bool
    has_picture: bool
    has_example: bool
    chinese_share: float
    term_groups: tuple[Int32Array, ...]
    term_weights: Float32Array
    price_hint: float
    person: PersonFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermColumn:
    """Term hashes of n products for one field, in compressed rows.

    Product ``i`` carries ``terms[offsets[i]:offsets[i + 1]]``; ``offsets`` is int32 (n + 1,).
    """

    terms: Int32Array
    offsets: Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateColumns:
    """n candidates of one query, in retrieval order (best first).

    Attributes:
        retrieval_score: Score that retrieval ordered by, falling.
        text_similarity: Cosine of query and product text, NaN without a text vector.
        image_similarity: Cosine of query and product picture, NaN without a picture vector.
        lexical_score: BM25 of the query's words, 0 where no word matched, NaN without query words.
        affinities: By field, how far the product's value stands out for the query among all values
            of the catalogue: the value's cosine, standardised over the distinct values of the
            field. NaN where the product or the catalogue has no such value.
        terms: By field, the products' words.
        price, list_price: Now and before a discount, in the catalogue's currency.
        stock: Units, NaN where unknown.
        rating, rating_count: Mean on 1 to 5, and of how many.
        units_1_day, units_7_days, units_30_days: Units sold.
        impressions, clicks, carts, purchases: Events counted over all searches and shoppers, never
            NaN: 0 where none was recorded.
        age_days: Since first offered.
        brand, color, category, group: Codes equal where the values are; category is the deepest
            path. -1 where there is none.
        vectors: int8 (n, d), ``F = aI + (1 - a)T`` at the catalogue's default share, times 127.

    All float columns are float32 (n,), code columns int32 (n,).
    """

    retrieval_score: Float32Array
    text_similarity: Float32Array
    image_similarity: Float32Array
    lexical_score: Float32Array
    affinities: dict[AffinityField, Float32Array]
    terms: dict[TermField, TermColumn]
    price: Float32Array
    list_price: Float32Array
    stock: Float32Array
    rating: Float32Array
    rating_count: Float32Array
    units_1_day: Float32Array
    units_7_days: Float32Array
    units_30_days: Float32Array
    impressions: Float32Array
    clicks: Float32Array
    carts: Float32Array
    purchases: Float32Array
    age_days: Float32Array
    brand: Int32Array
    color: Int32Array
    category: Int32Array
    group: Int32Array
    vectors: Int8Array

    def __len__(self) -> int:
        return len(self.retrieval_score)

    def without_words(self) -> CandidateColumns:
        """The same candidates as seen by pictures alone: no affinities and no matched words."""
        nothing = np.full(len(self), np.nan, np.float32)
        no_terms = TermColumn(
            terms=np.empty(0, np.int32), offsets=np.zeros(len(self) + 1, np.int32)
        )
        return replace(
            self,
            affinities=dict.fromkeys(AffinityField, nothing),
            terms=dict.fromkeys(TermField, no_terms),
        )
