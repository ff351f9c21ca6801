from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from server.catalog.answers import Answer
from server.catalog.generations import Generation
from server.catalog.rows import ProductRows, StoredProduct
from server.catalog.store import Store
from server.catalog.tables import RowState
from server.errors import DataCorrupted, FailedPrecondition, InvalidRequest, Unavailable


def row(
    product_id: str, payload: bytes = b"payload", *, image: bytes | None = None
) -> StoredProduct:
    return StoredProduct(
        id=product_id, payload=payload, text_vector=b"text", image_vector=image, terms=b"terms"
    )


def begin(store: Store, catalog: str = "shop") -> Generation:
    return store.generations.begin(catalog=catalog, bundle="starter_1", layout=1)


@pytest.fixture
def rows(store: Store) -> ProductRows:
    return store.rows(begin(store).number)


def test_what_is_written_is_read_back(rows: ProductRows) -> None:
    red = np.array([0.6, 0.8], dtype=np.float32)
    rows.write_pending([row("a", b"1", image=b"image"), row("b", b"2")], values={"red": red})

    assert rows.get_many(["b", "a", "missing"]) == {"a": b"1", "b": b"2"}
    assert rows.find(["a"]) == {"a": row("a", b"1", image=b"image")}
    assert rows.count() == 2
    assert {text: vector.tolist() for text, vector in rows.value_vectors().items()} == {
        "red": red.tolist()
    }


def test_nothing_to_do_is_done(rows: ProductRows) -> None:
    rows.write_pending([], values={})
    rows.mark_indexed([])
    rows.delete([])

    assert rows.mark_deleting([]) == []
    assert rows.get_many([]) == {}
    assert rows.find([]) == {}
    assert rows.count() == 0


def test_a_row_written_again_is_replaced_and_pending_again(rows: ProductRows) -> None:
    rows.write_pending([row("a", b"old", image=b"image")], values={})
    rows.mark_indexed(["a"])
    assert rows.unfinished(RowState.PENDING, limit=10) == []

    rows.write_pending([row("a", b"new")], values={})

    assert rows.unfinished(RowState.PENDING, limit=10) == [row("a", b"new")]
    assert rows.count() == 1


def test_a_row_being_deleted_is_out_of_sight_until_it_is_gone(rows: ProductRows) -> None:
    rows.write_pending([row("a"), row("b")], values={})
    rows.mark_indexed(["a", "b"])

    assert rows.mark_deleting(["a", "missing"]) == ["a"]

    assert rows.get_many(["a", "b"]).keys() == {"b"}
    assert rows.find(["a"]) == {}
    assert rows.count() == 1
    assert [each[0] for each in rows.page(after_id="", limit=10)] == ["b"]
    assert [each.id for each in rows.unfinished(RowState.DELETING, limit=10)] == ["a"]
    assert rows.mark_deleting(["a"]) == []

    rows.delete(["a", "b"])

    assert rows.unfinished(RowState.DELETING, limit=10) == []
    assert rows.get_many(["b"]) == {"b": b"payload"}


def test_a_row_being_deleted_that_is_written_again_stays(rows: ProductRows) -> None:
    rows.write_pending([row("a")], values={})
    rows.mark_deleting(["a"])
    rows.write_pending([row("a", b"again")], values={})

    rows.delete(["a"])

    assert rows.get_many(["a"]) == {"a": b"again"}


def test_every_row_can_be_made_pending(rows: ProductRows) -> None:
    rows.write_pending([row("a"), row("b"), row("c")], values={})
    rows.mark_indexed(["a", "b", "c"])
    rows.mark_deleting(["c"])

    rows.mark_all_pending()

    assert [each.id for each in rows.unfinished(RowState.PENDING, limit=10)] == ["a", "b"]
    assert [each.id for each in rows.unfinished(RowState.DELETING, limit=10)] == ["c"]


def test_pages_and_chunks_follow_the_bytes_of_the_ids(rows: ProductRows) -> None:
    ids = ["a", "B", "_", "10", "9", "-1", "Z", "é"]
    rows.write_pending([row(each) for each in ids], values={})
    expected = sorted(ids, key=lambda each: each.encode())

    assert [each[0] for each in rows.page(after_id="", limit=100)] == expected
    assert [each[0] for each in rows.page(after_id=expected[2], limit=2)] == expected[3:5]
    assert [[each.id for each in chunk] for chunk in rows.chunks(size=3)] == [
        expected[:3],
        expected[3:6],
        expected[6:],
    ]


def test_rows_of_another_generation_are_not_seen(store: Store) -> None:
    first, second = store.rows(begin(store).number), store.rows(begin(store).number)
    first.write_pending([row("a", b"first")], values={"red": np.ones(2, dtype=np.float32)})
    second.write_pending([row("a", b"second")], values={})

    first.mark_all_pending()
    second.mark_deleting(["a"])

    assert first.get_many(["a"]) == {"a": b"first"}
    assert second.get_many(["a"]) == {}
    assert second.value_vectors() == {}


def test_a_generation_is_served_in_the_place_of_another(store: Store) -> None:
    first, second = begin(store), begin(store)
    assert store.generations.served() == {}

    store.generations.serve(first, instead_of=None)
    assert store.generations.served() == {"shop": first}
    assert store.generations.unserved("shop") == [second]

    store.generations.serve(second, instead_of=first.number)
    assert store.generations.served() == {"shop": second}
    assert store.generations.unserved("shop") == [first]


@pytest.mark.parametrize("expected", [None, 999])
def test_a_generation_somebody_else_replaced_is_not_replaced_again(
    store: Store, expected: int | None
) -> None:
    first, second = begin(store), begin(store)
    store.generations.serve(first, instead_of=None)

    with pytest.raises(FailedPrecondition) as caught:
        store.generations.serve(second, instead_of=expected)

    assert caught.value.reason == "CATALOG_CHANGED"
    assert store.generations.served() == {"shop": first}


def test_a_dropped_generation_leaves_nothing_and_its_number_is_not_used_again(
    store: Store,
) -> None:
    kept, dropped = begin(store), begin(store)
    rows = store.rows(dropped.number)
    rows.write_pending([row("a")], values={"red": np.ones(2, dtype=np.float32)})

    store.generations.drop(dropped.number)

    assert rows.count() == 0
    assert rows.value_vectors() == {}
    assert store.generations.unserved("shop") == [kept]
    assert begin(store).number > dropped.number


def test_a_served_generation_cannot_be_dropped_by_mistake_of_another_catalog(store: Store) -> None:
    one, other = begin(store, "one"), begin(store, "other")
    store.generations.serve(one, instead_of=None)
    store.generations.serve(other, instead_of=None)

    assert store.generations.unserved("one") == []
    assert store.generations.served() == {"one": one, "other": other}


def test_the_first_answer_to_a_request_counts(store: Store) -> None:
    first = Answer(fingerprint=b"f", response=b"first")

    assert store.answers.find("id") is None
    assert store.answers.keep("id", first) == first
    assert store.answers.keep("id", Answer(fingerprint=b"g", response=b"second")) == first
    assert store.answers.find("id") == first


def test_old_answers_are_forgotten(store: Store) -> None:
    answer = store.answers.keep("id", Answer(fingerprint=b"f", response=b"r"))

    store.answers.forget(older_than_seconds=60)
    assert store.answers.find("id") == answer

    store.answers.forget(older_than_seconds=-1)
    assert store.answers.find("id") is None


def test_a_shared_value_is_made_once(store: Store, store_url: str) -> None:
    assert store.shared("key", lambda: b"first") == b"first"
    assert store.shared("key", lambda: b"second") == b"first"

    again = Store(store_url)
    assert again.shared("key", lambda: b"third") == b"first"
    again.close()


def test_rows_outlive_the_process_that_wrote_them(store: Store, store_url: str) -> None:
    generation = begin(store)
    store.rows(generation.number).write_pending([row("a")], values={})
    store.close()

    again = Store(store_url)
    assert again.rows(generation.number).get_many(["a"]) == {"a": b"payload"}
    again.close()


def test_readers_and_writers_work_side_by_side(rows: ProductRows) -> None:
    rows.write_pending([row("steady", b"0")], values={})
    failures: list[BaseException] = []
    done = threading.Event()

    def write(name: str) -> None:
        try:
            for place in range(20):
                rows.write_pending([row(f"{name}{place}"), row("steady", b"1")], values={})
                rows.mark_indexed([f"{name}{place}"])
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    def read() -> None:
        try:
            while not done.is_set():
                assert rows.get_many(["steady"])["steady"] in {b"0", b"1"}
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    writers = [threading.Thread(target=write, args=(name,), daemon=True) for name in "ab"]
    reader = threading.Thread(target=read, daemon=True)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()

    assert failures == []
    assert rows.count() == 41


def test_a_store_of_another_release_is_refused(store: Store, store_url: str) -> None:
    store.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("server.catalog.store.SCHEMA_VERSION", b"2")
        with pytest.raises(FailedPrecondition, match="layout 1, this release reads 2"):
            Store(store_url)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Store(url)

    assert [each.field for each in caught.value.violations] == ["store.url"]
    assert caught.value.reason == "STORE_URL"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "products.db"
    path.write_bytes(b"not a database at all, but long enough to look at" * 100)

    with pytest.raises(DataCorrupted) as caught:
        Store(f"sqlite:///{path}")

    assert caught.value.reason == "STORE_CORRUPTED"


def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    with pytest.raises(Unavailable) as caught:
        Store(f"postgresql://nobody@127.0.0.1:{free_port}/nothing")

    assert caught.value.reason == "STORE_UNAVAILABLE"
    assert "127.0.0.1" not in caught.value.message
