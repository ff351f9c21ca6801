"""Labels from a log: gains by hand, place taken out once, nothing done is grade 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranker import labels as module
from ranker.events import EventWeights
from ranker.labels import labels_from_log
from ranker.propensity import NO_BIAS, Propensities, PropensityMethod
from ranker.shown_log import ShownLog

HALF = Propensities(
    values=np.array([1.0, 0.5]), standard_errors=np.zeros(2), method=PropensityMethod.SWAPS
)
WEIGHTS = EventWeights(click=1, cart=3, purchase=8)


def log(*rows: tuple[int, int, int, str], texts: list[int] | None = None) -> ShownLog:
    """Rows of search, product, position and what was done: letters of "cab" (bought is "b")."""
    search, product, position, done = zip(*rows, strict=True) if rows else ((), (), (), ())
    searches = max(search, default=-1) + 1
    return ShownLog(
        search=np.array(search, dtype=np.int32),
        product=np.array(product, dtype=np.int32),
        position=np.array(position, dtype=np.int32),
        clicked=np.array(["c" in each for each in done], dtype=np.bool_),
        carted=np.array(["a" in each for each in done], dtype=np.bool_),
        bought=np.array(["b" in each for each in done], dtype=np.bool_),
        text=np.array(texts if texts is not None else [0] * searches, dtype=np.int32),
        swapped_with=np.zeros(searches, dtype=np.int32),
    )


def gains(shown: ShownLog, propensities: Propensities = HALF) -> list[float]:
    found = labels_from_log(shown, propensities=propensities, weights=WEIGHTS)
    return [float(gain) for gain in found.gains]


def test_the_most_that_was_done_counts_once_over_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRIOR_SHOWINGS", 0.0)
    shown = log((0, 0, 0, "c"), (0, 1, 1, "c"), (0, 2, 1, "cab"), (0, 3, 1, "ca"), (0, 4, 0, ""))
    assert gains(shown) == [1.0, 2.0, 16.0, 6.0, 0.0]
    assert gains(shown, NO_BIAS) == [1.0, 1.0, 8.0, 3.0, 0.0]


def test_a_purchase_whose_click_was_lost_counts_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRIOR_SHOWINGS", 0.0)
    assert gains(log((0, 0, 0, "b"), (0, 1, 0, "cab"))) == [8.0, 8.0]


def test_searches_of_one_text_are_pooled_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PRIOR_SHOWINGS", 0.0)
    rows = ((0, 7, 0, "c"), (1, 7, 1, ""), (2, 7, 0, ""))
    assert gains(log(*rows, texts=[0, 0, 1])) == [0.5, 0.5, 0.0]
    assert gains(log(*rows, texts=[0, 0, 0])) == pytest.approx([1 / 3] * 3)


def test_a_single_click_is_drawn_to_the_mean_of_the_log() -> None:
    # Gains are 2 and 0, their mean 1; five showings more of the mean each: (2 + 5) / 6 and 5 / 6.
    assert gains(log((0, 0, 1, "c"), (0, 1, 0, ""))) == pytest.approx([7 / 6, 5 / 6])


def test_nothing_done_is_grade_0_and_the_rest_go_by_gain() -> None:
    # Eleven products clicked 0 to 10 times of ten.
    rows = [
        (search, product, 0, "c" if search < product else "")
        for search in range(10)
        for product in range(11)
    ]
    found = labels_from_log(log(*rows), propensities=NO_BIAS)
    grades = found.grades[:11].tolist()
    assert grades[0] == 0
    assert grades[1:] == [1, 1, 1, 1, 2, 2, 3, 3, 3, 4]
    assert found.grades.dtype == np.int32


def test_place_is_taken_out_of_grades() -> None:
    # Two products liked alike; one always stands where half as many look.
    rng = np.random.default_rng(1)
    rows = [
        (search, product, product, "c" if rng.random() < 0.8 * (0.5 if product else 1.0) else "")
        for search in range(2000)
        for product in range(2)
    ]
    estimated = gains(log(*rows))
    assert estimated[0] == pytest.approx(estimated[1], rel=0.1)
    raw = gains(log(*rows), NO_BIAS)
    assert raw[0] > 1.7 * raw[1]


def test_what_is_not_trusted_leaves_no_trace() -> None:
    rows = ((0, 0, 0, "c"), (0, 1, 1, ""), (1, 0, 0, "c"), (1, 1, 1, "cab"))
    poisoned = log(*rows)
    clean = poisoned.trusted(np.array([True, False]))
    assert len(clean) == 2
    assert gains(clean) == gains(log(*rows[:2]))
    assert gains(clean) != gains(poisoned)[:2]


@pytest.mark.parametrize("rows", [(), ((0, 0, 0, ""), (0, 1, 1, ""))])
def test_a_log_of_nothing_has_no_grades(rows: tuple[tuple[int, int, int, str], ...]) -> None:
    found = labels_from_log(log(*rows), propensities=HALF)
    assert found.grades.tolist() == [0] * len(rows)


def test_order_of_searches_does_not_matter() -> None:
    rows = [(0, 0, 0, "c"), (0, 1, 1, ""), (1, 1, 0, "ca"), (1, 0, 1, "")]
    other = [(1 - search, *rest) for search, *rest in rows[2:] + rows[:2]]
    first, second = gains(log(*rows)), gains(log(*other))  # type: ignore[arg-type]
    assert first == [second[2], second[3], second[0], second[1]]


def test_a_malformed_log_is_refused() -> None:
    shown = log((0, 0, 0, "c"), (0, 1, 1, ""))
    with pytest.raises(Exception, match="different lengths"):
        labels_from_log(replace(shown, product=shown.product[:1]), propensities=HALF)
