"""Goals as data: which figure keeps which promise, and how the verdict says it."""

import pytest

from benchmarks.goals import GOALS, Verdict, verdicts

NAMES = (
    "end_to_end_over_parts",
    "tail_at_half",
    "tail_at_80",
    "rate_over_slowest_part",
    "search_over_bare",
    "rank_over_bare",
    "ingest_over_encoding",
    "rate_over_afternoon_service",
    "million_over_ten_thousand",
    "start_seconds",
    "memory_at_100000_mb",
)


def verdict(name: str, figure: object, **reasons: str) -> Verdict:
    found = verdicts({name: figure}, reasons=reasons)
    return next(each for each in found if each.goal.name == name)


def test_every_promise_has_its_key_and_no_other() -> None:
    assert tuple(goal.name for goal in GOALS) == NAMES


@pytest.mark.parametrize(
    ("name", "kept", "broken", "by"),
    [
        ("end_to_end_over_parts", 1.20, 1.26, 0.05),
        ("tail_at_half", 2.5, 3.0, 0.2),
        ("tail_at_80", 4, 5, 0.25),
        ("rate_over_slowest_part", 0.85, 0.68, 0.2),
        ("search_over_bare", 1.05, 2.1, 1.0),
        ("rank_over_bare", 1.15, 2.3, 1.0),
        ("ingest_over_encoding", 0.9, 0.45, 0.5),
        ("rate_over_afternoon_service", 2.0, 1.5, 0.25),
        ("million_over_ten_thousand", 2.0, 5.0, 1.5),
        ("start_seconds", 5.0, 6.0, 0.2),
        ("memory_at_100000_mb", 300, 330, 0.1),
    ],
)
def test_the_limit_itself_keeps_a_promise(name: str, kept: float, broken: float, by: float) -> None:
    assert verdict(name, kept).met is True
    assert verdict(name, kept).missed_by == 0
    assert verdict(name, broken).met is False
    assert verdict(name, broken).missed_by == pytest.approx(by)
    assert verdict(name, broken).text == f"missed by {by:.0%}".replace("%", " %")


@pytest.mark.parametrize(
    ("low", "high", "sure", "text"),
    [
        (1.12, 1.18, True, "met"),
        (1.12, 1.31, False, "met, though its interval reaches past the goal"),
        (None, None, None, "met"),
    ],
)
def test_an_interval_says_how_sure_a_verdict_is(
    low: float | None, high: float | None, *, sure: bool | None, text: str
) -> None:
    found = verdict("end_to_end_over_parts", {"median": 1.16, "low": low, "high": high})
    assert (found.sure, found.text) == (sure, text)


def test_what_was_reached_for_is_told() -> None:
    assert verdict("end_to_end_over_parts", 1.1).text == "met, with what was reached for"
    assert verdict("end_to_end_over_parts", 1.11).text == "met"


@pytest.mark.parametrize("figure", [None, True, "1.1", float("nan"), {"low": 1.0}, [1.0]])
def test_what_is_no_number_was_not_measured(figure: object) -> None:
    found = verdict("tail_at_half", figure, tail_at_half="the server went away")
    assert found.met is None
    assert found.text == "not measured: the server went away"
