"""Which rules fire, and how replicas hear of them, over SQLite and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from omnishelf.v1 import rule_service_pb2 as pb

from server.catalog.changes import ChangeKind, ChangeLog
from server.catalog.database import Database
from server.catalog.following import ChangeFollower
from server.errors import Unavailable
from server.retrieval.filters.parser import parse_filter
from server.rules.book import RuleBook
from server.rules.store import RuleStore, StoredRule

PREFIX = "catalogs/luma/rules/"


def message(rule_id: str, **fields: object) -> pb.Rule:
    hide = pb.OutOfStockAction(policy=pb.OutOfStockAction.POLICY_HIDE)
    return pb.Rule(name=PREFIX + rule_id, out_of_stock=hide, **fields)  # type: ignore[arg-type]


def row(rule: pb.Rule, *, catalog: str = "luma") -> StoredRule:
    rule_id = rule.name.rpartition("/")[2]
    return StoredRule(catalog=catalog, id=rule_id, payload=rule.SerializeToString())


class Listed:
    """Rules in a list, of one catalog."""

    def __init__(self, *rules: pb.Rule) -> None:
        self.rows = [row(rule) for rule in rules]

    def all(self, catalog: str | None = None) -> Sequence[StoredRule]:
        return self.rows


def fired(
    book: RuleBook, words: str = "", *, where: str = "", now: float = 0.0, catalog: str = "luma"
) -> str:
    tree = parse_filter(where)
    found = book.firing(catalog, words=words, filter_tree=tree, now_seconds=now)
    return " ".join(rule.name.removeprefix(PREFIX) for rule in found.rules) if found else "none"


def timed(rule_id: str, *, start: int | None = None, end: int | None = None) -> pb.Rule:
    rule = message(rule_id)
    if start is not None:
        rule.start_time.FromSeconds(start)
    if end is not None:
        rule.end_time.FromSeconds(end)
    return rule


def conditioned(rule_id: str, **condition: list[str]) -> pb.Rule:
    return message(rule_id, condition=pb.RuleCondition(**condition))


@pytest.fixture
def book() -> RuleBook:
    found = RuleBook(
        Listed(
            conditioned("a", queries=["Red Shoes", "运动鞋"]),
            conditioned("b", contains=["shoes", "鞋"]),
            conditioned("c", categories=["Women"]),
            conditioned("d", contains=["shoes"], categories=["Women"]),
            message("e", disabled=True),
            conditioned("f", queries=["red shoes"], contains=["boots"]),
        )
    )
    found.reload()
    return found


@pytest.mark.parametrize(
    ("words", "where", "expected"),
    [
        ("", "", "none"),
        ("red  SHOES", "", "a b"),
        ("red shoes", "category:Women", "a b c d"),
        ("运动 鞋", "", "a b"),
        ("blue shoes", "price < 5", "b"),
        ("hats", 'category:"women/hats"', "c"),
        ("boots", "", "none"),
    ],
)
def test_every_part_of_a_condition_has_to_be_met(
    book: RuleBook, words: str, where: str, expected: str
) -> None:
    assert fired(book, words, where=where) == expected


def test_a_rule_fires_in_its_time_alone() -> None:
    rules = [timed("a", start=100), timed("b", end=200), timed("c", start=100, end=200)]
    book = RuleBook(Listed(*rules))
    book.reload()
    for now, expected in ((99.9, "b"), (100, "a b c"), (199.9, "a b c"), (200, "a")):
        assert fired(book, now=now) == expected


def test_another_catalog_has_other_rules(book: RuleBook) -> None:
    assert fired(book, "red shoes", catalog="other") == "none"


def test_a_rule_that_cannot_be_read_stops_no_other() -> None:
    listed = Listed(message("a"), message("b"))
    other_release = pb.Rule(name=PREFIX + "c")  # an action of a later release is none here
    unreadable = StoredRule(catalog="luma", id="d", payload=b"\xff\xff")
    listed.rows += [row(other_release), unreadable]
    book = RuleBook(listed)
    book.reload()
    assert fired(book) == "a b"


@pytest.fixture
def databases(store_url: str) -> Iterator[tuple[Database, Database]]:
    """Two replicas' connections to one store."""
    pair = Database(store_url), Database(store_url)
    yield pair
    for each in pair:
        each.close()


def opened(database: Database) -> tuple[RuleStore, RuleBook, ChangeLog]:
    changes = ChangeLog(database)
    store = RuleStore(database, changes=changes)
    book = RuleBook(store)
    book.reload()
    return store, book, changes


def test_another_replica_follows_at_its_next_look(databases: tuple[Database, Database]) -> None:
    store, _, _ = opened(databases[0])
    _, book, changes = opened(databases[1])
    follower = ChangeFollower(changes)
    follower.on(ChangeKind.RULES, book.take_up, reload=book.reload)
    for write, expected in (
        (lambda: store.put(row(message("a")), update_seconds=1.0), "a"),
        (lambda: store.put(row(message("a", disabled=True)), update_seconds=2.0), "none"),
        (lambda: store.put(row(message("b")), update_seconds=3.0), "b"),
        (lambda: store.delete("luma", "b"), "none"),
    ):
        write()
        assert follower.look() == 1
        assert fired(book) == expected


def test_own_writes_are_served_once_refreshed(databases: tuple[Database, Database]) -> None:
    store, book, _ = opened(databases[0])
    store.put(row(message("a")), update_seconds=1.0)
    assert fired(book) == "none"
    book.refresh("luma")
    assert fired(book) == "a"
    store.delete("luma", "a")
    book.refresh("luma")
    assert fired(book) == "none"


def test_rules_are_kept_by_catalog_in_the_order_of_their_ids(
    databases: tuple[Database, Database],
) -> None:
    store, book, _ = opened(databases[0])
    for rule_id in ("b", "B", "a-1", "a", "_", "a"):
        store.put(row(message(rule_id)), update_seconds=1.0)
    store.put(row(message("z"), catalog="other"), update_seconds=1.0)

    again, reopened, _ = opened(databases[1])
    assert [each.id for each in again.all("luma")] == ["B", "_", "a", "a-1", "b"]
    assert [each.catalog for each in again.all()] == ["luma"] * 5 + ["other"]
    assert [each.id for each in again.page("luma", after_id="_", limit=2)] == ["a", "a-1"]
    assert fired(reopened) == "B _ a a-1 b"
    assert again.get("luma", "z") is None
    assert again.get("other", "z") == message("z").SerializeToString()
    assert not again.delete("luma", "z")
    assert again.delete("other", "z")
    assert again.all("other") == []
    book.reload()
    assert fired(book, catalog="other") == "none"


def test_a_store_that_is_away_leaves_the_rules_as_they_were() -> None:
    class Away(Listed):
        def all(self, catalog: str | None = None) -> Sequence[StoredRule]:
            if self.rows:
                return super().all(catalog)
            raise Unavailable("the store is away")

    listed = Away(message("a"))
    book = RuleBook(listed)
    book.reload()
    listed.rows = []
    for read in (book.reload, lambda: book.refresh("luma")):
        with pytest.raises(Unavailable):
            read()
    assert fired(book) == "a"
