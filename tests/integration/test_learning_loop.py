"""The whole learning loop as a search team walks it: a served shop, its log, and the commands."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import time
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from omnishelf.v1 import feedback_service_pb2 as feedback
from omnishelf.v1 import product_service_pb2 as products
from omnishelf.v1 import product_service_pb2_grpc
from omnishelf.v1 import search_service_pb2 as pb

from server.cli import main
from server.rankers.promotion import Promoter
from tests.integration.visited_shop import (
    CATALOG,
    SEARCHES,
    Shop,
    browse,
    event_line,
    ids,
    imported,
    machine,
    omnishelf,
    serving,
    settled,
    shop_feedback,
    write_catalogue,
)

RULES = """
- {name: campaign, condition: {queries: [red mug]}, pin: {products: [towel-pink]}}
- {name: no-red, condition: {contains: [mug]}, exclude: {selection: {products: [mug-red]}}}
"""
NO_PICTURES = ("--allow-missing", "image")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A version, what training said of it, and the same after a machine's visit."""

    directory: Path
    said: dict[str, Any]
    after_machine: dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loop")


@pytest.fixture(scope="module")
def shop(folder: Path) -> Iterator[Shop]:
    """A shop of which 120 searches and what shoppers did with them are recorded."""
    data = folder / "data"
    write_catalogue(folder / "catalog.jsonl")
    with redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as left:
        main(["index", str(folder / "catalog.jsonl"), "--data", str(data), *NO_PICTURES])
    assert not left.value.code
    with serving(data, log=folder / "server.log") as channel:
        yield Shop(data=data, channel=channel)


@pytest.fixture(scope="module")
def learned(shop: Shop, folder: Path) -> Learned:
    """Trained on what shoppers did, and anew after a machine opened everything."""
    file = folder / "events.jsonl"
    told = imported(shop, browse(shop, seed=3), file=file)
    assert told["recorded"] > SEARCHES
    assert told["refused"] == []
    settled(shop)
    train = ("ranker", "train", "--from-log", *shop.here(), "--threads", 1, "--output")
    said = omnishelf(*train, folder / "v2")
    imported(shop, machine(shop), file=folder / "machine.jsonl")
    settled(shop)
    return Learned(
        directory=folder / "v2",
        said=said,
        after_machine=omnishelf(*train, folder / "after" / "v2"),
    )


def served_by(shop: Shop, ranker: str) -> str:
    """Who answers; asked until it is ``ranker``, for as long as a busy machine may need."""
    stop = time.monotonic() + 60
    while (served := shop.ask("red lamp").served_by.ranker) != ranker and time.monotonic() < stop:
        pass
    return served


def test_training_takes_position_out(learned: Learned) -> None:
    said = learned.said
    assert (said["searches"], said["searches_not_trusted"]) == (SEARCHES, 0)
    # Shoppers looked at the second place half of the time, at the fourth a quarter.
    assert said["looked_at"][0] == 1.0
    assert said["looked_at"][1] == pytest.approx(0.5, abs=0.15)
    assert said["looked_at"][3] == pytest.approx(0.25, abs=0.15)
    assert said["ndcg@10"] > said["shown_ndcg@10"]


def test_a_machine_that_opens_everything_teaches_nothing(learned: Learned) -> None:
    said, after = learned.said, learned.after_machine
    assert after["searches_not_trusted"] == after["searches"] - said["searches"] == 4
    assert after["events"] > said["events"]
    untouched = said.keys() - {"output", "searches", "searches_not_trusted", "events"}
    assert {name: after[name] for name in untouched} == {name: said[name] for name in untouched}
    shown = [omnishelf("ranker", "show", each["output"]) for each in (said, after)]
    assert shown[0]["id"] == shown[1]["id"]


def test_the_version_is_measured_on_the_log(shop: Shop, learned: Learned) -> None:
    arguments = ("ranker", "evaluate", learned.directory, "--from-log", "--resamples", 50)
    rankers = omnishelf(*arguments, *shop.here())["rankers"]
    (ours,) = rankers.keys() - {"retrieval", "rules", "shuffle"}
    assert ours.startswith("v2@")
    assert rankers[ours]["over_retrieval"]["ndcg@10"]["low"] > 0
    assert rankers[ours]["revenue@10"] > rankers["rules"]["revenue@10"]


def test_what_was_served_is_computed_anew_and_watched(shop: Shop, learned: Learned) -> None:
    parity = omnishelf("ranker", "parity", *shop.here())
    assert parity["same"]
    assert parity["compared"] == parity["scored"] == parity["searches"] >= SEARCHES
    drift = ("ranker", "drift", "--reference", learned.directory, *shop.here())
    assert omnishelf(*drift, "--limit", 50)["over_limit"] == []
    # Products had no impressions while shoppers searched, and had them when the machine came.
    moved = omnishelf(*drift, "--limit", 0.1, code=1)
    assert "impressions_log" in moved["over_limit"]
    assert moved["psi"]["text_z"] < 0.1


def test_a_version_is_promoted_and_rolled_back(
    shop: Shop, learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server tries a version in a process of its own, which a busy machine starts slowly.
    monkeypatch.setattr(Promoter.__init__, "__kwdefaults__", {"wait_seconds": 120.0})
    before = shop.ask("red lamp").served_by.ranker
    promoted = omnishelf("ranker", "promote", learned.directory, *shop.here())
    assert (promoted["replaced"], promoted["ready"]) == ("settings", 1)
    version = promoted["ranker"]
    assert served_by(shop, version) == version
    assert omnishelf("ranker", "list", *shop.here())["served"] == version
    found = omnishelf("search", "red lamp", "--user", "shopper-1", *shop.here())
    assert found["served_by"]["ranker"] == version
    assert omnishelf("ranker", "rollback", *shop.here())["replaced"] == version
    assert served_by(shop, before) == before
    assert omnishelf("ranker", "rollback", *shop.here(), code=2) is None


@pytest.mark.parametrize("damage", ["truncated", "edited", "a pickle"])
def test_a_damaged_version_is_not_promoted(
    shop: Shop, learned: Learned, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "v3"
    shutil.copytree(learned.directory, copy)
    model = copy / "model.txt"
    whole = model.read_bytes()
    model.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "edited": whole.replace(b"leaf_value=", b"leaf_value=1"),
            "a pickle": pickle.dumps(["model"]),
        }[damage]
    )
    before = shop.ask("red lamp").served_by.ranker
    assert omnishelf("ranker", "promote", copy, *shop.here(), code=2) is None
    assert "model.txt is " in capsys.readouterr().err
    assert shop.ask("red lamp").served_by.ranker == before


def test_rules_overrule_until_they_are_deleted(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, "utf-8")
    plain = ids(shop.ask("red mug"))
    assert "mug-red" in plain
    assert "towel-pink" not in plain[:1]
    omnishelf("rules", "import", file, *shop.here())
    overruled = shop.ask("red mug", explain=True)
    assert ids(overruled)[0] == "towel-pink"
    assert "mug-red" not in ids(overruled)
    assert [(each.name, each.action) for each in overruled.hits[0].rules] == [
        (f"{CATALOG}/rules/campaign", "pin")
    ]
    assert ids(shop.ask("red mug", filter="price < 10"))[0] != "towel-pink"
    with redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as left:
        main(["rules", "delete", "campaign", "no-red", "--data", str(shop.data)])
    assert not left.value.code
    assert ids(shop.ask("red mug")) == plain


def test_a_price_moves_filters_at_once_and_is_explained(shop: Shop) -> None:
    signals = product_service_pb2_grpc.ProductServiceStub(shop.channel)
    request = products.UpdateSignalsRequest(parent=CATALOG)
    changed = request.products.add(name=f"{CATALOG}/products/chair-blue", stock=0)
    changed.price.currency_code, changed.price.units = "EUR", 2
    assert "chair-blue" not in ids(shop.ask("blue chair", filter="price < 4"))
    assert signals.UpdateSignals(request, timeout=60).updated_count == 1
    assert ids(shop.ask("blue chair", filter="price < 4 AND stock = 0")) == ["chair-blue"]
    why = omnishelf("explain", "blue chair", "--product", "chair-blue", "--stock", 9, *shop.here())
    assert sum(part.get("value", 0.0) for part in why["product"]["contributions"]) == pytest.approx(
        why["product"]["score"], abs=1e-4
    )
    assert why["trials"][0]["change"]["stock"] == 9


def test_who_is_forgotten_is_in_no_file(shop: Shop, tmp_path: Path) -> None:
    visit = {"user": "pseudonym-to-forget", "session": "visit-to-forget"}
    reply = shop.ask("green towel", shopper=pb.Shopper(**visit))
    lines = [event_line(reply, hit, "click", **visit) for hit in reply.hits[:3]]
    assert imported(shop, iter(lines), file=tmp_path / "events.jsonl")["recorded"] == 3
    settled(shop)
    assert any(b"pseudonym-to-forget" in content for content in contents(shop.data).values())
    told = omnishelf("feedback", "forget", "pseudonym-to-forget", *shop.here())
    assert told == {"erased_events": 3, "erased_searches": 1, "remaining": 0}
    for path, content in contents(shop.data).items():
        assert b"pseudonym-to-forget" not in content, path


def contents(data: Path) -> dict[Path, bytes]:
    """Of every file; one that the server has just removed has none."""
    found = {}
    for path in data.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            found[path] = path.read_bytes()
    return found


def test_events_that_cannot_be_are_refused_by_line(shop: Shop, tmp_path: Path) -> None:
    good = {"type": "click", "product": "mug-red", "time": datetime.now(UTC).isoformat()}
    lines = [
        {**good, "event_id": "unknown product", "product": "gone"},
        {**good, "event_id": "unknown search", "search_id": "nobody asked"},
        {**good, "event_id": "bought unseen", "type": "purchase"},
        {**good, "event_id": "negative", "position": -1},
        {**good, "event_id": "tomorrow", "time": "2999-01-01T00:00:00Z"},
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + "no event\n", "utf-8")
    told = omnishelf("feedback", "import", file, *shop.here(), code=1)
    assert [each["line"] for each in told.pop("refused")] == [4, 5, 6]
    assert told == {"recorded": 3, "duplicates": 0, "unknown_products": 1, "unknown_searches": 1}
    request = feedback.RecordEventsRequest(parent=CATALOG, events=[feedback.Event()] * 5_001)
    with pytest.raises(grpc.RpcError, match="5,001 events; send 1 to 5,000"):
        shop_feedback(shop).RecordEvents(request, timeout=60)
