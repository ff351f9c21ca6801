"""What becomes of a command's figures: lines to draw, and words for their names."""

from benchmarks.results.figures_section import lines_of
from benchmarks.results.plots import Line


def test_records_become_lines_by_engine_and_index() -> None:
    records = [
        {"engine": "lite", "index": "flat", "size": 100, "p50_ms": 2.0, "p99_ms": 3.0},
        {"engine": "lite", "index": "ivf", "size": 10, "p50_ms": {"median": 1.0}},
        {"engine": "lite", "index": "flat", "size": 10, "p50_ms": 1.0, "p99_ms": 2.0},
        {"engine": "lite", "index": "flat", "size": 1_000, "p50_ms": None},
        {"engine": "exact", "index": "exact", "size": 10, "p50_ms": 4.0},
    ]
    assert lines_of(records, across="size") == [
        Line(
            name="lite flat",
            across=(10.0, 100.0),
            middle=(1.0, 2.0),
            high=(2.0, 3.0),
            valid=(True, True),
        ),
        Line(name="lite ivf", across=(10.0,), middle=(1.0,), valid=(True,)),
        Line(name="exact", across=(10.0,), middle=(4.0,), valid=(True,)),
    ]


def test_a_probe_that_is_not_valid_stays_on_its_line() -> None:
    records = [{"rate": 10, "p50": 1, "p99": 2, "valid": valid} for valid in (True, False)]
    assert lines_of(records, across="rate")[0].valid == (True, False)
