"""What a page says in words, against sentences written by hand."""

from dataclasses import replace

import pytest

from benchmarks.results.appendix import again
from benchmarks.results.measures import MEASURES
from benchmarks.results.story import lead, pace, ratio_of, rests_on, title, warnings
from tests.benchmarks.results.made import (
    BUSY,
    GONE,
    made_result,
    made_round,
    made_system,
    with_marks,
)

P50 = MEASURES[0]
NOT_MET = (
    "Goals met: 1 of 2 measured. Not met: server start to the first correct answer, models present"
    " (missed by 20 %)."
)


def test_the_first_paragraph_of_a_run() -> None:
    rounds = (made_round(milliseconds=[10.0] * 4),) * 5
    ours = replace(made_system(), rounds=rounds)
    echo = replace(made_system("echo"), rounds=(made_round(milliseconds=[2.0] * 4),) * 5)
    result = made_result(with_marks(ours, {4: GONE}), echo)
    assert lead(result) == (
        "omnishelf was asked the workload “luma text” (100 % text) over 449 products: 40.0 a"
        " second, at random moments (Poisson), in 5 rounds, in turns with echo. Half of the answers"
        " were there within 10.0 (10.0 to 10.0) ms, 99 of 100 within 10.0 (10.0 to 10.0) ms,"
        " counted from when each request was due. All 16 requests were answered. Its p50 is"
        " 5.00 (5.00 to 5.00) times that of the empty echo. 1 round is not valid and left out of"
        " every figure."
    )


def test_failures_are_in_the_first_paragraph() -> None:
    failing = made_round(statuses={"OK": 4, "UNAVAILABLE": 1})
    said = lead(made_result(replace(made_system(), rounds=(failing,) * 4)))
    assert "4 of 20 requests failed (20 %)." in said


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (
            {"highest_rate": {"median": 20.0, "low": 10.0, "high": 20.0}, "p99_limit_ms": 30.0},
            "The highest rate with p99 within 30.0 ms is 20.0 (10.0 to 20.0) requests a second.",
        ),
        ({"tail_at_half": 2.0}, "Goals met: 1 of 1 measured."),
        (
            {"tail_at_80": 2.0, "start_seconds": 6.0},
            NOT_MET,
        ),
    ],
)
def test_what_a_command_found(figures: dict[str, object], said: str) -> None:
    result = replace(made_result(command="scale", figures=figures), systems=())
    assert lead(result) == said


def test_parts_and_sizes_are_named_where_no_system_has_rounds() -> None:
    parts = replace(made_result(command="parts"), systems=())
    assert lead(parts) == (
        "Whole requests of the workload “luma text” (100 % text) over 449 products were measured"
        " beside their bare parts, in turns."
    )
    records = [{"engine": each, "size": size} for each in ("lite", "exact") for size in (10, 2_000)]
    scale = replace(made_result(command="scale", figures={"scale": records}), systems=())
    assert lead(scale) == "10 to 2,000 products were searched with lite, exact."


def test_no_valid_round_gives_no_figure() -> None:
    spoilt = with_marks(made_system(), dict.fromkeys(range(5), GONE))
    assert lead(made_result(spoilt)).endswith("No round is valid, so there is no figure to give.")


def test_marks_are_told_once_for_all_rounds_that_bear_them() -> None:
    system = with_marks(made_system(), {0: BUSY, 3: BUSY})
    result = replace(made_result(system), notes=("The judge slept.",))
    assert warnings(result) == (
        "MACHINE_BUSY: rounds 1, 4 of omnishelf count. Other processes took 23% of 2 cores.",
        "The judge slept.",
    )


def test_rounds_are_compared_where_both_are_valid() -> None:
    above = with_marks(made_system(times=(2.0, 9.0, 2.0)), {1: GONE})
    ratio = ratio_of(P50, above, made_system("echo", times=(1.0, 1.0, 1.0)))
    assert ratio is not None
    assert (ratio.rounds, round(ratio.median, 2)) == (2, 2.0)
    none = with_marks(above, {0: GONE, 2: GONE})
    assert ratio_of(P50, none, above) is None


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ([40.0, 41.0], "40.5 a second, evenly spaced"),
        ([10.0, 80.0], "10.0 to 80.0 a second, evenly spaced"),
        ([None], "each as soon as the one before was answered"),
    ],
)
def test_how_fast_it_was_asked(rates: list[float | None], said: str) -> None:
    rounds = tuple(made_round(rate=rate) for rate in rates)
    assert pace(replace(made_system(), rounds=rounds), "constant") == said


def test_how_many_requests_a_percentile_rests_on() -> None:
    assert rests_on([made_round(milliseconds=[1.0] * 200)], 99.0) == 2
    assert rests_on([], 99.0) == 0


def test_titles_say_what_ran_and_when() -> None:
    assert title(made_result()) == "omnishelf bench run, 2026-11-21 20:55 UTC"


def test_the_command_can_be_typed_again() -> None:
    arguments = {
        "rate": "40",
        "refuse_busy": "True",
        "closed": "",
        "against": "h:1 http://h:2/",
        "serve": "--cache 0",
        "json": "false",
    }
    result = replace(made_result(), arguments=arguments)
    assert again(result) == (
        "omnishelf bench run --rate 40 --refuse-busy --against h:1 --against http://h:2/"
        " --serve '--cache 0'"
    )
