"""Recorded searches and what shoppers did, as a dataset to train on: position taken out of it."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ranker.columns import Float32Array
from ranker.dataset import RankingDataset
from ranker.events import DEFAULT_WEIGHTS, EventWeights
from ranker.features.schema import FEATURES, fingerprint
from ranker.labels import labels_from_log
from ranker.propensity import Propensities, estimate
from ranker.shown_log import ShownLog
from server.errors import FailedPrecondition
from server.feedback.event import EventKind
from server.feedback.judged import SearchWithEvents

MOST_SEARCHES_A_TEXT = 20
"""Of one query text, the newest so many searches train; all of them count for grades."""

MOST_ROWS = 1_000_000
"""The newest so many rows train: their features stay in memory."""

_NEVER_SWAPPED, _OTHER_SWAP = 0, -1


class JudgedSearches(Protocol):
    """Where recorded searches come from: `server.feedback.search_store.SearchStore`.

    Raises:
        OmnishelfError: the store does not answer.
    """

    def judged(self, catalog: str, *, since: float, until: float) -> Iterator[SearchWithEvents]:
        """Searches of ``[since, until)`` (Unix seconds) in order of time, with their events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedLessons:
    """What a log teaches.

    Attributes:
        dataset: The searches to train on, with times and query texts; ``shown`` among the baselines
            is the order in which the products stood.
        propensities: How places are looked at, as estimated.
        counts: Of searches and events, by what became of them.
    """

    dataset: RankingDataset
    propensities: Propensities
    counts: dict[str, int]


@dataclass(slots=True)
class _Read:
    """The log as it is read: a list a column, of searches; features of the newest alone."""

    matrices: dict[int, Float32Array] = field(default_factory=dict)
    kept_of_text: defaultdict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    rows: int = 0
    products: list[tuple[str, ...]] = field(default_factory=list)
    done: list[np.ndarray[tuple[int, int], np.dtype[np.bool_]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    swapped: list[int] = field(default_factory=list)
    trusted: list[bool] = field(default_factory=list)


def logged_lessons(
    searches: Iterable[SearchWithEvents], *, weights: EventWeights = DEFAULT_WEIGHTS
) -> LoggedLessons:
    """Read the searches once, estimate what position does, and grade what was shown.

    Left out and counted: searches without features or with those of another schema (something else
    than a model of this release ordered), searches of shoppers who are not trusted, and events of
    products that their search did not show. Searches without words (of pictures) stand for
    themselves; searches of equal words are one query.

    Raises:
        FailedPrecondition: ``NOTHING_LOGGED``, no search is left, or nothing was done in any.
        ranker.errors.RankingError: ``PROPENSITY_UNKNOWN``.
    """
    counts: Counter[str] = Counter()
    read = _Read()
    current = fingerprint()
    for search in searches:
        counts["searches"] += 1
        if search.record.fingerprint != current or len(search.record.shown) < 1:
            counts["searches_of_other_features"] += 1
            continue
        _add(read, search, counts=counts)
    log = _log(read)
    clean = log.trusted(np.array(read.trusted, dtype=np.bool_))
    if not clean.responded().any():
        raise FailedPrecondition(
            f"there is nothing to learn from: of {counts['searches']} recorded searches"
            f" {counts['searches_of_other_features']} are of other features, and in the rest"
            " nobody clicked, carted or bought; record events with search ids, or give a longer"
            " span of time",
            reason="NOTHING_LOGGED",
        )
    propensities = estimate(clean)
    labels = labels_from_log(clean, propensities=propensities, weights=weights)
    return LoggedLessons(
        dataset=_dataset(read, clean, labels.grades),
        propensities=propensities,
        counts=dict(counts),
    )


def _add(read: _Read, search: SearchWithEvents, *, counts: Counter[str]) -> None:
    record = search.record
    place_of = {product: place for place, product in enumerate(record.shown)}
    done = np.zeros((len(record.shown), max(EventKind) + 1), dtype=np.bool_)
    for event in search.events:
        place = place_of.get(event.product)
        counts["events" if place is not None else "events_of_products_not_shown"] += 1
        if place is not None:
            done[place, event.kind] = True
    trusted = all(event.trusted for event in search.events)
    counts["searches_not_trusted"] += not trusted
    text = record.text.strip().casefold() or f"\0{record.search_id}"
    if trusted:
        _keep(read, record.features, text=text)
    read.products.append(record.shown)
    read.done.append(done)
    read.texts.append(text)
    read.times.append(record.time_seconds)
    read.swapped.append(_swapped_with(record.swapped))
    read.trusted.append(trusted)


def _keep(read: _Read, features: Float32Array, *, text: str) -> None:
    """Keep the features of the search about to be added, and let go of what is too old."""
    of_text = read.kept_of_text[text]
    of_text.append(len(read.texts))
    read.matrices[len(read.texts)] = features
    read.rows += len(features)
    too_old = [of_text.popleft()] if len(of_text) > MOST_SEARCHES_A_TEXT else []
    while read.rows - sum(len(read.matrices[each]) for each in too_old) > MOST_ROWS:
        oldest = next(each for each in read.matrices if each not in too_old)
        read.kept_of_text[read.texts[oldest]].remove(oldest)
        too_old.append(oldest)
    for each in too_old:
        read.rows -= len(read.matrices.pop(each))


def _swapped_with(swapped: tuple[int, int] | None) -> int:
    """The place that changed with the first; other swaps belong to no comparison."""
    if swapped is None:
        return _NEVER_SWAPPED
    first, second = sorted(swapped)
    return second if first == 0 and second > 0 else _OTHER_SWAP


def _log(read: _Read) -> ShownLog:
    sizes = [len(shown) for shown in read.products]
    codes: defaultdict[str, int] = defaultdict()
    codes.default_factory = codes.__len__
    texts: defaultdict[str, int] = defaultdict()
    texts.default_factory = texts.__len__
    done = np.concatenate([np.zeros((0, max(EventKind) + 1), np.bool_), *read.done])
    none = np.empty(0, dtype=np.int32)
    return ShownLog(
        search=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        product=np.array([codes[each] for shown in read.products for each in shown], np.int32),
        position=np.concatenate([none, *(np.arange(size, dtype=np.int32) for size in sizes)]),
        clicked=done[:, EventKind.CLICK],
        carted=done[:, EventKind.ADD_TO_CART],
        bought=done[:, EventKind.PURCHASE],
        text=np.array([texts[each] for each in read.texts], dtype=np.int32),
        swapped_with=np.array(read.swapped, dtype=np.int32),
    )


def _dataset(
    read: _Read, log: ShownLog, grades: np.ndarray[tuple[int], np.dtype[np.int32]]
) -> RankingDataset:
    """The searches whose features were kept, oldest first."""
    chosen = list(read.matrices)
    of_search = np.searchsorted(log.search, [chosen, [place + 1 for place in chosen]])
    rows = np.concatenate([np.arange(start, stop) for start, stop in of_search.T.tolist()])
    matrices = list(read.matrices.values())
    return RankingDataset(
        matrix=np.concatenate([np.empty((0, len(FEATURES)), np.float32), *matrices]),
        labels=grades[rows],
        sizes=np.array([len(matrix) for matrix in matrices], dtype=np.int32),
        keys=tuple(read.texts[place] for place in chosen),
        times=np.array([read.times[place] for place in chosen]),
        baselines={"shown": -log.position[rows].astype(np.float32)},
    )
