"""The products of one catalog as columns in memory: written by one thread, read by all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from server.arrays import BoolArray, Float32Array, Int32Array
from server.signals.affinity import AffinityValues
from server.signals.awaited import AwaitedCounts
from server.signals.columns import CODES, COUNTS, FACTS, ColumnBlock, ProductColumns
from server.signals.facts import ProductFacts
from server.signals.kinds import kind_columns
from server.signals.reader import TableReader
from server.signals.state import IMAGE, TEXT, TableState
from server.signals.terms import TermRows, product_counts
from server.signals.values import NO_VALUE, DistinctValues
from server.signals.vectors import kept_vectors

_LEAST_DEAD_ROWS = 4096
_SECONDS_A_DAY = 86_400.0
_BRAND, _COLOR = CODES.index("brand"), CODES.index("color")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """n products to put, each id once.

    ``text`` and ``image`` are unit rows float32 (n, d); a row counts only where ``has_text`` /
    ``has_image`` (bool (n,)) is set. ``value_vectors`` holds unit vectors (d,) for every text that
    `ProductTable.missing_values` named for these records.
    """

    records: Sequence[ProductFacts]
    text: Float32Array
    has_text: BoolArray
    image: Float32Array
    has_image: BoolArray
    terms: TermRows
    value_vectors: Mapping[str, Float32Array]


class ProductTable:
    """What the ranker must know of every product, without a query to any store.

    Writes take a lock among themselves; readers never wait and never see half a row. A product put
    again gets a new row with the counts it had, so rows a reader holds stay true; dead rows are
    dropped once they outnumber the living. `update_signals` and `set_counts` change the numbers of
    a row in place: each is the old or the new one.
    """

    def __init__(
        self, *, dimension: int, fold: Callable[[str], str], image_share: float = 0.3
    ) -> None:
        """``fold`` maps values that are the same to the same text; filters must fold alike."""
        self._writing = threading.RLock()
        self._awaited = AwaitedCounts()
        self._state = TableState(
            columns=ProductColumns(dimension=dimension),
            values=AffinityValues(dimension=dimension, fold=fold),
            groups=DistinctValues(fold=str),
            image_share=image_share,
        )

    def __len__(self) -> int:
        return len(self._state.row_of)

    def reader(self) -> TableReader:
        """What one request reads with."""
        return TableReader(self._state)

    def writing(self) -> AbstractContextManager[object]:
        """A block in which only this thread writes.

        For who copies from elsewhere what another writer may change there and here: reads in this
        block and puts in it never overwrite what is newer.
        """
        return self._writing

    def ids(self) -> set[str]:
        """Ids of all products."""
        with self._writing:
            return set(self._state.row_of)

    def missing_values(self, records: Iterable[ProductFacts]) -> list[str]:
        """Texts of colours, brands and categories that must be embedded before `put`."""
        return self._state.values.missing(records)

    def put(self, rows: TableRows) -> None:
        """Add products, replacing those of the same id.

        Raises:
            ValueError: a value's vector is missing; nothing was changed.
        """
        if not rows.records:
            return
        with self._writing:
            state = self._state
            state.values.learn(rows.value_vectors)
            if missing := state.values.missing(rows.records):
                raise ValueError(f"no vectors for the values {missing[:5]}")
            ids = [record.id for record in rows.records]
            replaced, known = self._known(ids)
            counts = self._awaited.take(ids)
            counts[known] = state.columns.numbers.rows[replaced, COUNTS]
            start = state.columns.append(self._block(rows, ids=ids, counts=counts))
            self._count(np.arange(start, start + len(ids), dtype=np.int32), by=1)
            self._count(replaced, by=-1)
            state.row_of.update(zip(ids, range(start, start + len(ids)), strict=True))
            self._drop_dead_rows()

    def update_signals(self, records: Sequence[ProductFacts]) -> None:
        """Take prices, stock, ratings and sales of products, each id once; others are passed over.

        Nothing else of the records is looked at, but when the product was first offered.
        """
        with self._writing:
            places, known = self._known([record.id for record in records])
            numbers = _numbers([records[place] for place in known.tolist()])
            self._state.columns.numbers.change(places, numbers, columns=FACTS)

    def set_counts(self, ids: Sequence[str], counts: Float32Array) -> None:
        """Set impressions, clicks, carts and purchases, (n, 4), of ids, each once.

        Those of ids that are not there are remembered until they come.
        """
        with self._writing:
            places, known = self._known(ids)
            self._state.columns.numbers.change(places, counts[known], columns=COUNTS)
            unknown = np.setdiff1d(np.arange(len(ids)), known).tolist()
            self._awaited.keep([ids[place] for place in unknown], counts[unknown])

    def signal_bytes(self) -> int:
        """Memory of the numbers, with what stands empty to grow into and with dead rows."""
        return self._state.columns.numbers.rows.nbytes

    def remove(self, ids: Iterable[str]) -> None:
        """Remove products; ids not there are passed over. One that comes again has its counts."""
        with self._writing:
            row_of = self._state.row_of
            gone = {each: row_of.pop(each) for each in dict.fromkeys(ids) if each in row_of}
            rows = np.fromiter(gone.values(), dtype=np.int32)
            self._awaited.keep(gone, self._state.columns.numbers.rows[rows, COUNTS])
            self._count(rows, by=-1)
            self._drop_dead_rows()

    def _known(self, ids: Sequence[str]) -> tuple[Int32Array, Int32Array]:
        """Rows (k,) of the ids that are there, and their places among the ids (k,)."""
        find = self._state.row_of.get
        rows = np.array([find(each, NO_VALUE) for each in ids], dtype=np.int32)
        known = np.flatnonzero(rows != NO_VALUE).astype(np.int32)
        return rows[known], known

    def _count(self, rows: Int32Array, *, by: int) -> None:
        """Count rows in (1) or out (-1): values in use, term counts, missing vectors."""
        if not len(rows):
            return
        state = self._state
        codes = state.columns.codes.rows[rows]
        path_codes, _ = state.columns.paths(rows)
        moved = [
            state.values.brands.count(codes[:, _BRAND].tolist(), change=by),
            state.values.colors.count(codes[:, _COLOR].tolist(), change=by),
            state.values.paths.count(path_codes.tolist(), change=by),
        ]
        if any(moved):
            state.values.publish()
        terms, counts = product_counts(state.columns.term_rows(rows))
        for term, count in zip(terms.tolist(), counts.tolist(), strict=True):
            state.document_counts[term] += by * count
        lacking = (~state.columns.has.rows[rows]).sum(axis=0)
        state.lacking[TEXT] += by * int(lacking[TEXT])
        state.lacking[IMAGE] += by * int(lacking[IMAGE])

    def _block(self, rows: TableRows, *, ids: list[str], counts: Float32Array) -> ColumnBlock:
        """The columns of rows with these ids, and with these counts (n, 4)."""
        kinds = kind_columns(rows.records, values=self._state.values)
        group_code = self._state.groups.code
        groups = np.array([group_code(each.group_id) for each in rows.records], dtype=np.int32)
        kept = kept_vectors(
            rows.text,
            rows.image,
            has_text=rows.has_text,
            has_image=rows.has_image,
            image_share=self._state.image_share,
        )
        return ColumnBlock(
            ids=ids,
            numbers=np.concatenate([_numbers(rows.records), counts], axis=1),
            codes=np.column_stack([kinds.codes, groups]),
            vectors=kept.vectors,
            scales=kept.scales,
            has=np.stack([rows.has_text, rows.has_image], axis=1),
            fused=kept.fused,
            terms=rows.terms,
            path_codes=kinds.path_codes,
            path_lengths=kinds.path_lengths,
        )

    def _drop_dead_rows(self) -> None:
        state = self._state
        dead = len(state.columns) - len(state.row_of)
        if dead < max(_LEAST_DEAD_ROWS, len(state.row_of)):
            return
        columns = ProductColumns(dimension=state.columns.dimension)
        columns.append(state.columns.block(np.fromiter(state.row_of.values(), dtype=np.int32)))
        self._state = replace(
            state,
            columns=columns,
            row_of={product: row for row, product in enumerate(columns.ids)},
        )


def _numbers(records: Sequence[ProductFacts]) -> Float32Array:
    """The `FACTS` of n records, float32 (n, 9), NaN for what is unknown."""
    rows = [_facts(record) for record in records]
    return np.array(rows, dtype=np.float32).reshape(len(rows), FACTS.stop)


def _facts(record: ProductFacts) -> tuple[float | None, ...]:
    created = record.create_seconds
    return (
        record.price,
        record.price if record.list_price is None else record.list_price,
        record.stock,
        record.rating,
        record.rating_count,
        record.units_1_day,
        record.units_7_days,
        record.units_30_days,
        None if created is None else created / _SECONDS_A_DAY,
    )
