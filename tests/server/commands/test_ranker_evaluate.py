"""`omnishelf ranker evaluate` over a real index and over a real log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ranker import registry
from server.commands.ranker_evaluate import evaluate_rankers
from server.errors import FailedPrecondition, InvalidRequest
from server.sample_shop.generate import write_sample_shop
from tests.ranker.conftest import taught_ranker
from tests.server.commands.search_records import CATALOG, record, search, settings_file


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("rankers") / "taught"
    registry.save(directory, taught_ranker(), provenance={})
    return directory


def evaluated(
    capsys: pytest.CaptureFixture[str],
    **options: Any,  # noqa: ANN401 - passed on to the command
) -> dict[str, Any]:
    evaluate_rankers(json_output=True, resamples=200, **options)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_judged_queries_over_an_indexed_shop(
    tmp_path: Path, version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=5, products=40)
    lines = [json.loads(line) for line in shop.queries.read_text("utf-8").splitlines()]
    texts = [line for line in lines if "image" not in line][:6]
    texts.append({"text": "mug", "relevance": {next(iter(texts[0]["relevance"])): 0.5}})
    queries = tmp_path / "queries.jsonl"
    queries.write_text("\n".join(map(json.dumps, texts)), "utf-8")
    document = evaluated(capsys, rankers=[version], catalog_file=shop.catalog, queries=queries, k=5)
    assert (document["k"], document["queries"], document["rejected_queries"]) == (5, 6, 1)
    taught = registry.load(version).id
    assert list(document["rankers"]) == ["retrieval", "rules", "shuffle", taught]
    retrieval, shuffle = document["rankers"]["retrieval"], document["rankers"]["shuffle"]
    assert retrieval["ndcg@5"] > shuffle["ndcg@5"]
    assert retrieval["over_retrieval"] == {}
    over = shuffle["over_retrieval"]["ndcg@5"]
    assert over["low"] <= over["difference"] <= over["high"] < 0
    assert over["difference"] == pytest.approx(shuffle["ndcg@5"] - retrieval["ndcg@5"], abs=2e-4)
    for measure in ("map", "mrr", "recall@5", "precision@5", "f1@5", "coverage@5", "distance@5"):
        assert 0 <= document["rankers"][taught][measure] <= 1, measure
    assert document["rankers"][taught]["revenue@5"] > 0


def test_recorded_searches_without_events_still_tell_of_variety(
    tmp_path: Path, version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, *map(search, range(1, 6)))
    config = settings_file(tmp_path)
    document = evaluated(capsys, rankers=[version], from_log=True, catalog=CATALOG, config=config)
    assert document["queries"] == 5
    retrieval = document["rankers"]["retrieval"]
    assert retrieval["ndcg@10"] is None  # nothing was clicked
    assert retrieval["revenue@10"] == 0
    assert retrieval["distance@10"] > 0
    evaluate_rankers([version], from_log=True, catalog=CATALOG, config=config, resamples=50)
    assert "5 queries" in capsys.readouterr().out


def test_a_log_without_searches_says_what_to_do(tmp_path: Path, version: Path) -> None:
    record(tmp_path)
    with pytest.raises(FailedPrecondition, match=r"feedback\.columns_share") as refused:
        evaluate_rankers([version], from_log=True, config=settings_file(tmp_path))
    assert refused.value.reason == "NOTHING_TO_EVALUATE"


@pytest.mark.parametrize(
    "options",
    [{}, {"queries": Path("q")}, {"queries": Path("q"), "from_log": True}],
)
def test_files_and_the_log_exclude_each_other(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="--from-log"):
        evaluate_rankers(**options)
