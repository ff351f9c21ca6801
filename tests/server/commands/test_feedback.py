"""`omnishelf feedback` against the feedback service on a real store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from omnishelf.v1 import feedback_service_pb2_grpc
from typer.testing import CliRunner

from server.commands import feedback as command
from server.commands.feedback import feedback
from server.feedback.event_store import EventStore
from server.feedback.forgetting import Forgetting
from server.rpc.feedback import FeedbackService
from server.settings import Settings, load_settings
from tests.server.feedback.shop_parts import open_store, with_catalog

NOW = datetime.fromtimestamp(int(time.time()), tz=UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None, flags={"data": tmp_path / "data"})


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    store = with_catalog(open_store(settings.store_url))
    service = FeedbackService(
        events=EventStore(store),
        forgetter=Forgetting(store, flush=lambda: None),
        keep_days=90,
    )
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(1).wait()
    store.close()


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(feedback, arguments)
    assert result.exit_code == code, result.output
    return result.stdout


def line(event_id: str, **fields: object) -> str:
    whole = {"event_id": event_id, "type": "click", "product": "mug", "time": NOW}
    return json.dumps({**whole, **fields})


def test_a_file_is_imported_in_calls_and_again_without_harm(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "EVENTS_A_CALL", 2)
    file = tmp_path / "events.jsonl"
    right = [line(f"e{place}") for place in range(5)] + [line("gone", product="gone")]
    wrong = [line("bad", position=-1), "no event"]
    file.write_text("\n".join([wrong[0], *right, wrong[1]]))
    where = (str(file), "--catalog", "shop", "--server", address)

    told = json.loads(run("import", *where, "--json", code=1))

    refused = told.pop("refused")
    assert told == {
        "recorded": 6,
        "duplicates": 0,
        "unknown_products": 1,
        "unknown_searches": 0,
    }
    assert [each["line"] for each in refused] == [1, 8]
    assert "position" in refused[0]["why"]
    file.write_text("\n".join(right))
    assert "Recorded 0 events; 6 were recorded before, 0 refused" in run("import", *where)


def test_a_user_is_forgotten_and_the_rest_is_counted(
    address: str, tmp_path: Path, settings: Settings
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join([line("a", user="ann"), line("b", type="purchase")]))
    run("import", str(file), "--catalog", "shop", "--server", address)

    assert run("forget", "ann", "--server", address) == (
        "Erased 1 events and 0 searches; 0 rows carry the pseudonym.\n"
    )
    assert json.loads(run("forget", "ann", "--server", address, "--json")) == {
        "erased_events": 0,
        "erased_searches": 0,
        "remaining": 0,
    }
    data = ("--data", str(settings.data))
    assert json.loads(run("stats", "--json", *data)) == {
        "shop": {"impression": 0, "click": 0, "add_to_cart": 0, "purchase": 1}
    }
    assert "shop" in run("stats", *data)


def test_a_store_without_events_says_so(settings: Settings) -> None:
    assert run("stats", "--data", str(settings.data)) == "No events are kept.\n"
