"""A process killed while it updates signals loses nothing it acknowledged."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from omnishelf.v1 import product_pb2

from server.catalog.codec import to_record
from server.deadline import Deadline
from server.retrieval.filters.parser import parse_filter
from server.retrieval.milvus import MilvusEngine
from server.retrieval.protocol import View, ViewQuery
from tests.server.ingest.replica_parts import number
from tests.server.ingest.shop_parts import hashed, open_shop, vectors_path

ROOT = Path(__file__).parents[3]
IDS = [f"p{place}" for place in range(5)]


def update_until_killed(folder: Path, store_url: str, *, kill_after: int) -> int:
    """Run the child; the last stock it acknowledged."""
    command = [sys.executable, "-m", "tests.server.ingest.signals_child", str(folder), store_url]
    acknowledged = 0
    with subprocess.Popen(
        [*command, "100000"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            acknowledged = int(line)
            if acknowledged == kill_after:
                child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    return acknowledged


@pytest.mark.slow
@pytest.mark.parametrize("kill_after", [1, 20])
def test_nothing_acknowledged_is_lost(tmp_path: Path, store_url: str, kill_after: int) -> None:
    acknowledged = update_until_killed(tmp_path, store_url, kill_after=kill_after)
    assert acknowledged >= kill_after

    with ExitStack() as stack:
        engine = stack.enter_context(closing(MilvusEngine(vectors_path(tmp_path))))
        shop = open_shop(store_url, engine, closing=stack)
        payloads = shop.catalog().products.get_many(IDS)
        stocks = {
            to_record(product_pb2.Product.FromString(each)).stock for each in payloads.values()
        }
        assert len(stocks) == 1
        stock = stocks.pop()
        # One update may have been stored that its caller was never told of.
        assert stock in {acknowledged, acknowledged + 1}
        assert [number(shop, each, "stock") for each in IDS] == [stock] * 5
        hits = shop.catalog().index.search(
            ViewQuery(view=View.TEXT, vector=hashed(b"anything")),
            limit=9,
            filter_tree=parse_filter(f"stock = {stock}"),
            deadline=Deadline.never(),
        )
        assert sorted(hits.ids) == IDS
