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

from ranker.columns import AffinityField, CandidateColumns
from server.arrays import Float32Array, Int32Array
from server.errors import NotFound
from server.signals.candidates import Candidates
from server.signals.columns import CODES, NUMBERS, VIEWS
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
        found = map(self._state.row_of.get, ids, itertools.repeat(-1))
        return np.fromiter(found, dtype=np.int32, count=len(ids))

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
        columns, both = self._state.columns, slice(row * VIEWS, (row + 1) * VIEWS)
        vectors = columns.vectors[both] * columns.scales.rows[row, :, None]
        has = columns.has.rows[row]
        fused = fuse(
            vectors[TEXT, None],
            vectors[IMAGE, None],
            has_text=has[TEXT, None],
            has_image=has[IMAGE, None],
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
        found = np.array((text_similarity, image_similarity))
        scales = np.ascontiguousarray(columns.scales.rows.take(rows, axis=0).T)
        # A scale of 0 is that of no vector.
        wanted = np.flatnonzero(np.isnan(found) & (scales > 0))
        if len(wanted):
            views, products = np.divmod(wanted, len(rows))
            places = rows.take(products) * np.intp(VIEWS) + views
            found.reshape(-1)[wanted] = similarities(
                columns.vectors.take(places, axis=0),
                scales.reshape(-1).take(wanted),
                vector=vector,
            )
        text, image = found
        return text, image

    def affinities(
        self, rows: Int32Array, query_vector: Float32Array
    ) -> dict[AffinityField, Float32Array]:
        """By field, how far each product's value stands out for the query (d,): float32 (n,).

        Of a product with several categories only the deepest count (shallow ones are mostly
        promotions), and of those the one that stands out most. NaN without a value, or where the
        catalog has fewer than two.
        """
        columns = self._state.columns
        return self._affinities(rows, columns.codes.rows.take(rows, axis=0).T, query_vector)

    def _affinities(
        self, rows: Int32Array, codes: Int32Array, query_vector: Float32Array
    ) -> dict[AffinityField, Float32Array]:
        """As `affinities`; ``codes`` are those of the rows, int32 (len(CODES), n)."""
        paths, offsets = self._state.columns.deepest_paths(rows)
        # Read after the rows, so that the view covers every code they carry.
        view = self._state.values.view
        standing, starts = view.standing(query_vector), view.starts
        found = {
            AffinityField.COLOR: standing.take(codes[_COLOR] + starts[AffinityField.COLOR]),
            AffinityField.BRAND: standing.take(codes[_BRAND] + starts[AffinityField.BRAND]),
        }
        for each in _CATEGORY_FIELDS:
            of_paths = standing.take(paths + starts[each])
            several = len(paths) > len(rows)
            found[each] = np.maximum.reduceat(of_paths, offsets[:-1]) if several else of_paths
        return found

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
            vectors=columns.fused.rows.take(rows, axis=0),
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
        columns, rows = self._state.columns, candidates.rows.take(order)
        price, list_price, stock, rating, rating_count, *further = self.numbers(rows)
        one_day, week, month, created, impressions, clicks, carts, purchases = further
        codes = np.ascontiguousarray(columns.codes.rows.take(rows, axis=0).T)
        brand, color, category, group = codes
        return CandidateColumns(
            retrieval_score=score.take(order),
            text_similarity=candidates.text_similarity.take(order),
            image_similarity=candidates.image_similarity.take(order),
            lexical_score=candidates.lexical_score.take(order),
            affinities=self._affinities(rows, codes, query_vector),
            terms=columns.terms(rows),
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
            vectors=columns.fused.rows.take(rows, axis=0),
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
