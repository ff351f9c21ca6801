"""Two results side by side: when the second is worse, and when nothing may be said."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.load.measured import Mark
from benchmarks.results.comparison import Change, Comparison, Standing, compare, standing
from benchmarks.results.intervals import Estimate
from benchmarks.results.values import BenchResult, SystemResult
from server.errors import FailedPrecondition
from tests.benchmarks.results.made import BUSY, GONE, made_result, made_system, with_marks

PLAIN = made_system()


def slower(times: float) -> SystemResult:
    return made_system(times=[times * each for each in (1.0, 1.1, 0.9, 1.05, 0.95)])


def every_round(**changes: object) -> SystemResult:
    return replace(PLAIN, rounds=tuple(replace(each, **changes) for each in PLAIN.rounds))  # type: ignore[arg-type]  # any field of a round


def change(found: Comparison, name: str) -> Change:
    return next(each for each in found.changes if each.name == name)


def worse_in(before: BenchResult, after: BenchResult, *, by: float = 0.05) -> list[str]:
    return [each.name for each in compare(before, after, by=by).worse]


def refused(before: BenchResult, after: BenchResult) -> FailedPrecondition:
    with pytest.raises(FailedPrecondition) as error:
        compare(before, after, by=0.05)
    return error.value


@settings(max_examples=20, deadline=None)
@given(
    times=st.lists(st.floats(min_value=0.01, max_value=100), min_size=3, max_size=7),
    by=st.floats(min_value=0, max_value=1),
)
def test_a_result_is_never_worse_than_itself(times: list[float], by: float) -> None:
    result = made_result(made_system(times=times), figures={"highest_rate": 40.0})
    found = compare(result, result, by=by)
    assert not found.worse
    assert {each.ratio.median for each in found.changes} == {1.0}
    assert {each.standing for each in found.changes} == {Standing.SAME}
    assert not found.differences


@pytest.mark.parametrize(
    ("times", "by", "names"),
    [
        (1.5, 0.05, ["p50_ms", "p90_ms", "p99_ms"]),
        (1.5, 0.6, []),
        # Beyond the share, but the rounds differ by more than that among themselves.
        (1.07, 0.05, []),
        (0.5, 0.05, []),
    ],
)
def test_slower_answers_are_worse_when_noise_does_not_explain_them(
    times: float, by: float, names: list[str]
) -> None:
    assert worse_in(made_result(PLAIN), made_result(slower(times)), by=by) == names


def test_what_noise_may_explain_is_told() -> None:
    found = compare(made_result(PLAIN), made_result(slower(1.07)), by=0.05)
    assert change(found, "p50_ms").standing is Standing.UNSURE
    assert change(found, "p50_ms").ratio.median == pytest.approx(1.07, rel=0.01)


@pytest.mark.parametrize(
    ("ratio", "high_is_good", "expected"),
    [
        ((1.06, 1.02, 1.08), False, Standing.WORSE),
        ((1.06, 0.99, 1.08), False, Standing.UNSURE),
        ((1.06, None, None), False, Standing.UNSURE),
        ((1.05, 1.04, 1.06), False, Standing.SAME),
        ((0.94, 0.9, 0.96), False, Standing.BETTER),
        ((0.94, 0.9, 0.96), True, Standing.WORSE),
        ((0.94, 0.9, 1.0), True, Standing.UNSURE),
        ((0.96, 0.95, 0.97), True, Standing.SAME),
        ((1.06, 1.02, 1.08), True, Standing.BETTER),
        ((0.9, 0.7, 1.1), False, Standing.UNSURE),
    ],
)
def test_the_rule(
    ratio: tuple[float, float | None, float | None], *, high_is_good: bool, expected: Standing
) -> None:
    median, low, high = ratio
    given_ratio = Estimate(median=median, rounds=5, low=low, high=high)
    assert standing(given_ratio, by=0.05, high_is_good=high_is_good) is expected


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("throughput", {"throughput": 36.0}),
        ("answered_share", {"statuses": {"OK": 9, "UNAVAILABLE": 1}}),
        ("cpu_ms_a_request", {"cpu_ms_a_request": {"server": 8.0, "engine": 1.0, "client": 1.0}}),
        ("memory_mb", {"resident_mb": {"server": 500.0, "client": 10.0}}),
        ("ndcg_at_10", {"quality": replace(PLAIN.rounds[0].quality, ndcg_at_10=0.8)}),
        ("recall_at_50", {"quality": replace(PLAIN.rounds[0].quality, recall_at_50=0.8)}),
    ],
)
def test_each_measure_can_make_it_worse(name: str, changes: dict[str, object]) -> None:
    assert worse_in(made_result(PLAIN), made_result(every_round(**changes))) == [name]
    assert worse_in(made_result(every_round(**changes)), made_result(PLAIN)) == []


def test_the_asking_process_is_not_the_system_s() -> None:
    used = {"server": 6.0, "engine": 1.0, "client": 500.0}
    assert worse_in(made_result(PLAIN), made_result(every_round(cpu_ms_a_request=used))) == []


def test_the_worst_of_a_thousand_is_shown_and_does_not_count() -> None:
    found = compare(made_result(PLAIN), made_result(slower(1.5)), by=0.05)
    assert change(found, "p99.9_ms").standing is Standing.WORSE
    assert "p99.9_ms" not in [each.name for each in found.worse]


def test_rounds_that_are_not_valid_take_no_part() -> None:
    spoilt = made_system(times=(1.0, 1.1, 0.9, 1.05, 0.95, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0))
    spoilt = with_marks(spoilt, dict.fromkeys(range(5, 11), GONE))
    found = compare(made_result(PLAIN), made_result(spoilt), by=0.05)
    assert change(found, "p50_ms").ratio.median == 1
    assert found.marks == {"before": {}, "after": {"SERVER_GONE": 6}}


def test_a_measure_that_one_lacks_is_told() -> None:
    blind = every_round(quality=replace(PLAIN.rounds[0].quality, ndcg_at_10=None))
    found = compare(made_result(PLAIN), made_result(blind), by=0.05)
    assert list(found.left_out) == ["NDCG@10"]
    assert not found.worse


def test_the_echo_tells_what_the_machine_changed() -> None:
    before = made_result(PLAIN, made_system("echo"))
    after = made_result(PLAIN, replace(slower(2.0), name="echo"))
    found = compare(before, after, by=0.05)
    assert found.echo is not None
    assert found.echo.ratio.median == pytest.approx(2, rel=0.01)
    assert not found.worse


def test_other_versions_and_settings_are_what_one_compares() -> None:
    after = replace(
        made_result(replace(PLAIN, about={"bundle": "starter_2"})),
        versions={"omnishelf": "0.2.0", "numpy": "2.4.6"},
    )
    found = compare(made_result(PLAIN), after, by=0.05)
    assert [(each.what, each.before, each.after) for each in found.differences] == [
        ("version of omnishelf", "0.1.0", "0.2.0"),
        ("system's bundle", "starter_1", "starter_2"),
    ]


BASE = made_result(PLAIN)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (replace(BASE, command="sweep"), "command: run before, sweep after"),
        (replace(BASE, arrivals="constant"), "arrivals: poisson before, constant after"),
        (replace(BASE, data=replace(BASE.data, catalog_sha256="e")), "data (SHA-256"),
        (replace(BASE, data=replace(BASE.data, workload_sha256="e")), "workload (SHA-256"),
        (replace(BASE, data=replace(BASE.data, products=450)), "449 before, 450 after"),
        (replace(BASE, arguments={"rate": "60"}), "--rate: 40 before, 60 after"),
        (made_result(every_round(planned_rate=60.0)), "requests a second: 40 before, 60 after"),
        (made_result(every_round(planned_rate=None)), "40 before, closed loop after"),
    ],
)
def test_different_questions_are_not_compared(after: BenchResult, said: str) -> None:
    error = refused(BASE, after)
    assert error.reason == "BENCH_NOT_COMPARABLE"
    assert said in error.message


def test_a_catalogue_that_neither_knows_is_told() -> None:
    unknown = replace(BASE, data=replace(BASE.data, catalog_sha256=""))
    assert list(compare(unknown, unknown, by=0.05).left_out) == ["catalogue"]
    assert refused(BASE, unknown).reason == "BENCH_NOT_COMPARABLE"


def test_all_that_forbids_it_is_said_at_once() -> None:
    after = replace(
        BASE, arrivals="constant", data=replace(BASE.data, workload_sha256="e", products=3)
    )
    message = refused(BASE, after).message
    assert all(each in message for each in ("arrivals", "workload", "products"))


def test_random_arrivals_make_no_two_rates_quite_equal() -> None:
    assert not worse_in(BASE, made_result(every_round(planned_rate=41.3)))


def test_two_valid_rounds_are_too_few() -> None:
    after = made_result(with_marks(PLAIN, dict.fromkeys(range(3), GONE)))
    error = refused(BASE, after)
    assert error.reason == "BENCH_TOO_FEW_ROUNDS"
    assert "the second may not be compared: 2 of its 5 rounds are valid" in error.message


def test_another_machine_is_refused_unless_it_is_said_and_then_marked() -> None:
    after = replace(BASE, machine={**BASE.machine, "cores": "8"})
    error = refused(BASE, after)
    assert error.reason == "BENCH_OTHER_MACHINE"
    assert "--other-machine" in error.message
    found = compare(BASE, after, by=0.05, allow_other_machine=True)
    assert [each.what for each in found.machines] == ["machine cores"]


def test_another_python_is_no_other_machine() -> None:
    after = replace(BASE, machine={**BASE.machine, "python": "3.12.1"})
    assert [each.what for each in compare(BASE, after, by=0.05).differences] == ["machine's python"]


@pytest.mark.parametrize(
    ("name", "before", "after", "worse"),
    [
        ("highest_rate", (200.0, 195.0, 205.0), (150.0, 145.0, 155.0), True),
        ("highest_rate", (150.0, 145.0, 155.0), (200.0, 195.0, 205.0), False),
        ("rank_over_bare", (1.0, 0.99, 1.01), (1.2, 1.19, 1.21), True),
        ("rank_over_bare", (1.0, 0.8, 1.2), (1.2, 1.0, 1.4), False),
    ],
)
def test_figures_of_other_commands_are_compared(
    name: str,
    before: tuple[float, float, float],
    after: tuple[float, float, float],
    *,
    worse: bool,
) -> None:
    one, other = (
        replace(
            made_result(
                command="sweep",
                figures={name: dict(zip(("median", "low", "high"), each, strict=True))},
            ),
            systems=(),
        )
        for each in (before, after)
    )
    assert bool(compare(one, other, by=0.05).worse) is worse


def test_nothing_in_common_is_refused() -> None:
    empty = replace(made_result(command="sweep", figures={"curve": []}), systems=())
    assert refused(empty, empty).reason == "BENCH_NOT_COMPARABLE"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["", "A", "B", "GONE"]), min_size=8, max_size=8))
def test_marks_never_vanish(names: list[str]) -> None:
    marks = {
        place: Mark(name=name, invalid=False, text="") for place, name in enumerate(names) if name
    }
    marks |= {place: GONE for place, name in enumerate(names) if name == "GONE" and place < 4}
    system = with_marks(made_system(times=[1.0] * 8), marks)
    found = compare(made_result(system), made_result(system), by=0.05)
    for side in ("before", "after"):
        assert sum(found.marks[side].values()) == len(marks)


def test_a_mark_that_is_not_invalid_counts_its_round() -> None:
    found = compare(BASE, made_result(with_marks(PLAIN, {0: BUSY})), by=0.05)
    assert change(found, "p50_ms").after.rounds == 5
    assert found.marks["after"] == {"MACHINE_BUSY": 1}
