"""A process killed while it writes loses nothing it acknowledged and leaves nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from server.catalog.tables import RowState
from server.deadline import Deadline
from server.retrieval.milvus import MilvusEngine
from server.retrieval.protocol import View, ViewQuery
from tests.server.ingest.shop_parts import hashed, open_shop, store_path, vectors_path

COUNT = 400
ROOT = Path(__file__).parents[3]


def ingest(folder: Path, *, kill_after: int | None = None) -> int:
    """Run the child; how many products it acknowledged."""
    command = [sys.executable, "-m", "tests.server.ingest.ingest_child", str(folder), str(COUNT)]
    if kill_after is not None:
        command.append("--waits")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = 0
        for line in child.stdout:
            acknowledged = int(line)
            if kill_after is not None and acknowledged >= kill_after:
                child.send_signal(signal.SIGKILL)
                kill_after = None
    return acknowledged


def check(folder: Path, *, least: int) -> None:
    """Every acknowledged product is in the store, the index and the table, each once."""
    with ExitStack() as stack:
        engine = stack.enter_context(closing(MilvusEngine(vectors_path(folder))))
        shop = open_shop(store_path(folder), engine, closing=stack)
        catalog = shop.catalog()
        stored = [row.id for chunk in catalog.products.chunks(size=100) for row in chunk]
        assert len(stored) >= least
        assert stored == [f"p{place:04d}" for place in range(len(stored))]
        assert catalog.index.ids() == catalog.table.ids() == set(stored)
        assert catalog.products.unfinished(RowState.PENDING, limit=1) == []
        assert shop.encoder.pictures == 0
        hits = catalog.index.search(
            ViewQuery(view=View.TEXT, vector=hashed(f"Product {stored[-1]}".encode())),
            limit=COUNT,
            deadline=Deadline.never(),
        )
        assert hits.ids[0] == stored[-1]
        assert len(hits.ids) == len(set(hits.ids)) == len(stored)


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    for kill_after in (1, 100):
        acknowledged = ingest(tmp_path, kill_after=kill_after)
        assert acknowledged < COUNT
        check(tmp_path, least=acknowledged)

    assert ingest(tmp_path) == COUNT
    check(tmp_path, least=COUNT)
