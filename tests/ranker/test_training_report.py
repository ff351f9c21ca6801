"""The report: what it says by hand, pictures that are pictures, and one page that stands alone."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from ranker.errors import RankingError
from ranker.train import TrainedRanker
from ranker.training_report import write_report

PNG = b"\x89PNG\r\n\x1a\n"


def test_it_says_what_was_trained_and_how_well(trained: TrainedRanker) -> None:
    report: dict[str, Any] = dict(trained.report)
    assert report["data"]["queries"] == 40
    assert report["data"]["training_queries"] == 32
    assert report["data"]["held_out_queries"] == 8
    assert sum(report["data"]["rows_by_grade"]) == report["data"]["rows"] == 1200
    assert set(report["rankers"]) == {"model", "retrieval", "rules", "linear"}
    for name, interval in report["rankers"].items():
        metric = "ndcg@10" if name == "model" else f"{name}_ndcg@10"
        assert interval["mean"] == pytest.approx(trained.metrics[metric])
        assert interval["low"] <= interval["mean"] <= interval["high"]
    minus = report["model_minus"]["retrieval"]
    assert minus["mean"] == pytest.approx(
        trained.metrics["ndcg@10"] - trained.metrics["retrieval_ndcg@10"]
    )
    assert minus["low"] > 0
    assert sum(report["gain"].values()) == pytest.approx(1.0)
    shares = list(report["gain"].values())
    assert shares == sorted(shares, reverse=True)
    curve = report["curve"]
    assert set(curve) == {"training", "held out"}
    assert len(curve["held out"]) >= report["rounds"] == trained.rounds
    assert max(curve["held out"]) == curve["held out"][trained.rounds - 1]
    json.dumps(report, allow_nan=False)


def test_it_is_written_as_json_pictures_and_one_page(
    trained: TrainedRanker, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    write_report(tmp_path / "report", trained.report, title="Ranker <taught>")
    folder = tmp_path / "report"
    assert json.loads((folder / "report.json").read_text("utf-8")) == json.loads(
        json.dumps(trained.report)
    )
    for name in ("quality.png", "learning_curve.png", "feature_gain.png"):
        assert (folder / name).read_bytes().startswith(PNG)
    page = (folder / "report.html").read_text("utf-8")
    assert "Ranker &lt;taught&gt;" in page
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert f"{trained.metrics['ndcg@10']:.4f}" in page


def test_without_matplotlib_the_numbers_are_written(
    trained: TrainedRanker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RankingError, match="make exporter") as caught:
        write_report(tmp_path, trained.report, title="taught")
    assert caught.value.reason == "PLOTS_NOT_INSTALLED"
    assert (tmp_path / "report.json").is_file()
