"""Any sequence of writes leaves the table as a plain dictionary would be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.catalog.record import ProductRecord
from server.signals import table as table_module
from server.signals.affinity import value_texts
from server.signals.table import ProductTable, TableRows
from server.signals.terms import term_rows

IDS = [f"p{place}" for place in range(8)]
COLORS = ["", "red", "Red", "blue"]
PATHS = ["", "A", "A/B", "c/d"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    record: ProductRecord
    image: bool
    terms: frozenset[int]


prices = st.none() | st.integers(min_value=0, max_value=99).map(float)
versions = st.builds(
    lambda product_id, color, path, price, image, terms: Version(
        record=ProductRecord(
            id=product_id,
            title="t",
            group_id=product_id,
            color=color,
            category_paths=(path,) if path else (),
            price=price,
        ),
        image=image,
        terms=terms,
    ),
    st.sampled_from(IDS),
    st.sampled_from(COLORS),
    st.sampled_from(PATHS),
    prices,
    st.booleans(),
    st.frozensets(st.integers(min_value=0, max_value=5)),
)


class TableAsDictionary(RuleBasedStateMachine):
    """Compares after every step."""

    @initialize()
    def start(self) -> None:
        self.table = ProductTable(dimension=2, fold=str.casefold)
        self.model: dict[str, Version] = {}
        self.counts: dict[str, tuple[int, ...]] = {}

    @rule(chosen=st.lists(versions, max_size=4, unique_by=lambda version: version.record.id))
    def put(self, chosen: list[Version]) -> None:
        records = [version.record for version in chosen]
        texts = {each for record in records for each in value_texts(record)}
        self.table.put(
            TableRows(
                records=records,
                text=np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (len(chosen), 1)),
                has_text=np.ones(len(chosen), dtype=bool),
                image=np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (len(chosen), 1)),
                has_image=np.array([version.image for version in chosen], dtype=bool),
                terms=term_rows([{"title": version.terms} for version in chosen]),
                value_vectors={each: np.array([1, 0], dtype=np.float32) for each in texts},
            )
        )
        self.model.update({version.record.id: version for version in chosen})

    @rule(ids=st.lists(st.sampled_from(IDS), max_size=3))
    def remove(self, ids: list[str]) -> None:
        self.table.remove(ids)
        for product_id in ids:
            self.model.pop(product_id, None)

    @rule(
        chosen=st.lists(st.sampled_from(IDS), max_size=3, unique=True),
        price=prices,
        stock=st.none() | st.integers(0, 5),
    )
    def update_signals(self, chosen: list[str], price: float | None, stock: int | None) -> None:
        changes = [
            ProductRecord(id=each, title="", group_id="", price=price, stock=stock)
            for each in chosen
        ]
        self.table.update_signals(changes)
        for each in chosen:
            if (version := self.model.get(each)) is not None:
                record = replace(version.record, price=price, stock=stock)
                self.model[each] = replace(version, record=record)

    @rule(
        chosen=st.dictionaries(
            st.sampled_from(IDS), st.tuples(*[st.integers(0, 2**20)] * 4), max_size=3
        )
    )
    def set_counts(self, chosen: dict[str, tuple[int, ...]]) -> None:
        rows = np.array(list(chosen.values()), dtype=np.float32).reshape(-1, 4)
        self.table.set_counts(list(chosen), rows)
        self.counts.update(chosen)

    @invariant()
    def the_same_numbers(self) -> None:
        reader = self.table.reader()
        ids = sorted(self.model)
        price, list_price, stock, *_ = found = reader.numbers(reader.rows(ids))
        records = [self.model[each].record for each in ids]
        prices = np.array([record.price for record in records], dtype=np.float32)
        np.testing.assert_array_equal(price, prices)
        np.testing.assert_array_equal(list_price, prices)
        stocks = np.array([record.stock for record in records], dtype=np.float32)
        np.testing.assert_array_equal(stock, stocks)
        assert found[9:].T.tolist() == [list(self.counts.get(each, (0,) * 4)) for each in ids]

    @invariant()
    def the_same_products(self) -> None:
        reader = self.table.reader()
        assert self.table.ids() == set(self.model)
        assert len(self.table) == len(reader) == len(self.model)
        assert [row >= 0 for row in reader.rows(IDS)] == [each in self.model for each in IDS]
        assert reader.lacks("image") == any(not each.image for each in self.model.values())

    @invariant()
    def the_same_columns(self) -> None:
        reader = self.table.reader()
        ids = sorted(self.model)
        rows = reader.rows(ids)
        colors = [self.model[each].record.color.casefold() for each in ids]
        counted = {
            name.casefold(): count for name, count in reader.facets(rows, field="color", limit=9)
        }
        assert counted == {each: colors.count(each) for each in colors if each}
        frequencies = reader.document_frequency(range(6)).tolist()
        assert frequencies == [
            sum(term in version.terms for version in self.model.values()) for term in range(6)
        ]
        nan = np.full(len(ids), np.nan, dtype=np.float32)
        _, image = reader.fill_similarities(
            rows, np.array([1, 0], dtype=np.float32), text_similarity=nan, image_similarity=nan
        )
        expected = [1.0 if self.model[each].image else np.nan for each in ids]
        np.testing.assert_allclose(image, expected, atol=1e-6)


@pytest.fixture(autouse=True)
def _few_dead_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_LEAST_DEAD_ROWS", 3)


TestTable = TableAsDictionary.TestCase
TestTable.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
