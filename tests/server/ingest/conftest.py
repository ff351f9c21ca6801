from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from server.retrieval.exact import ExactEngine
from tests.server.ingest.shop_parts import Shop, open_shop, store_path


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
