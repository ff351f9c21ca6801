"""A shopper's deeds in a real store and a real product table come out as what the ranker takes."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from server.feedback.event import EventKind, ShopperEvent
from server.feedback.event_store import EventStore
from server.persons.profiles import Profiles
from server.signals.affinity import value_texts
from server.signals.table import ProductTable, TableRows
from server.signals.terms import term_rows
from tests.server.feedback.shop_parts import open_store, with_catalog
from tests.server.persons.shopper_parts import DAY, NOW
from tests.server.signals.table_parts import product


def small_table() -> ProductTable:
    table = ProductTable(dimension=2, fold=str.casefold)
    records = [
        product("mug", brand="Clay", price=10.0, category_paths=("home/mugs",), group_id="mugs"),
        product("shoe", brand="Stride", price=90.0, category_paths=("shoes",), group_id="shoes"),
    ]
    texts = dict.fromkeys(text for record in records for text in value_texts(record))
    table.put(
        TableRows(
            records=records,
            text=np.eye(2, dtype=np.float32),
            has_text=np.ones(2, dtype=np.bool_),
            image=np.zeros((2, 2), dtype=np.float32),
            has_image=np.zeros(2, dtype=np.bool_),
            terms=term_rows([{}, {}]),
            value_vectors={text: np.array([1, 0], dtype=np.float32) for text in texts},
        )
    )
    return table


def deed(event_id: str, product_id: str, kind: EventKind, *, seconds: float) -> ShopperEvent:
    return ShopperEvent(
        event_id=event_id,
        kind=kind,
        product=product_id,
        time_seconds=seconds,
        user="ann",
        session=event_id,
    )


def test_deeds_become_facts(store_url: str) -> None:
    with closing(with_catalog(open_store(store_url))) as store:
        events = EventStore(store)
        events.record(
            "shop",
            [
                deed("now", "shoe", EventKind.CLICK, seconds=NOW),
                deed("seen", "shoe", EventKind.IMPRESSION, seconds=NOW),
                deed("last week", "mug", EventKind.PURCHASE, seconds=NOW - 7 * DAY),
                deed("long ago", "mug", EventKind.PURCHASE, seconds=NOW - 31 * DAY),
            ],
        )
        reader, profiles = small_table().reader(), Profiles(events)
        facts = profiles.facts(reader, "shop", user="ann", session="now", now_seconds=NOW)
        nobody = profiles.facts(reader, "shop", user="bob", session="", now_seconds=NOW)
    assert nobody is None
    assert facts is not None
    # A purchase of a week ago weighs 4, a click of this visit 2.
    assert facts.events == pytest.approx(6)
    assert facts.vector.tolist() == pytest.approx([2 / 5**0.5, 1 / 5**0.5])
    rows = reader.rows(["mug", "shoe"])
    traits = reader.traits(rows)
    brands = dict(zip(facts.brands.tolist(), facts.brand_shares.tolist(), strict=True))
    assert brands == {
        traits.brand[0]: pytest.approx(4 / 6),
        traits.brand[1]: pytest.approx(2 / 6),
    }
    assert facts.bought_groups.tolist() == [traits.group[0]]
    assert np.exp(facts.log_price) == pytest.approx(10 ** (2 / 3) * 90 ** (1 / 3), rel=1e-5)
