"""A random search over a library's parameters, the same for every library that is compared.

Folds are by query and the same for all; each trial is trained on all folds but one, stopped early
on that one, and worth the mean NDCG@10 over all queries while they were held out. The best trial is
trained once more on everything, with the mean of the rounds its folds stopped at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ranker.metrics import mean_over_queries, ndcg

PLACES = 10

Floats = npt.NDArray[np.float32]
Parameters = Mapping[str, float]
Scorer = Callable[[Floats], npt.NDArray[np.floating]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Queries as learners take them.

    ``matrix`` float32 (rows, m), the rows of a query together; ``labels`` int32 (rows,), whole
    grades; ``sizes`` int32 (queries,), the rows of each.
    """

    matrix: Floats
    labels: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]

    def of(self, queries: npt.NDArray[np.bool_]) -> Rows:
        """Those of the marked queries (queries,), in order."""
        rows = np.repeat(queries, self.sizes)
        return Rows(matrix=self.matrix[rows], labels=self.labels[rows], sizes=self.sizes[queries])


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What every library is given alike.

    ``trials`` parameter sets, the first the library's documented defaults; ``folds``; at most
    ``rounds`` trees, stopped after ``patience`` without a better NDCG@10; no new trial after
    ``seconds``; ``threads``; the ``seed`` of folds, draws and learners.
    """

    trials: int
    folds: int
    rounds: int
    patience: int
    seconds: float
    threads: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A trained model: its scores of a matrix, and how many rounds it keeps."""

    score: Scorer
    rounds: int


class Learner(Protocol):
    """One library. The same arguments give the same model."""

    def defaults(self) -> Parameters:
        """The library's documented defaults of the parameters that `draw` draws."""

    def draw(self, rng: np.random.Generator) -> Parameters:
        """One set of parameters from ranges its documentation recommends."""

    def fit(
        self, training: Rows, validation: Rows | None, *, parameters: Parameters, budget: Budget
    ) -> Fitted:
        """Train; with ``validation`` stop early on its NDCG@10, without run all the rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search ended with: scores of the test rows and how they came about."""

    scores: npt.NDArray[np.float64]
    parameters: Parameters
    validated: float
    trials: int
    seconds: float


def search(
    learner: Learner, *, training: Rows, test: npt.NDArray[np.float32], budget: Budget
) -> Found:
    """Try, choose, train on everything, and score the matrix ``test``."""
    started = time.monotonic()
    fold_of = folds(len(training.sizes), count=budget.folds, seed=budget.seed)
    rng = np.random.default_rng(budget.seed)
    best: tuple[float, Parameters, int] | None = None
    tried = 0
    for trial in range(budget.trials):
        if trial and time.monotonic() - started > budget.seconds:
            break
        parameters = learner.draw(rng) if trial else learner.defaults()
        value, rounds = _tried(learner, training, parameters, fold_of=fold_of, budget=budget)
        tried += 1
        if best is None or value > best[0]:
            best = (value, parameters, rounds)
    if best is None:
        raise ValueError("a budget without trials finds nothing; give one or more")
    value, parameters, rounds = best
    final = _with_rounds(budget, rounds)
    fitted = learner.fit(training, None, parameters=parameters, budget=final)
    return Found(
        scores=np.asarray(fitted.score(test), dtype=np.float64),
        parameters=parameters,
        validated=value,
        trials=tried,
        seconds=time.monotonic() - started,
    )


def folds(queries: int, *, count: int, seed: int) -> npt.NDArray[np.int64]:
    """The fold of each query, dealt at random and evenly."""
    dealt = np.empty(queries, dtype=np.int64)
    dealt[np.random.default_rng(seed).permutation(queries)] = np.arange(queries) % count
    return dealt


def ndcg_of_queries(
    scores: npt.NDArray[np.floating], labels: npt.NDArray[np.int32], sizes: Sequence[int]
) -> list[float]:
    """NDCG@10 of each query; NaN without a relevant row. Equal scores keep the rows' order."""
    stops = np.cumsum(sizes).tolist()
    values = []
    for stop, size in zip(stops, sizes, strict=True):
        rows = slice(int(stop - size), int(stop))
        order = np.argsort(-scores[rows], kind="stable")
        values.append(ndcg(labels[rows][order], labels[rows], k=PLACES))
    return values


def _tried(
    learner: Learner,
    training: Rows,
    parameters: Parameters,
    *,
    fold_of: npt.NDArray[np.int64],
    budget: Budget,
) -> tuple[float, int]:
    values: list[float] = []
    rounds: list[int] = []
    for fold in range(budget.folds):
        held = training.of(fold_of == fold)
        kept = training.of(fold_of != fold)
        fitted = learner.fit(kept, held, parameters=parameters, budget=budget)
        values += ndcg_of_queries(fitted.score(held.matrix), held.labels, held.sizes.tolist())
        rounds.append(fitted.rounds)
    return mean_over_queries(values), max(round(fmean(rounds)), 1)


def _with_rounds(budget: Budget, rounds: int) -> Budget:
    return Budget(
        trials=budget.trials,
        folds=budget.folds,
        rounds=rounds,
        patience=budget.patience,
        seconds=budget.seconds,
        threads=budget.threads,
        seed=budget.seed,
    )
