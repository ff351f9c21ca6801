"""A store with a catalog `shop` of two products, in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.catalog.store import Store
from tests.server.feedback.shop_parts import open_store, with_catalog


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = with_catalog(open_store(store_url))
    yield opened
    opened.close()
