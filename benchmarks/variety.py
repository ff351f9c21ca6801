"""What variety costs in order and gives in distance, by its strength, for both ways to make it.

    python -m benchmarks.variety --json --plot variety.png

The judged text queries of the shared shop are asked once, their candidates scored once by one
ranker, and put in order at each strength by maximal marginal relevance and by the determinantal
point process. NDCG@10 is against the judgements, distance is the mean cosine distance of the first
ten products' vectors; the change of NDCG against strength 0 has a paired bootstrap interval.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.judged_shop import JudgedCandidates, candidates_of, indexed_shop
from ranker import registry
from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import Float32Array
from ranker.diversify import Method, diversified
from ranker.intervals import bootstrap_interval
from ranker.metrics import intra_list_distance, mean_over_queries, ndcg
from ranker.protocol import Ranker

STRENGTHS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
PLACES = 10
LIMIT = 20
_LABELLED = frozenset({0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0})
_SEED = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One strength of one method: a value a query, float64 (q,), and milliseconds a list."""

    strength: float
    ndcg: Sequence[float]
    distance: Sequence[float]
    milliseconds: float


def main() -> None:
    """Measure, print and draw."""
    arguments = _arguments()
    ranker = _ranker(arguments.ranker)
    with indexed_shop() as (app, queries):
        asked = candidates_of(app, queries[: arguments.queries])
    scores = [ranker.score(ranker.features(each.facts, each.columns)) for each in asked]
    curves = {method.value: curve(asked, scores, method=method) for method in Method}
    rows = {name: rows_of(points) for name, points in curves.items()}
    if arguments.plot:
        _draw(curves, arguments.plot)
    if arguments.json:
        print(json.dumps({"queries": len(asked), "ranker": ranker.id, **rows}))
        return
    print("method  strength  NDCG@10  change (95 %)              distance@10  ms")
    for name, found in rows.items():
        for row in found:
            change = f"{row['ndcg_change']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"
            print(
                f"{name:6}  {row['strength']:8.2f}  {row['ndcg@10']:7.4f}  {change}  "
                f"{row['intra_list_distance@10']:11.4f}  {row['milliseconds']:.3f}"
            )


def curve(
    asked: Sequence[JudgedCandidates], scores: Sequence[Float32Array], *, method: Method
) -> list[Point]:
    """The points of one method in the order of `STRENGTHS`."""
    return [_point(asked, scores, method=method, strength=each) for each in STRENGTHS]


def _point(
    asked: Sequence[JudgedCandidates],
    scores: Sequence[Float32Array],
    *,
    method: Method,
    strength: float,
) -> Point:
    gains, distances, seconds = [], [], []
    for query, score in zip(asked, scores, strict=True):
        vectors = query.columns.vectors
        started = time.perf_counter()
        order = diversified(score, vectors, method=method, strength=strength, limit=LIMIT)
        seconds.append(time.perf_counter() - started)
        judged = [*query.grades.tolist(), *query.missed]
        gains.append(ndcg(query.grades[order], judged, k=PLACES))
        distances.append(intra_list_distance(vectors[order], k=PLACES))
    return Point(
        strength=strength,
        ndcg=gains,
        distance=distances,
        milliseconds=1_000 * median(seconds),
    )


def rows_of(points: Sequence[Point]) -> list[dict[str, float]]:
    """Means of the points, each with its change of NDCG against the first one."""
    plain = np.asarray(points[0].ndcg)
    rows = []
    for point in points:
        change = bootstrap_interval(np.asarray(point.ndcg) - plain, seed=_SEED)
        rows.append(
            {
                "strength": point.strength,
                "ndcg@10": round(mean_over_queries(point.ndcg), 4),
                "ndcg_change": round(change.mean, 4),
                "low": round(change.low, 4),
                "high": round(change.high, 4),
                "intra_list_distance@10": round(mean_over_queries(point.distance), 4),
                "milliseconds": round(point.milliseconds, 3),
            }
        )
    return rows


def _draw(curves: Mapping[str, Sequence[Point]], path: Path) -> None:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional package
    except ModuleNotFoundError:
        raise SystemExit("--plot takes matplotlib; run `make exporter` first") from None
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for (name, points), mark, offset in zip(
        curves.items(), "os", ((4, 5), (-16, -10)), strict=True
    ):
        distances = [mean_over_queries(point.distance) for point in points]
        gains = [mean_over_queries(point.ndcg) for point in points]
        axes.plot(distances, gains, marker=mark, label=name.upper())
        for point, distance, gain in zip(points, distances, gains, strict=True):
            if point.strength in _LABELLED:
                axes.annotate(
                    f"{point.strength:g}",
                    (distance, gain),
                    xytext=offset,
                    textcoords="offset points",
                    fontsize=7,
                )
    axes.set_xlabel(f"mean cosine distance of the first {PLACES}")
    axes.set_ylabel(f"NDCG@{PLACES}")
    axes.set_title("Order against variety, by strength")
    axes.legend()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _ranker(name: str) -> Ranker:
    plain: dict[str, Ranker] = {"retrieval": RetrievalOrder(), "rules": Rules()}
    if name in plain:
        return plain[name]
    return registry.load(Path(name) if name else registry.DEFAULT_DIRECTORY)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--plot", type=Path, help="PNG to draw")
    parser.add_argument("--queries", type=int, default=None, help="first so many [all]")
    parser.add_argument(
        "--ranker", default="", help="`retrieval`, `rules` or a version's directory [the default]"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
