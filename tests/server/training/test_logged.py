"""A log becomes lessons: joined by search, graded without position, what is odd left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ranker.features.schema import FEATURES, fingerprint
from ranker.propensity import PropensityMethod
from ranker.train import TrainingSettings, train_dataset
from server.errors import FailedPrecondition
from server.feedback.event import EventKind
from server.feedback.judged import SearchEvent, SearchWithEvents
from server.feedback.search_record import SearchRecord
from server.training import logged as module
from server.training.logged import logged_lessons

Done = tuple[str, EventKind]


def event(product: str, kind: EventKind, *, trusted: bool = True) -> SearchEvent:
    return SearchEvent(
        product=product,
        kind=kind,
        position=0,
        time_seconds=0.0,
        user="",
        session="",
        quantity=0,
        revenue_micros=None,
        currency="",
        trusted=trusted,
    )


def search(
    number: int,
    shown: Sequence[str],
    *done: Done,
    text: str = "mug",
    features: str | None = None,
    swapped: tuple[int, int] | None = None,
    trusted: bool = True,
) -> SearchWithEvents:
    """A search whose first feature of each row is the search's number, the second the place."""
    matrix = np.zeros((len(shown), len(FEATURES)), dtype=np.float32)
    matrix[:, 0], matrix[:, 1] = number, np.arange(len(shown))
    record = SearchRecord(
        search_id=f"s{number}",
        catalog="shop",
        time_seconds=float(number),
        user="",
        session="",
        text=text,
        ranker="taught@1",
        fingerprint=fingerprint() if features is None else features,
        encoder_bundle="starter",
        shown=tuple(shown),
        features=matrix,
        swapped=swapped,
    )
    return SearchWithEvents(
        record=record, events=tuple(event(*each, trusted=trusted) for each in done)
    )


CLICK, CART, BUY = EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.PURCHASE

MOVED = [
    search(
        number,
        ("a", "b", "c") if number % 2 else ("b", "a", "c"),
        *[("a", CLICK)] * (number % 3 == 0),
        *[("b", CLICK)] * (number % 4 == 0),
    )
    for number in range(24)
]


def test_searches_line_up_with_their_rows() -> None:
    found = logged_lessons(MOVED)
    dataset = found.dataset
    assert len(dataset.sizes) == module.MOST_SEARCHES_A_TEXT
    assert dataset.matrix.shape == (60, len(FEATURES))
    # The newest twenty, oldest first.
    assert dataset.matrix[::3, 0].tolist() == list(range(4, 24))
    assert dataset.times is not None
    assert dataset.times.tolist() == list(range(4, 24))
    assert set(dataset.keys) == {"mug"}
    assert dataset.baselines["shown"][:3].tolist() == [0.0, -1.0, -2.0]
    # "c" is never clicked; "a" and "b" have one grade each, wherever they stood.
    grades = dataset.labels.reshape(-1, 3)
    assert (grades[:, 2] == 0).all()
    assert (grades[::2, :2] == grades[0, :2]).all()
    assert (grades[1::2, :2] == grades[0, 1::-1]).all()
    assert (grades[:, :2] > 0).all()
    assert found.counts["searches"] == 24
    assert found.counts["events"] == 14
    assert found.propensities.method is PropensityMethod.EXPECTATION_MAXIMISATION


def test_the_most_done_makes_the_highest_grade() -> None:
    done = [("a", CLICK), ("a", CART), ("a", BUY), ("b", CLICK)]
    found = logged_lessons([*MOVED, search(99, ("a", "b", "c"), *done, text="cup")])
    a, b, c = found.dataset.labels[-3:].tolist()
    assert a > b > c == 0


def test_words_are_one_query_however_typed_and_no_words_are_each_their_own() -> None:
    odd = [search(50, ("a", "b"), text=" MUG "), search(51, ("a",), text=""), search(52, ("a",))]
    picture = search(53, ("a", "b"), text="")
    keys = logged_lessons([*MOVED, *odd, picture]).dataset.keys
    assert keys.count("mug") == module.MOST_SEARCHES_A_TEXT
    assert len(set(keys)) == 3


def test_what_is_odd_is_left_out_and_counted() -> None:
    odd = [
        search(70, ("a", "b", "c"), ("c", BUY), features="other"),
        search(71, ("c", "a", "b"), ("c", BUY), ("c", CLICK), trusted=False),
        search(72, (), ("c", BUY)),
        search(73, ("a", "b"), ("elsewhere", CLICK)),
    ]
    found, clean = logged_lessons([*MOVED, *odd]), logged_lessons(MOVED)
    assert found.counts["searches_of_other_features"] == 2
    assert found.counts["searches_not_trusted"] == 1
    assert found.counts["events_of_products_not_shown"] == 1
    # What a suspect bought does not lift its grade.
    assert found.dataset.labels.max() == clean.dataset.labels.max()
    numbers = set(found.dataset.matrix[:, 0].tolist())
    assert 73 in numbers
    assert not numbers & {70, 71, 72}


@pytest.mark.parametrize(
    ("swapped", "place"), [(None, 0), ((0, 4), 4), ((4, 0), 4), ((2, 3), -1), ((0, 0), -1)]
)
def test_only_swaps_with_the_first_place_compare(
    swapped: tuple[int, int] | None, place: int
) -> None:
    assert module._swapped_with(swapped) == place


@pytest.mark.parametrize(
    "searches",
    [[], [search(1, ("a", "b"))], [search(1, ("a",), ("a", BUY), features="other")]],
)
def test_nothing_to_learn_from_is_said(searches: list[SearchWithEvents]) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        logged_lessons(searches)
    assert caught.value.reason == "NOTHING_LOGGED"


def test_features_of_the_newest_rows_alone_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 9)
    found = logged_lessons(MOVED)
    assert found.dataset.matrix[::3, 0].tolist() == [21, 22, 23]
    assert found.counts["searches"] == 24


def test_a_log_trains_a_ranker_by_query_and_by_time() -> None:
    rng = np.random.default_rng(3)
    searches = []
    for number in range(300):
        shown = [f"p{product}" for product in rng.permutation(8)]
        liked = [(each, CLICK) for each in shown[:4] if each in ("p1", "p2") and rng.random() < 0.8]
        made = search(number, shown, *liked, text=f"query {number % 30}")
        made.record.features[:, 2] = [float(each in ("p1", "p2")) for each in shown]
        searches.append(made)
    lessons = logged_lessons(searches)
    trained = train_dataset(
        lessons.dataset,
        seed=1,
        settings=TrainingSettings(rounds=20, min_rows_in_leaf=5, threads=1),
    )
    assert trained.report["data"]["held_out_by"] == "query and time"  # type: ignore[index]
    assert trained.metrics["ndcg@10"] > trained.metrics["shown_ndcg@10"] + 0.2
