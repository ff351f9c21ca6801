"""Puts candidates in order: features, scores, what rules add to them, and variety."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, TypeVar

import numpy as np

from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import CandidateColumns
from ranker.diversify import Cap, diversified
from ranker.errors import RankingError
from ranker.explain import FEATURE_NAMES, RULES, columns_of
from ranker.protocol import Ranker, Twinned
from server.arrays import Float32Array, Int8Array, Int32Array
from server.candidate_finder import Considered
from server.deadline import Deadline
from server.errors import InvalidRequest, Violation
from server.pipeline_options import PipelineOptions
from server.query import Query, RankingMode
from server.rules.apply import Adjusted, arranged
from server.rules.table_values import TableValues
from server.signals.reader import TableReader
from server.stages import StageClock

Column = TypeVar("Column", Float32Array, Int8Array, Int32Array)


class ServedRanker(Protocol):
    """What has the ranker that is served now: `server.rankers.served.ServedRanker`, or a fake."""

    @property
    def current(self) -> Ranker:
        """The ranker; asked once a request, which keeps it to its end. Never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What a ranker and the rules made of n candidates.

    Attributes:
        ranker: Who gave the scores.
        matrix: float32 (n, m), what they were given for.
        given: float32 (n,), the ranker's own scores.
        scores: float32 (n,), with what rules added.
        adjusted: What rules made of the candidates; None where none fired.
    """

    ranker: Ranker
    matrix: Float32Array
    given: Float32Array
    scores: Float32Array
    adjusted: Adjusted | None

    @property
    def by_schema(self) -> bool:
        """Whether the matrix is that of the current feature schema, as a model takes it."""
        names, _ = columns_of(self.ranker)
        return names is FEATURE_NAMES and self.matrix.shape[1] == len(names)

    @property
    def pinned(self) -> frozenset[int]:
        """Candidates whose places rules have fixed."""
        pins = self.adjusted.pins if self.adjusted else ()
        return frozenset(candidate for _, candidate in pins)

    def contributions(self, candidates: Int32Array) -> dict[str, Float32Array]:
        """By family, `bias` and `rules`, what made the scores of some candidates (k,).

        Raises:
            RankingError: the model cannot say it.
        """
        parts = self.ranker.contributions(self.matrix[candidates])
        if self.adjusted is None:
            return {**parts, RULES: np.zeros(len(candidates), np.float32)}
        return {**parts, RULES: self.adjusted.added[candidates]}


class RankingStage:
    """Ranks and orders candidates. Any thread may ask at any time."""

    def __init__(self, served: ServedRanker, *, options: PipelineOptions) -> None:
        self._served = served
        self._options = options
        self._rules = Rules()
        self._retrieval = RetrievalOrder()

    def taken(self, query: Query) -> Ranker:
        """The ranker that a query asks for, to keep for all that is done for it."""
        match query.mode:
            case RankingMode.MODEL:
                return self._served.current
            case RankingMode.RULES:
                return self._rules
            case RankingMode.RETRIEVAL:
                return self._retrieval

    def ranked(
        self,
        query: Query,
        considered: Considered,
        *,
        ranker: Ranker,
        reader: TableReader,
        clock: StageClock,
        deadline: Deadline,
    ) -> Ranked:
        """Scores by ``ranker``, or by its twin where it fails, or by retrieval order where both do.

        Without time for a ranker they are those of retrieval order at once.

        Raises:
            InvalidRequest: ``feature_overrides`` names what the ranker does not have.
        """
        matrix, given, used = self._scored(
            query, considered, ranker=ranker, clock=clock, deadline=deadline
        )
        adjusted, scores = None, given
        if considered.rules is not None:
            with clock.stage("rules"):
                adjusted = considered.rules.adjust(
                    given,
                    rows=considered.rows,
                    stock=considered.columns.stock,
                    values=TableValues(reader.state),
                )
                scores = given + adjusted.added
        return Ranked(ranker=used, matrix=matrix, given=given, scores=scores, adjusted=adjusted)

    def _scored(
        self,
        query: Query,
        considered: Considered,
        *,
        ranker: Ranker,
        clock: StageClock,
        deadline: Deadline,
    ) -> tuple[Float32Array, Float32Array, Ranker]:
        overrides = query.feature_overrides
        if ranker is self._retrieval:
            return _given(considered, ranker, overrides=overrides, clock=clock)
        failure = ""
        for rung in _with_twin(ranker):
            if not self._options.budgets.allows_ranking(deadline):
                failure = failure or "DEADLINE"
                break
            try:
                given = _given(considered, rung, overrides=overrides, clock=clock)
            except RankingError as error:
                failure = failure or error.reason
                continue
            if failure:
                clock.fall_back("rank", used="linear_twin", reason=failure)
            return given
        clock.fall_back("rank", used="retrieval_order", reason=failure)
        # Overrides are of the features of the ranker that cannot answer.
        return _given(considered, self._retrieval, overrides={}, clock=clock)

    def ordered(
        self,
        query: Query,
        columns: CandidateColumns,
        ranked: Ranked,
        *,
        clock: StageClock,
        deadline: Deadline,
    ) -> Int32Array:
        """The candidates' places in the order to answer, int32; without those left out."""
        adjusted = ranked.adjusted
        free = None if adjusted is None else adjusted.free

        def some(column: Column) -> Column:
            return column if free is None else column[free]

        group_limit = query.collapse_limit
        groups = columns.group if group_limit else None
        limits = ((columns.brand, query.brand_limit), (columns.category, query.category_limit))
        order = diversified(
            some(ranked.scores),
            some(columns.vectors),
            method=query.diversifier,
            strength=self._strength(query, clock=clock, deadline=deadline),
            limit=self._options.varied_places,
            groups=None if groups is None else some(groups),
            group_limit=group_limit,
            caps=[Cap(codes=some(codes), most=most) for codes, most in limits if most],
        )
        if adjusted is None or free is None:
            return order
        return arranged(
            free[order], adjusted, scores=ranked.scores, groups=groups, group_limit=group_limit
        )

    def _strength(self, query: Query, *, clock: StageClock, deadline: Deadline) -> float:
        strength = query.variety
        if strength is None:
            strength = self._options.variety if query.mode is RankingMode.MODEL else 0.0
        if strength > 0 and not self._options.budgets.allows_diversifying(deadline):
            clock.fall_back("diversify", used="score_order", reason="DEADLINE")
            return 0.0
        return strength


def _with_twin(ranker: Ranker) -> Iterator[Ranker]:
    """The ranker and, for whom it does not do, its twin where it has one."""
    yield ranker
    # Checked only after a failure: every request would pay for it.
    if isinstance(ranker, Twinned) and ranker.twin is not None:
        yield ranker.twin


def _given(
    considered: Considered, ranker: Ranker, *, overrides: Mapping[str, float], clock: StageClock
) -> tuple[Float32Array, Float32Array, Ranker]:
    """The matrix, its scores, and who gave them."""
    with clock.stage("features"):
        matrix = ranker.features(considered.facts, considered.columns)
        if overrides:
            overrule(matrix, columns_of(ranker)[0], overrides)
    with clock.stage("rank"):
        scores = ranker.score(matrix)
    if not np.isfinite(scores).all():
        message = "the ranker gave a score that is no number; retrain it or roll it back"
        raise RankingError(message, reason="SCORE_NOT_FINITE")
    return matrix, scores, ranker


def overrule(matrix: Float32Array, names: Sequence[str], overrides: Mapping[str, float]) -> None:
    """Set whole columns of a matrix (n, m), in place.

    Raises:
        InvalidRequest: ``FEATURE_UNKNOWN`` for every name that is no column.
    """
    place_of = {name: place for place, name in enumerate(names)}
    unknown = [name for name in overrides if name not in place_of]
    if unknown:
        raise InvalidRequest([unknown_feature(name, names) for name in unknown])
    for name, value in overrides.items():
        matrix[:, place_of[name]] = value


def unknown_feature(name: str, names: Sequence[str]) -> Violation:
    """What is wrong with an override of a feature that a ranker has not, with names near it."""
    near = get_close_matches(name, names, n=3)
    remedy = f"did you mean {', '.join(near)}?" if near else f"take one of {', '.join(names)}"
    return Violation(
        field=f"ranking.feature_overrides[{name[:60]}]",
        reason="FEATURE_UNKNOWN",
        description=f"the ranker has no such feature; {remedy}",
    )
