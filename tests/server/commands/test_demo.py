"""`omnishelf demo`: samples answered once, and what it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.cli import main
from server.commands import demo
from server.commands.demo_questions import catalogue_questions, sample_shop_questions
from server.ingest.files import open_catalog
from server.sample_shop.assortment import stock_shop
from server.sample_shop.generate import write_sample_shop


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(demo, "DEFAULT_PRODUCTS", 30)
    monkeypatch.setattr(
        demo,
        "write_sample_shop",
        lambda directory, *, seed, progress: write_sample_shop(
            directory, seed=seed, products=30, progress=progress
        ),
    )
    return 30


def test_samples_are_answered_and_a_second_run_takes_up_the_first(
    small: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A small shop may have nothing red for the kitchen: then the demo says so with 1.
    assert run("demo", "--once", "--data", tmp_path) in (0, 1)
    first = capsys.readouterr().out
    assert f"{small} of {small} products are indexed" in first
    assert "By a picture and words" in first
    run("demo", "--once", "--data", tmp_path)
    assert f"{small} products of an earlier demo are still there" in capsys.readouterr().out


def test_a_catalogue_of_ones_own_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=2, products=10)
    assert run("demo", shop.catalog, "--once", "--data", tmp_path / "data") == 0
    printed = capsys.readouterr().out
    for kind in ("By words", "By Chinese words", "By a picture", "By words and a filter"):
        assert kind in printed


def test_questions_of_the_sample_shop_show_every_way_of_asking(tmp_path: Path) -> None:
    shop = write_sample_shop(tmp_path, seed=2, products=10)
    asked = [question.options for question in sample_shop_questions(shop.queries, catalog="demo")]
    assert any(each.text and each.text.isascii() and not each.images for each in asked)
    assert any(each.text and not each.text.isascii() for each in asked)
    assert any(each.images and not each.text for each in asked)
    assert any(each.images and each.text for each in asked)
    assert any(each.filter_text for each in asked)
    assert all(path.is_file() for each in asked for path in each.images)


def test_the_demo_shop_has_what_is_asked_of_it() -> None:
    shop = stock_shop(seed=demo._SEED, products=600)
    found = {
        (article.design.kind.key, str(article.design.audience), str(article.design.pattern),
         article.color.english)
        for article in shop
    }  # fmt: skip
    assert ("dress", "Women", "dotted", "red") in found
    assert any(kind == "sneaker" for kind, *_ in found)
    assert any(kind == "backpack" and color == "blue" for kind, *_, color in found)
    kitchen = [
        article
        for article in shop
        if article.design.kind.path.startswith("Kitchen")
        and article.color.english == "red"
        and article.design.price < 40
        and article.stock
    ]
    assert len(kitchen) >= 2


def test_a_catalogue_without_products_has_no_questions(tmp_path: Path) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text('{"id": ""}\n{"title": "x"}\n')
    assert catalogue_questions(open_catalog(path, mapping={}), catalog="demo") == []


def test_a_taken_port_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import socket  # noqa: PLC0415

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert run("demo", "--port", port, "--data", tmp_path) == 2
    assert f"port {port} is taken" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
