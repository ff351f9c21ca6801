"""`omnishelf evaluate` from the command line: a real engine, a real server, real figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.cli import main
from server.sample_shop.generate import SampleShop, write_sample_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    return write_sample_shop(tmp_path_factory.mktemp("shop"), seed=5, products=40)


@pytest.fixture(scope="module")
def queries(shop: SampleShop) -> Path:
    """Four kinds of query, and four lines that cannot be asked."""
    rows = [json.loads(line) for line in shop.queries.read_text("utf-8").splitlines()]
    kinds = [
        [row for row in rows if "image" not in row and row["lang"] == "en"][:3],
        [row for row in rows if "image" not in row and row["lang"] == "zh"][:3],
        [row for row in rows if "text" not in row][:3],
        [row for row in rows if "text" in row and "image" in row][:1],
    ]
    bad = [
        "not json",
        json.dumps({"text": "mug"}),
        json.dumps({"text": "mug", "relevance": {"elsewhere": 2}}),
        json.dumps({"text": "x" * 10_000, "relevance": kinds[0][0]["relevance"]}),
    ]
    path = shop.queries.with_name("few.jsonl")
    good = [json.dumps(row) for kind in kinds for row in kind]
    path.write_text("\n".join([*good[:2], *bad, *good[2:]]), "utf-8")
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_json_alone_is_printed_and_the_figures_are_those_of_an_easy_shop(
    shop: SampleShop, queries: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("evaluate", shop.catalog, queries, "--json") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert list(found) == [
        "queries",
        "ndcg@10",
        "recall@50",
        "success@5",
        "by_language",
        "retrieval_only",
        "rejected_queries",
        "seconds",
    ]
    assert (found["queries"], found["rejected_queries"]) == (10, 4)
    languages = {name: part["queries"] for name, part in found["by_language"].items()}
    assert (languages["none"], languages["en"] + languages["zh"]) == (3, 7)
    # Forty products: fifty answers hold them all, and the right kind comes first.
    assert found["recall@50"] == 1.0
    assert found["ndcg@10"] > 0.8
    assert found["retrieval_only"]["ndcg@10"] > 0.8
    for line in ("line 3", "line 4", "line 5", "line 6"):
        assert line in captured.err


def test_one_view_can_be_measured(
    shop: SampleShop, queries: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("evaluate", shop.catalog, queries, "--view", "image", "--limit-queries", 2)
    assert run(*command) == 0
    printed = capsys.readouterr().out
    assert "all" in printed
    assert "retrieval only" in printed


def test_without_a_query_that_can_be_asked_it_fails(
    shop: SampleShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"text": "mug"}\n')
    assert run("evaluate", shop.catalog, path, "--json") == 1
    assert json.loads(capsys.readouterr().out)["rejected_queries"] == 1


def test_a_catalogue_without_a_product_fails(
    queries: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text('{"id": "", "title": "Mug"}\n')
    assert run("evaluate", path, queries) != 0
    assert "is a product" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["catalog", "queries"])
def test_a_file_that_is_not_there_was_asked_wrongly(
    shop: SampleShop, queries: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"catalog": shop.catalog, "queries": queries} | {missing: Path("none.jsonl")}
    assert run("evaluate", named["catalog"], named["queries"]) == 2
    assert "there is no file none.jsonl" in capsys.readouterr().err
