"""`omnishelf ranker parity` over a real store: what was recorded comes out again, bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from ranker import registry
from server.commands.ranker_parity import parity
from server.errors import FailedPrecondition
from server.feedback.search_record import SearchRecord
from tests.server.commands.search_records import CATALOG, record, search, settings_file


def run(folder: Path, *, ranker: Path | None = None) -> int:
    config = settings_file(folder)
    if ranker is not None:
        config.write_text(config.read_text("utf-8") + f"ranking:\n  ranker: {ranker}\n", "utf-8")
    try:
        parity(catalog=CATALOG, json_output=True, config=config)
    except typer.Exit as left:
        return int(left.exit_code)
    return 0


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_recorded_searches_come_out_the_same(
    tmp_path: Path, version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ranker = registry.load(version)
    record(tmp_path, *(search(seed, ranker=ranker) for seed in range(4)), search(9))
    assert run(tmp_path, ranker=version) == 0
    found = printed(capsys)
    assert found["same"]
    assert (found["searches"], found["compared"], found["rows"]) == (5, 5, 100)
    # The ranker of the fifth is lost, so that its features alone are compared.
    assert (found["scored"], found["differing_scores"]) == (4, 0)
    assert found["farthest_score"] <= 1e-5


def test_what_cannot_be_compared_is_counted_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(
        tmp_path,
        search(1),
        replace(search(2), ranked=None),
        replace(search(3), fingerprint="of another release"),
        replace(search(4), fingerprint=""),
    )
    assert run(tmp_path) == 0
    found = printed(capsys)
    assert (found["searches"], found["compared"]) == (4, 1)
    assert (found["without_columns"], found["other_features"]) == (1, 2)


def changed(seed: int) -> SearchRecord:
    found = search(seed)
    assert found.ranked is not None
    matrix = found.ranked.matrix.copy()
    matrix[3, 0] = np.nextafter(matrix[3, 0], np.float32(9))
    return replace(found, ranked=replace(found.ranked, matrix=matrix))


def test_one_bit_makes_the_command_fail_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, search(1), changed(2), changed(3))
    assert run(tmp_path) == 1
    found = printed(capsys)
    assert not found["same"]
    assert (found["differing_searches"], found["differing_values"]) == (2, 2)
    assert found["first_search"] == "search2"
    assert (found["first"]["feature"], found["first"]["row"]) == ("retrieval_z", 3)


def test_people_read_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, changed(2))
    with pytest.raises(typer.Exit):
        parity(catalog=CATALOG, config=settings_file(tmp_path))
    out = capsys.readouterr().out
    assert "differing values" in out
    assert "first difference: search search2, candidate 3, retrieval_z" in out


def test_a_proof_of_nothing_is_none(tmp_path: Path) -> None:
    record(tmp_path, replace(search(2), ranked=None))
    with pytest.raises(FailedPrecondition, match=r"feedback\.columns_share") as refused:
        run(tmp_path)
    assert refused.value.reason == "NOTHING_TO_COMPARE"
