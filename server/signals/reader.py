"""What a request reads of the product table: rows, similarities and the ranker's columns.

A reader is taken once a request. Its row numbers keep their meaning as long as it is held: a
product written meanwhile gets a new row, and the old row stays as it was, but for its numbers
(price, stock, counts ...), which are those of the moment they are read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from ranker.columns import AffinityField, CandidateColumns, TermColumn, TermField
from server.arrays import Float32Array, Int8Array, Int32Array, Int64Array
from server.errors import NotFound
from server.signals.candidates import Candidates
from server.signals.columns import CODES, NUMBERS
from server.signals.facets import price_ranges, top_counts
from server.signals.state import IMAGE, TEXT, TableState
from server.signals.traits import Traits
from server.signals.vectors import fuse, similarities

FacetField = Literal["category", "brand", "color", "price"]

_SECONDS_A_DAY = 86_400.0
_PRICE = NUMBERS.index("price")
_COLOR, _BRAND = CODES.index("color"), CODES.index("brand")
_CATEGORY, _GROUP = CODES.index("category"), CODES.index("group")
_CATEGORY_FIELDS = (
    AffinityField.CATEGORY_ROOT,
    AffinityField.CATEGORY_LEAF,
    AffinityField.CATEGORY_PATH,
)


class TableReader:
    """Reads one state of the table and what is appended to it; any thread, without a lock."""

    __slots__ = ("_state",)

    def __init__(self, state: TableState) -> None:
        self._state = state

    def __len__(self) -> int:
        return len(self._state.row_of)

    @property
    def state(self) -> TableState:
        """What is read here, for another room's view of the same rows."""
        return self._state

    def rows(self, ids: Sequence[str]) -> Int32Array:
        """Rows int32 (n,) of product ids, -1 for one that is not in the catalog."""
        find = self._state.row_of.get
        return np.array([find(each, -1) for each in ids], dtype=np.int32)

    def ids_of(self, rows: Int32Array) -> tuple[str, ...]:
        """Product ids of rows."""
        ids = self._state.columns.ids
        return tuple([ids[row] for row in rows.tolist()])

    def lacks(self, view: Literal["text", "image"]) -> bool:
        """Whether some product has no vector of that view."""
        return self._state.lacking[TEXT if view == "text" else IMAGE] > 0

    def document_frequency(self, terms: Iterable[int]) -> Int32Array:
        """In how many products each of k terms occurs, anywhere in them: int32 (k,)."""
        find = self._state.document_counts.get
        return np.array([find(term, 0) for term in terms], dtype=np.int32)

    def stored_vector(self, product_id: str) -> Float32Array:
        """Unit vector float32 (d,) that stands for a product, F = aI + (1 - a)T.

        Raises:
            NotFound: no such product in the catalog.
        """
        row = self._state.row_of.get(product_id)
        if row is None:
            message = f"there is no product {product_id!r} in this catalog; name one that is"
            raise NotFound(message, reason="PRODUCT_NOT_FOUND", product=product_id)
        columns, one = self._state.columns, slice(row, row + 1)
        scales, has = columns.scales.rows[one], columns.has.rows[one]
        fused = fuse(
            columns.text.rows[one] * scales[:, TEXT, None],
            columns.image.rows[one] * scales[:, IMAGE, None],
            has_text=has[:, TEXT],
            has_image=has[:, IMAGE],
            image_share=self._state.image_share,
        )
        vector: Float32Array = fused[0]
        return vector

    def fill_similarities(
        self,
        rows: Int32Array,
        vector: Float32Array,
        *,
        text_similarity: Float32Array,
        image_similarity: Float32Array,
    ) -> tuple[Float32Array, Float32Array]:
        """Replace NaN by the inner product with ``vector`` (d,) where the product has that vector.

        All arrays are (n,); the given ones are left as they are. Filled values come from int8
        vectors: exact to about 1e-3.
        """
        columns = self._state.columns
        scales, has = columns.scales.rows[rows], columns.has.rows[rows]

        def filled(known: Float32Array, view: int, vectors: Int8Array) -> Float32Array:
            result = known.copy()
            wanted = np.flatnonzero(np.isnan(known) & has[:, view])
            if len(wanted):
                result[wanted] = similarities(
                    vectors[rows[wanted]], scales[wanted, view], vector=vector
                )
            return result

        return (
            filled(text_similarity, TEXT, columns.text.rows),
            filled(image_similarity, IMAGE, columns.image.rows),
        )

    def affinities(
        self, rows: Int32Array, query_vector: Float32Array
    ) -> dict[AffinityField, Float32Array]:
        """By field, how far each product's value stands out for the query (d,): float32 (n,).

        Of a product with several categories only the deepest count (shallow ones are mostly
        promotions), and of those the one that stands out most. NaN without a value, or where the
        catalog has fewer than two.
        """
        state = self._state
        codes = state.columns.codes.rows[rows]
        path_codes, offsets = state.columns.deepest_paths(rows)
        # Read after the rows, so that the view covers every code they carry.
        view = state.values.view
        standing, starts = view.standing(query_vector), view.starts
        found = {
            AffinityField.COLOR: standing[codes[:, _COLOR] + starts[AffinityField.COLOR]],
            AffinityField.BRAND: standing[codes[:, _BRAND] + starts[AffinityField.BRAND]],
        }
        of_paths = [standing[path_codes + starts[each]] for each in _CATEGORY_FIELDS]
        if len(rows):
            of_paths = [np.maximum.reduceat(each, offsets[:-1]) for each in of_paths]
        return found | dict(zip(_CATEGORY_FIELDS, of_paths, strict=True))

    def numbers(self, rows: Int32Array) -> Float32Array:
        """The live numbers of n rows by `server.signals.columns.NUMBERS`: float32 (13, n)."""
        return np.ascontiguousarray(self._state.columns.numbers.rows.take(rows, axis=0).T)

    def traits(self, rows: Int32Array) -> Traits:
        """What a shopper's taste is made of, of n rows."""
        columns = self._state.columns
        codes = columns.codes.rows[rows]
        return Traits(
            price=columns.numbers.rows[rows, _PRICE],
            brand=codes[:, _BRAND],
            category=codes[:, _CATEGORY],
            group=codes[:, _GROUP],
            vectors=columns.fused.rows[rows],
        )

    def gather(
        self,
        candidates: Candidates,
        *,
        order: Int32Array,
        score: Float32Array,
        query_vector: Float32Array,
        now_seconds: float,
    ) -> CandidateColumns:
        """What the ranker takes of candidates put in ``order`` (k,), best first.

        ``score`` (n,) is what retrieval ordered by, beside the candidates; ``now_seconds`` is Unix
        time.
        """
        columns, rows = self._state.columns, candidates.rows[order]
        price, list_price, stock, rating, rating_count, *further = self.numbers(rows)
        one_day, week, month, created, impressions, clicks, carts, purchases = further
        codes = np.ascontiguousarray(columns.codes.rows[rows].T)
        flat, offsets = columns.terms(rows)
        brand, color, category, group = codes
        return CandidateColumns(
            retrieval_score=score[order],
            text_similarity=candidates.text_similarity[order],
            image_similarity=candidates.image_similarity[order],
            lexical_score=candidates.lexical_score[order],
            affinities=self.affinities(rows, query_vector),
            terms=_by_field(flat, offsets, count=len(rows)),
            price=price,
            list_price=list_price,
            stock=stock,
            rating=rating,
            rating_count=rating_count,
            units_1_day=one_day,
            units_7_days=week,
            units_30_days=month,
            impressions=impressions,
            clicks=clicks,
            carts=carts,
            purchases=purchases,
            age_days=np.maximum(np.float32(now_seconds / _SECONDS_A_DAY) - created, np.float32(0)),
            brand=brand,
            color=color,
            category=category,
            group=group,
            vectors=columns.fused.rows[rows],
        )

    def facets(
        self, rows: Int32Array, *, field: FacetField, limit: int
    ) -> tuple[tuple[str, int], ...]:
        """Values of a field with how many of the rows have each; see `server.signals.facets`.

        A product counts once for each of its categories and each level above them.
        """
        state = self._state
        if field == "price":
            return price_ranges(state.columns.numbers.rows[rows, _PRICE], limit=limit)
        if field == "category":
            paths, offsets = (array.tolist() for array in state.columns.paths(rows))
            levels = state.values.levels_of_path
            owned = [
                {level for path in paths[start:end] if path >= 0 for level in levels[path]}
                for start, end in itertools.pairwise(offsets)
            ]
            codes = [level for product in owned for level in product]
            return top_counts(codes, written=state.values.levels.written, limit=limit)
        values = state.values.colors if field == "color" else state.values.brands
        column = state.columns.codes.rows[rows, _COLOR if field == "color" else _BRAND]
        return top_counts(column.tolist(), written=values.written, limit=limit)


def _by_field(flat: Int32Array, offsets: Int64Array, *, count: int) -> dict[TermField, TermColumn]:
    """Cut terms that stand field after field into one column a field."""
    columns = {}
    for place, each in enumerate(TermField):
        bounds = offsets[place * count : (place + 1) * count + 1]
        columns[each] = TermColumn(
            terms=flat[bounds[0] : bounds[-1]], offsets=(bounds - bounds[0]).astype(np.int32)
        )
    return columns
