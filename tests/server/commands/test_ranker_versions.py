"""`omnishelf ranker promote`, `rollback`, `list` and `show`, on a data directory of their own."""

from __future__ import annotations

import json
from pathlib import Path

import lightgbm
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from ranker.errors import ModelRefused
from ranker.features.schema import FEATURES
from ranker.registry import save
from ranker.train import TrainedRanker, TrainingSettings
from server.commands import ranker_versions
from server.errors import FailedPrecondition

command = typer.Typer()
command.command("promote")(ranker_versions.promote)
command.command("rollback")(ranker_versions.rollback)
command.command("list")(ranker_versions.list_versions)
command.command("show")(ranker_versions.show)

ROWS = np.random.default_rng(5).normal(size=(60, len(FEATURES))).astype(np.float32)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


@pytest.fixture
def versions(tmp_path: Path) -> list[Path]:
    """Two versions of one model, told apart by their names."""
    booster = lightgbm.train(
        {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 2, "num_leaves": 4},
        lightgbm.Dataset(ROWS, label=ROWS[:, 0].copy()),
        num_boost_round=2,
    )
    made = []
    for name in ("spring", "autumn"):
        trained = TrainedRanker(
            name=name,
            model=booster.model_to_string(),
            rounds=2,
            metrics={"ndcg@10": 0.75},
            sample=ROWS,
            settings=TrainingSettings(),
            seed=1,
        )
        save(tmp_path / name, trained, provenance={"data": "made up"})
        made.append(tmp_path / name)
    return made


def test_promotes_lists_and_rolls_back(versions: list[Path], tmp_path: Path) -> None:
    data = ["--data", tmp_path / "data"]
    spring, autumn = versions
    first = json.loads(run("promote", spring, *data, "--by", "me", "--json").stdout)
    assert first["ranker"].startswith("spring@")
    assert first["replaced"] == "settings"
    told = run("promote", autumn, *data)
    assert "Served now: autumn@" in told.stdout
    assert f"before: {first['ranker']}" in told.stdout
    assert "Served already" in run("promote", autumn, *data).stdout

    listed = json.loads(run("list", *data, "--json").stdout)
    assert listed["served"].startswith("autumn@")
    assert {each["id"].split("@")[0] for each in listed["versions"]} == {"spring", "autumn"}
    assert listed["activations"][0]["activated_by"] == "me"
    shown = run("list", *data).stdout
    assert "(served)" in shown
    assert "0.7500" in shown

    assert f"Served now: {first['ranker']}" in run("rollback", *data).stdout
    assert "ranker of each server's settings" in run("rollback", *data).stdout
    refused = run("rollback", *data)
    assert isinstance(refused.exception, FailedPrecondition)
    assert refused.exception.reason == "RANKER_NO_EARLIER"
    assert json.loads(run("promote", first["ranker"], *data, "--json").stdout) == first


def test_a_version_that_is_edited_is_neither_promoted_nor_shown(
    versions: list[Path], tmp_path: Path
) -> None:
    model = versions[0] / "model.txt"
    model.write_bytes(model.read_bytes()[:-9])
    for asked in (["promote", versions[0], "--data", tmp_path / "data"], ["show", versions[0]]):
        refused = run(*asked)
        assert isinstance(refused.exception, ModelRefused)
        assert refused.exception.reason == "RANKER_HASH"
    assert json.loads(run("list", "--data", tmp_path / "data", "--json").stdout)["versions"] == []


def test_shows_what_a_version_is(versions: list[Path]) -> None:
    shown = json.loads(run("show", versions[0], "--json").stdout)
    assert shown["id"].startswith("spring@")
    assert shown["provenance"] == {"data": "made up"}
    assert {"model.txt", "sample.json", "schema.json"} <= set(shown["files"])
    assert shown["engine"] in {"lightgbm", "onnxruntime"}
    assert "0.7500" in run("show", versions[0]).stdout
