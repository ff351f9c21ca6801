"""The real embedded engine: its process, its file, its failures."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from server.deadline import Deadline
from server.errors import AlreadyInUse, DeadlineExceeded, FailedPrecondition, Unavailable
from server.retrieval.filters.parser import parse_filter
from server.retrieval.milvus import MilvusEngine
from server.retrieval.milvus_index import MilvusIndex
from server.retrieval.protocol import IndexRows, View, ViewQuery

DIMENSION = 8
QUERY = ViewQuery(view=View.TEXT, vector=np.eye(DIMENSION, dtype=np.float32)[0])
NAME = "omnishelf_own_bundle_1"
MakeRows = Callable[..., IndexRows]


def child_processes() -> set[int]:
    """Ids of this process's children that have not ended."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = {int(each) for task in tasks for each in task.read_text().split()}
    return {
        each for each in children if "\nState:\tZ" not in Path(f"/proc/{each}/status").read_text()
    }


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[MilvusEngine]:
    """An engine that the test may break."""
    engine = MilvusEngine(str(tmp_path / "own.db"), timeout_seconds=20.0)
    yield engine
    engine.close()


def test_closing_ends_the_engine_process(tmp_path: Path) -> None:
    before = child_processes()
    engine = MilvusEngine(str(tmp_path / "own.db"))
    (process,) = child_processes() - before
    engine.close()
    engine.close()
    assert process not in child_processes()
    with pytest.raises(Unavailable, match="closed"):
        engine.names()


def test_data_stay_when_the_engine_is_closed_and_opened(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    file = str(tmp_path / "own.db")
    for expected in (set[str](), {"a"}, {"a", "b"}):
        engine = MilvusEngine(file)
        index = (engine.open if expected else engine.create)(
            NAME, **({} if expected else {"dimension": DIMENSION})
        )
        assert index.ids() == expected
        index.upsert(make_rows("ab"[len(expected) : len(expected) + 1]))
        engine.close()


def test_a_file_has_one_owner(own_engine: MilvusEngine, tmp_path: Path) -> None:
    for _ in range(3):
        with pytest.raises(AlreadyInUse, match="another process has the index file") as raised:
            MilvusEngine(str(tmp_path / "own.db"))
        assert raised.value.reason == "INDEX_FILE_IN_USE"
    assert own_engine.names() == []


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("missing/own.db", "INDEX_FOLDER_MISSING"),
        ("a b.db", "INDEX_FILE_NAME"),
        ("x" * 40 + ".db", "INDEX_FILE_NAME"),
    ],
)
def test_a_file_that_will_not_do_is_refused(tmp_path: Path, file: str, reason: str) -> None:
    with pytest.raises(FailedPrecondition) as raised:
        MilvusEngine(str(tmp_path / file))
    assert raised.value.reason == reason
    assert list(tmp_path.iterdir()) == []


def test_no_server_at_the_address(free_port: int) -> None:
    with pytest.raises(Unavailable, match="no index engine answers at"):
        MilvusEngine(f"http://127.0.0.1:{free_port}", timeout_seconds=1.0)


@pytest.mark.parametrize("uri", ["own.txt", "ftp://127.0.0.1"])
def test_an_address_that_is_none(uri: str) -> None:
    with pytest.raises(Unavailable, match="see that the address is right"):
        MilvusEngine(uri, timeout_seconds=1.0)


def test_an_index_of_another_layout_is_refused(own_engine: MilvusEngine) -> None:
    with own_engine._connection.asked("make a strange index") as (client, _):
        client.create_collection(NAME, dimension=4)
    with pytest.raises(FailedPrecondition, match="build it again"):
        own_engine.open(NAME)


def test_an_engine_that_hangs_costs_no_more_than_the_deadline(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    before = child_processes()
    engine = MilvusEngine(str(tmp_path / "own.db"), timeout_seconds=20.0)
    (process,) = child_processes() - before
    index = engine.create(NAME, dimension=DIMENSION)
    index.upsert(make_rows("a"))
    os.kill(process, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            index.search(QUERY, limit=1, deadline=Deadline.after(0.3))
        assert time.monotonic() - started < 15
    finally:
        os.kill(process, signal.SIGCONT)
    assert index.search(QUERY, limit=1, deadline=Deadline.after(60)).ids == ("a",)
    engine.close()


def test_an_engine_that_died_is_unavailable(
    tmp_path: Path,
    make_rows: MakeRows,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = child_processes()
    engine = MilvusEngine(str(tmp_path / "own.db"), timeout_seconds=5.0)
    (process,) = child_processes() - before
    index = engine.create(NAME, dimension=DIMENSION)
    os.kill(process, signal.SIGKILL)
    with caplog.at_level(logging.DEBUG), pytest.raises(Unavailable, match="could not search"):
        index.search(QUERY, limit=1, deadline=Deadline.after(30))
    with pytest.raises(Unavailable, match="could not write products"):
        index.upsert(make_rows("a"))
    assert not [record for record in caplog.records if record.name.startswith("pymilvus")]
    engine.close()
    # Nothing is held any longer: the file opens again.
    MilvusEngine(str(tmp_path / "own.db")).close()


WRITER = """
    import sys
    import numpy as np
    from server.retrieval.milvus import MilvusEngine
    from server.retrieval.protocol import FilterColumns, IndexRows

    engine = MilvusEngine(sys.argv[1])
    index = engine.create(sys.argv[2], dimension=8)
    for batch in range(10_000):
        ids = tuple(f"p{20 * batch + each}" for each in range(20))
        vectors, flags = np.eye(8, dtype=np.float32)[[0] * 20], np.ones(20, dtype=np.bool_)
        blank, none = ("",) * 20, ((),) * 20
        index.upsert(IndexRows(
            ids=ids, text=vectors, has_text=flags, image=vectors, has_image=flags,
            lexical=({},) * 20,
            filters=FilterColumns(
                group_id=ids, categories=none, leaf_paths=none, brand=blank, color=blank,
                price=[1.0] * 20, stock=[1] * 20, rating=[1.0] * 20, attributes=({},) * 20,
            ),
        ))
        print(20 * (batch + 1), flush=True)
"""


def test_every_acknowledged_row_survives_kill_9(tmp_path: Path) -> None:
    file = str(tmp_path / "own.db")
    arguments = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(WRITER), file, NAME]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = 0
        while acknowledged < 400:
            acknowledged = int(writer.stdout.readline())
        with pytest.raises(AlreadyInUse):
            MilvusEngine(file)
        writer.send_signal(signal.SIGKILL)
        # What it could still say before it died was acknowledged too.
        for line in writer.stdout:
            acknowledged = int(line) if line.endswith("\n") else acknowledged
    engine = MilvusEngine(file)
    index = engine.open(NAME)
    stored = index.ids()
    assert stored >= {f"p{number}" for number in range(acknowledged)}
    assert len(stored) <= acknowledged + 20
    hits = index.search(QUERY, limit=1_000, deadline=Deadline.after(60))
    assert set(hits.ids) <= stored
    assert len(hits.ids) == min(1_000, len(stored))
    engine.close()


def test_eight_threads_search_while_one_writes(
    milvus_index: MilvusIndex, make_rows: MakeRows
) -> None:
    steady = [f"s{number}" for number in range(50)]
    milvus_index.upsert(make_rows(steady))
    stop = threading.Event()
    tree = parse_filter("price = 1")

    def search_until_stopped() -> int:
        searches = 0
        while not stop.is_set():
            hits = milvus_index.search(
                QUERY, limit=1_000, filter_tree=tree, deadline=Deadline.after(30)
            )
            assert set(steady) <= set(hits.ids)
            assert len(hits.ids) == len(set(hits.ids))
            np.testing.assert_allclose(hits.similarities, 1.0, atol=1e-5)
            searches += 1
        return searches

    with ThreadPoolExecutor(8) as pool:
        searching = [pool.submit(search_until_stopped) for _ in range(8)]
        try:
            for _ in range(10):
                milvus_index.upsert(make_rows([f"m{number}" for number in range(40)]))
                milvus_index.delete([f"m{number}" for number in range(0, 40, 2)])
        finally:
            stop.set()
        assert all(each.result() > 0 for each in searching)
    assert milvus_index.ids() == {*steady, *(f"m{number}" for number in range(1, 40, 2))}
