"""`omnishelf ranker`: a version is trained from a shop through the pipeline, saved and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ranker import registry
from server.cli import main
from server.sample_shop.generate import write_sample_shop


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["ranker", *(str(argument) for argument in arguments)])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_a_version_is_trained_shown_and_refused_when_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=5, products=60)
    output = tmp_path / "version"
    asked = ["--questions", "24", "--sample-shops", "0", "--seed", "3", "--output", output]

    assert run("train", f"{shop.catalog},{shop.queries}", *asked, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["lessons"] > 20
    assert 0 < printed["ndcg@10"] <= 1

    assert run("show", output, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["id"] == registry.load(output).id
    assert shown["provenance"]["seed"] == "3"
    assert shown["provenance"]["trained_on"] == "shoppers simulated over shop, 0 sample shops"

    model = output / "model.txt"
    model.write_text(model.read_text("utf-8").replace("leaf_value=", "leaf_value=1", 1), "utf-8")
    assert run("show", output) == 2
    assert "SHA-256" in capsys.readouterr().err


def test_a_shop_that_is_not_there_is_asked_wrongly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.jsonl"
    assert run("train", missing, "--sample-shops", "0", "--output", tmp_path / "version") == 2
    assert "none.jsonl" in capsys.readouterr().err
    assert not (tmp_path / "version").exists()
