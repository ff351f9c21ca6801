"""Recorded searches for the commands that read them: random, ranked by a ranker that is given."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from ranker.features.schema import compute, fingerprint
from ranker.protocol import Ranker
from server.catalog.store import Store
from server.feedback.search_record import RankedColumns, SearchRecord
from server.feedback.search_store import SearchStore
from tests.ranker.conftest import random_request

CATALOG = "shop"
SHOWN = 5


def settings_file(folder: Path) -> Path:
    """Settings that keep everything in ``folder``."""
    path = folder / "settings.yaml"
    path.write_text(f"data: {folder / 'data'}\n", "utf-8")
    return path


def search(seed: int, *, ranker: Ranker | None = None, time_seconds: float = 0.0) -> SearchRecord:
    """A search over twenty candidates as it would be recorded with all its columns."""
    facts, columns = random_request(seed, 20)
    matrix = compute(facts, columns)
    scores = np.zeros(20, dtype=np.float32) if ranker is None else ranker.score(matrix)
    order = np.argsort(-scores, kind="stable").astype(np.int32)
    return SearchRecord(
        search_id=f"search{seed}",
        catalog=CATALOG,
        time_seconds=time_seconds or float(seed),
        user="",
        session="",
        text="red shoes",
        ranker="lost@000000000000" if ranker is None else ranker.id,
        fingerprint=fingerprint(),
        encoder_bundle="starter",
        shown=tuple(f"p{place}" for place in order[:SHOWN]),
        features=matrix[order[:SHOWN]],
        ranked=RankedColumns(
            facts=facts, columns=columns, matrix=matrix, scores=scores, order=order
        ),
    )


def record(folder: Path, *searches: SearchRecord) -> None:
    """Write searches into the store of `settings_file`'s settings."""
    with closing(Store(f"sqlite:///{folder / 'data' / 'products.db'}")) as store:
        SearchStore(store).write(searches)
