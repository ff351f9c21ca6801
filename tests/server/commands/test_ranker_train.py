"""`omnishelf ranker train` on a file and on recorded searches; options that do not go together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ranker import registry
from ranker.features.schema import FEATURES, fingerprint
from server.catalog.store import Store
from server.cli import main
from server.feedback.event import EventKind, ShopperEvent
from server.feedback.event_store import EventStore
from server.feedback.search_record import SearchRecord
from server.feedback.search_store import SearchStore


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["ranker", "train", *(str(argument) for argument in arguments)])
    assert isinstance(left.value.code, int)
    return left.value.code


def libsvm_file(path: Path, *, seed: int, queries: int = 30) -> Path:
    """Rows whose first feature decides."""
    rng = np.random.default_rng(seed)
    rows = rng.random((queries * 8, 4)).round(3)
    lines = [
        f"{int(4 * row[0])} " + " ".join(f"{place}:{value}" for place, value in enumerate(row))
        for row in rows.tolist()
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    Path(f"{path}.query").write_text("8\n" * queries, "utf-8")
    return path


def test_a_file_gives_a_report_and_is_measured_on_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    train = libsvm_file(tmp_path / "train", seed=1)
    valid = libsvm_file(tmp_path / "valid", seed=2)
    asked = ["--libsvm", train, "--valid", valid, "--report", tmp_path / "report", "--trials", 3]
    assert run(*asked, "--threads", 1, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["valid_ndcg@10"] > 0.95
    assert printed["valid_linear_ndcg@10"] > 0.95
    assert printed["valid_interval"][0] <= printed["valid_ndcg@10"] <= printed["valid_interval"][1]
    report = json.loads((tmp_path / "report/report.json").read_text("utf-8"))
    assert len(report["tried"]) == 3
    assert next(iter(report["gain"])) == "f0"
    assert (tmp_path / "report/report.html").is_file()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--libsvm", "x", "--output", "y"], "cannot be served"),
        (["--libsvm", "x", "--from-log"], "exclude each other"),
        (["--from-log"], "name the directory"),
        (["--valid", "x", "--output", "y"], "give both"),
        (["shop.jsonl", "--from-log", "--output", "y"], "exclude each other"),
        (["--libsvm", "nowhere"], "nowhere cannot be read"),
        (["--from-log", "--output", "a version"], "'a version' cannot name a ranker"),
    ],
)
def test_what_does_not_go_together_is_asked_wrongly(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options) == 2
    assert said in capsys.readouterr().err


@contextmanager
def kept_in(data: Path) -> Iterator[Store]:
    data.mkdir()
    store = Store(f"sqlite:///{data / 'products.db'}")
    generation = store.generations.begin(catalog="shop", bundle="starter", layout=1)
    store.generations.serve(generation, instead_of=None)
    yield store
    store.close()


def record_browsing(store: Store, *, searches: int) -> None:
    """Shoppers who click on what the first feature favours, shown in random orders."""
    rng = np.random.default_rng(1)
    records, events = [], []
    for number in range(searches):
        order = rng.permutation(6)
        features = rng.random((6, len(FEATURES))).astype(np.float32)
        features[:, 0] = order
        records.append(
            SearchRecord(
                search_id=f"s{number}",
                catalog="shop",
                time_seconds=1_750_000_000.0 + number,
                user="",
                session=f"visit {number}",
                text=f"query {number % 20}",
                ranker="taught@1",
                fingerprint=fingerprint(),
                encoder_bundle="starter",
                shown=tuple(f"p{product}" for product in order),
                features=features,
            )
        )
        for place, product in enumerate(order.tolist()):
            if product >= 4 and rng.random() < 1 / (1 + place):
                events.append(
                    ShopperEvent(
                        event_id=f"e{number}-{place}",
                        kind=EventKind.CLICK,
                        product=f"p{product}",
                        time_seconds=1_750_000_100.0 + number,
                        search_id=f"s{number}",
                        position=place + 1,
                        session=f"visit {number}",
                    )
                )
    SearchStore(store).write(records)
    EventStore(store).record("shop", events)


def test_recorded_searches_train_a_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = tmp_path / "data", tmp_path / "version"
    with kept_in(data) as store:
        record_browsing(store, searches=300)
    asked = ["--from-log", "--data", data, "--threads", 1, "--json"]
    assert run(*asked, "--catalog", "shop", "--output", output) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["searches"] == 300
    assert printed["propensities"] == "expectation_maximisation"
    assert printed["looked_at"][0] == 1.0
    assert printed["looked_at"][3] == pytest.approx(0.25, abs=0.1)
    assert printed["ndcg@10"] > printed["shown_ndcg@10"]
    assert registry.load(output).id.startswith("version@")

    assert run(*asked, "--catalog", "elsewhere", "--output", tmp_path / "other") == 2
    assert "nothing to learn from" in capsys.readouterr().err
