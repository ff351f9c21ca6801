"""`omnishelf ranker drift` over a real store, against a version and against earlier searches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from ranker import drift as stability
from ranker.errors import RankingError
from ranker.features.schema import FEATURES
from server.commands import ranker_drift
from server.commands.ranker_drift import NAMES, drift
from server.errors import FailedPrecondition
from server.feedback.search_record import SearchRecord
from tests.server.commands.search_records import CATALOG, SHOWN, record, search, settings_file

MOVED = NAMES.index("retrieval_reciprocal_rank")


def with_features(found: SearchRecord, *, shift: float) -> SearchRecord:
    features = found.features.copy()
    features[:, MOVED] += np.float32(shift)
    return replace(found, features=features)


def learnt(*seeds: int) -> dict[str, stability.Histogram]:
    return stability.reference(np.concatenate([search(seed).features for seed in seeds]), NAMES)


def write_reference(directory: Path, *seeds: int) -> Path:
    directory.mkdir()
    document = stability.to_document(learnt(*seeds))
    (directory / "reference.json").write_text(json.dumps(document), "utf-8")
    return directory


def run(folder: Path, **options: Any) -> int:  # noqa: ANN401 - passed on to the command
    try:
        drift(catalog=CATALOG, json_output=True, config=settings_file(folder), **options)
    except typer.Exit as left:
        return int(left.exit_code)
    return 0


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_rows_learnt_from_have_not_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, *map(search, range(1, 30)))
    version = write_reference(tmp_path / "version", *range(1, 30))
    assert run(tmp_path, reference=version) == 0
    found = printed(capsys)
    assert found["rows"] == 29 * SHOWN
    assert found["over_limit"] == []
    assert found["psi"] == {feature.name: pytest.approx(0) for feature in FEATURES}


def test_a_feature_that_moved_makes_the_command_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, *(with_features(search(seed), shift=5) for seed in range(1, 30)))
    version = write_reference(tmp_path / "version", *range(1, 30))
    assert run(tmp_path, reference=version) == 1
    assert printed(capsys)["over_limit"] == [NAMES[MOVED]]
    assert run(tmp_path, reference=version, limit=100.0) == 0


def test_earlier_searches_may_be_the_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    before = [search(seed, time_seconds=noon.timestamp() - 100 + seed) for seed in range(1, 30)]
    after = [
        with_features(
            replace(each, search_id=f"later{each.search_id}", time_seconds=noon.timestamp()),
            shift=5,
        )
        for each in before
    ]
    record(tmp_path, *before, *after)
    assert run(tmp_path, reference_until=noon.replace(tzinfo=None)) == 1
    found = printed(capsys)
    assert found["rows"] == 29 * SHOWN
    assert found["over_limit"] == [NAMES[MOVED]]


def test_people_read_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, *(with_features(search(seed), shift=5) for seed in range(1, 30)))
    version = write_reference(tmp_path / "version", *range(1, 30))
    with pytest.raises(typer.Exit):
        drift(catalog=CATALOG, reference=version, config=settings_file(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    first = next(line for line in lines if NAMES[MOVED] in line)
    assert first.split()[-1] == "drifted"
    assert first is next(line for line in lines if "_" in line)


def test_of_many_searches_an_even_sample_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranker_drift, "MOST_ROWS", 4 * SHOWN)
    record(tmp_path, *map(search, range(1, 17)))
    run(tmp_path, reference=write_reference(tmp_path / "version", 1, 2), limit=1e9)
    assert printed(capsys)["rows"] == 4 * SHOWN


@pytest.mark.parametrize(
    "kept", [[], [replace(search(1), fingerprint="of another release")]], ids=["none", "other"]
)
def test_nothing_recorded(tmp_path: Path, kept: list[SearchRecord]) -> None:
    record(tmp_path, *kept)
    with pytest.raises(FailedPrecondition) as refused:
        run(tmp_path, reference=write_reference(tmp_path / "version", 1))
    assert refused.value.reason == "NOTHING_TO_COMPARE"


def test_a_version_without_a_reference(tmp_path: Path) -> None:
    record(tmp_path, search(1))
    with pytest.raises(FailedPrecondition, match="--reference-until") as refused:
        run(tmp_path, reference=tmp_path)
    assert refused.value.reason == "NO_REFERENCE"


def test_a_version_of_other_features(tmp_path: Path) -> None:
    record(tmp_path, search(1))
    version = write_reference(tmp_path / "version", 1)
    (version / "reference.json").write_text(
        '{"bygone": {"edges": [], "shares": [1.0, 0.0]}}', "utf-8"
    )
    with pytest.raises(FailedPrecondition) as refused:
        run(tmp_path, reference=version)
    assert refused.value.reason == "RANKER_SCHEMA"


def test_a_broken_reference(tmp_path: Path) -> None:
    record(tmp_path, search(1))
    version = write_reference(tmp_path / "version", 1)
    (version / "reference.json").write_text("{", "utf-8")
    with pytest.raises(RankingError, match="not JSON"):
        run(tmp_path, reference=version)
