"""What training says of itself: quality with intervals, gain, curve, trials; JSON and HTML."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ranker.boosting import METRIC_PLACES, TrainingSettings
from ranker.dataset import RankingDataset
from ranker.intervals import bootstrap_interval
from ranker.parameter_search import Trial, tried_table
from ranker.plots import draw_curve, draw_gain, draw_quality
from ranker.splits import Split

REPORT_FILE = "report.html"
JSON_FILE = "report.json"

_NOTE = (
    "The held-out queries also chose the number of trees, so the model's own figure is a little"
    " kind to it; differences of other rankers among each other are not touched by that."
)


def training_report(
    dataset: RankingDataset,
    *,
    split: Split,
    by_query: Mapping[str, Sequence[float]],
    gain: Mapping[str, float],
    curve: Mapping[str, Sequence[float]],
    rounds: int,
    settings: TrainingSettings,
    tried: Sequence[Trial],
    seed: int,
) -> dict[str, object]:
    """The report, ready for JSON.

    Args:
        dataset: All that was trained on.
        split: Which of its queries were held out.
        by_query: By ranker, ``model`` among them, NDCG@10 of each held-out query.
        gain: By feature, its share of the gain.
        curve: NDCG@10 by trees, see `boosting.Grown`.
        rounds: Trees kept.
        settings: How it was trained.
        tried: Trials of the search.
        seed: Of the intervals.
    """
    model = np.asarray(by_query["model"])
    return {
        "data": {
            "rows": len(dataset.matrix),
            "features": len(dataset.names),
            "queries": len(dataset.sizes),
            "queries_that_tell": int(dataset.informative().sum()),
            "training_queries": len(split.kept),
            "held_out_queries": len(split.held_out),
            "held_out_by": "query" if dataset.times is None else "query and time",
            "rows_by_grade": np.bincount(dataset.labels, minlength=5).tolist(),
        },
        "metric": f"ndcg@{METRIC_PLACES}",
        "rankers": {
            name: bootstrap_interval(values, seed=seed).to_json()
            for name, values in by_query.items()
        },
        "model_minus": {
            name: bootstrap_interval(model - np.asarray(values), seed=seed).to_json()
            for name, values in by_query.items()
            if name != "model"
        },
        "note": _NOTE,
        "rounds": rounds,
        "settings": asdict(settings),
        "gain": dict(sorted(gain.items(), key=lambda item: -item[1])),
        "curve": {name: list(values) for name, values in curve.items()},
        "tried": tried_table(tried),
    }


def write_report(directory: Path, report: Mapping[str, object], *, title: str) -> None:
    """Write ``report.json``, three PNG files and ``report.html``, which holds them all.

    Raises:
        RankingError: ``PLOTS_NOT_INSTALLED``; the JSON file is written all the same.
        OSError: the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    (directory / JSON_FILE).write_text(written + "\n", "utf-8")
    pictures = {
        "quality.png": draw_quality(_mapping(report["rankers"]), metric=str(report["metric"])),
        "learning_curve.png": draw_curve(
            _mapping(report["curve"]), rounds=int(str(report["rounds"]))
        ),
        "feature_gain.png": draw_gain(_mapping(report["gain"])),
    }
    for name, picture in pictures.items():
        (directory / name).write_bytes(picture)
    (directory / REPORT_FILE).write_text(_page(report, pictures, title=title), "utf-8")


def _page(report: Mapping[str, object], pictures: Mapping[str, bytes], *, title: str) -> str:
    """One page that needs nothing beside it."""
    images = "\n".join(
        f'<img alt="{html.escape(name)}" src="data:image/png;base64,'
        f'{base64.b64encode(picture).decode()}">'
        for name, picture in pictures.items()
    )
    rankers, minus = _mapping(report["rankers"]), _mapping(report["model_minus"])
    rows = [[name, *_interval(rankers[name]), *_interval(minus.get(name, {}))] for name in rankers]
    heads = ["ranker", str(report["metric"]), "95 %", "model minus it", "95 %"]
    data = [[key, str(value)] for key, value in _mapping(report["data"]).items()]
    settings = [[key, str(value)] for key, value in _mapping(report["settings"]).items()]
    tried = report["tried"]
    trials = [list(map(str, trial.values())) for trial in tried] if isinstance(tried, list) else []
    trial_heads = list(tried[0]) if isinstance(tried, list) and tried else []
    name = html.escape(title)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;margin:1rem 0}}td,th{{border:1px solid #ccc;padding:.2rem .6rem;
text-align:left}}img{{max-width:100%;display:block;margin:1rem 0}}</style>
<h1>{name}</h1>
{_table(heads, rows)}<p>{html.escape(str(report["note"]))}</p>
{images}
<h2>Data</h2>{_table([], data)}
<h2>Settings</h2>{_table([], settings)}
{"<h2>Tried, best first</h2>" + _table(trial_heads, trials) if trials else ""}
</html>
"""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(each)}</th>" for each in heads)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"


def _interval(said: object) -> tuple[str, str]:
    values = _mapping(said)
    if not isinstance(values.get("mean"), float):
        return "", ""
    return f"{values['mean']:.4f}", f"{values['low']:.4f} to {values['high']:.4f}"


def _mapping(said: object) -> Mapping[str, object]:
    return said if isinstance(said, dict) else {}
