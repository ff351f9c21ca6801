from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from server.retrieval.exact import ExactEngine
from tests.server.ingest.replica_parts import SharedCounts
from tests.server.ingest.shop_parts import Shop, open_shop, store_path

_numbers = itertools.count(1)


@pytest.fixture
def engine() -> ExactEngine:
    return ExactEngine()


@pytest.fixture
def reopen(tmp_path: Path, engine: ExactEngine) -> Iterator[Callable[..., Shop]]:
    """Open the shop in the test's folder, as often as processes would."""
    with ExitStack() as stack:

        def opened(**options: object) -> Shop:
            return open_shop(store_path(tmp_path), engine, closing=stack, **options)  # type: ignore[arg-type]

        yield opened


@pytest.fixture
def shop(reopen: Callable[..., Shop]) -> Shop:
    return reopen()


@pytest.fixture
def counts() -> SharedCounts:
    return SharedCounts()


@pytest.fixture
def replica(postgres_uri: str, counts: SharedCounts) -> Iterator[Callable[..., Shop]]:
    """Opens one replica more on an empty PostgreSQL and one engine."""
    name = f"replicas_{next(_numbers)}"
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    engine = ExactEngine()
    with ExitStack() as stack:

        def opened(**options: object) -> Shop:
            return open_shop(
                f"{postgres_uri}&options=-csearch_path%3D{name}",
                engine,
                closing=stack,
                counts_in=lambda _: counts,
                **options,  # type: ignore[arg-type]
            )

        yield opened
