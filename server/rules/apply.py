"""What the rules that fire do to the candidates of one search.

The order in which it is done, once the candidates have scores:

1. ``exclude`` leaves products out.
2. ``out_of_stock``: of several such rules the first by name decides. A product is sold out where
   its stock is known to be 0 or less; HIDE leaves it out, LAST buries it, KEEP lets it be.
3. ``boost`` adds ``strength * (best - worst)`` to the score, the sum of all boosts that are about
   the product. Best and worst are of the candidates that are neither left out nor pinned, so a pin
   from far below stretches nothing; where they are equal, boosts add nothing.
4. The caller puts `Adjusted.free` in order, by the new scores and with variety.
5. ``bury``: buried products follow behind all others by score, whatever was added to them.
6. ``pin``: pinned products stand at their places; all others close up around them.

Conflicts: a product that is left out is left out, pinned or not; a pin beats ``bury`` and a limit
of variants, of which it counts as the first; of several rules that pin one product the first by
name counts; of several products pinned to one place that of the first rule by name has it and the
later one takes the next free place; places beyond the end of the answer are its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from server.arrays import BoolArray, Float32Array, Int32Array
from server.retrieval.filters.tree import Filter
from server.rules.rule import Boost, Bury, Exclude, OutOfStock, Pin, Rule, StockPolicy
from server.rules.selecting import ProductValues, holding, needs_index, selected

ACTION_NAMES = {
    Pin: "pin",
    Boost: "boost",
    Bury: "bury",
    Exclude: "exclude",
    OutOfStock: "out_of_stock",
}
"""What an explanation calls each action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A rule that had a say in where a product stands: its resource name, and what it did."""

    name: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """What rules make of n candidates.

    Attributes:
        kept: bool (n,), False for those left out.
        added: float32 (n,), to add to the scores: the contribution of family `rules`.
        buried: bool (n,), those that stand behind all others unless they are pinned.
        pins: Pairs of place (from 1) and candidate (0 to n - 1), by place; each candidate once,
            each place once, only candidates that are kept.
        fired: For each candidate the rules that had a say, in the order of their names.
    """

    kept: BoolArray
    added: Float32Array
    buried: BoolArray
    pins: tuple[tuple[int, int], ...]
    fired: tuple[tuple[Fired, ...], ...]

    @property
    def free(self) -> Int32Array:
        """The candidates whose places the scores decide: kept, not buried, not pinned."""
        free = self.kept & ~self.buried
        free[[candidate for _, candidate in self.pins]] = False
        return np.flatnonzero(free).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredRules:
    """The rules that fire in one search, at least one, in the order of their names."""

    rules: tuple[Rule, ...]

    @property
    def pinned(self) -> tuple[str, ...]:
        """Ids of all pinned products, each once; empty where no rule pins."""
        pins = (rule.action for rule in self.rules if isinstance(rule.action, Pin))
        return tuple(dict.fromkeys(each for pin in pins for each in pin.products))

    def outsiders(
        self,
        ids: Collection[str],
        *,
        values: ProductValues,
        filter_tree: Filter | None,
        matches: Callable[[Sequence[str], Filter], Collection[str]],
    ) -> tuple[str, ...]:
        """Pinned products that retrieval did not find and the search's filter lets in.

        The caller appends them to the candidates before features are made: their likeness comes
        from the vectors in memory (NaN filled by the reader), words that did not find them count
        as 0, and the ranker scores them like any other; their place is the rule's all the same.

        Args:
            ids: Ids of the candidates that retrieval found.
            values: The catalog's products.
            filter_tree: The search's filter.
            matches: Which of some product ids a filter holds for; asked of the index only where
                the filter needs what memory has not, that is attributes.
        """
        known = set(ids)
        missing = [each for each in self.pinned if each not in known]
        rows = values.rows(missing)
        there = rows >= 0
        missing = [each for each, is_there in zip(missing, there, strict=True) if is_there]
        if filter_tree is None or not missing:
            return tuple(missing)
        if needs_index(filter_tree):
            allowed = set(matches(missing, filter_tree))
            return tuple(each for each in missing if each in allowed)
        holds = holding(filter_tree, rows[there], values=values)
        return tuple(each for each, held in zip(missing, holds, strict=True) if held)

    def adjust(
        self,
        scores: Float32Array,
        *,
        rows: Int32Array,
        stock: Float32Array,
        values: ProductValues,
    ) -> Adjusted:
        """What the rules make of n candidates; steps 1 to 3 of the module, and the pins' places.

        Args:
            scores: float32 (n,), finite.
            rows: int32 (n,), the candidates' rows; filters of rules see what is stored.
            stock: float32 (n,), units as the ranker sees them, NaN where unknown: a trial may
                say other than what is stored.
            values: The catalog's products.
        """
        count = len(scores)
        fired: list[list[Fired]] = [[] for _ in range(count)]
        kept, buried = np.ones(count, np.bool_), np.zeros(count, np.bool_)
        strengths = np.zeros(count, np.float32)
        stock_decided = False
        for rule in self.rules:
            match rule.action:
                case Exclude(selection=selection):
                    about = selected(selection, rows, values=values)
                    kept &= ~about
                case Bury(selection=selection):
                    about = selected(selection, rows, values=values)
                    buried |= about
                case Boost(selection=selection, strength=strength):
                    about = selected(selection, rows, values=values)
                    strengths += about * np.float32(strength)
                case OutOfStock(policy=policy) if not stock_decided:
                    stock_decided = True
                    about = (stock <= 0) & (policy is not StockPolicy.KEEP)
                    if policy is StockPolicy.HIDE:
                        kept &= ~about
                    else:
                        buried |= about
                case _:
                    continue
            _note(fired, rule, np.flatnonzero(about).tolist())
        pins = self._pins(values.ids(rows), kept, fired)
        return Adjusted(
            kept=kept,
            added=strengths * _span(scores, kept, pins),
            buried=buried,
            pins=pins,
            fired=tuple(tuple(sorted(each, key=lambda one: one.name)) for each in fired),
        )

    def _pins(
        self, ids: Sequence[str], kept: BoolArray, fired: list[list[Fired]]
    ) -> tuple[tuple[int, int], ...]:
        pinned: dict[int, int] = {}
        if not self.pinned:
            return ()
        candidate_of = {each: place for place, each in enumerate(ids) if kept[place]}
        taken: set[int] = set()
        for rule in self.rules:
            if not isinstance(rule.action, Pin):
                continue
            place = rule.action.position
            for product in rule.action.products:
                candidate = candidate_of.get(product)
                if candidate is None or candidate in pinned:
                    continue
                while place in taken:
                    place += 1
                taken.add(place)
                pinned[candidate] = place
                _note(fired, rule, [candidate])
        return tuple(sorted((place, candidate) for candidate, place in pinned.items()))


def arranged(
    order: Int32Array,
    adjusted: Adjusted,
    *,
    scores: Float32Array,
    groups: Int32Array | None = None,
    group_limit: int | None = None,
) -> Int32Array:
    """The final order, int32: steps 5 and 6 of the module.

    Args:
        order: The candidates of `Adjusted.free` in the order chosen for them; any that a limit of
            variants left out stay out.
        adjusted: What `FiredRules.adjust` gave.
        scores: float32 (n,), with `Adjusted.added`: the order of the buried.
        groups: int32 (n,), codes of variants of one product, -1 for none.
        group_limit: How many of a group may appear, pinned ones first; None for all.
    """
    pinned = {candidate for _, candidate in adjusted.pins}
    behind = np.flatnonzero(adjusted.kept & adjusted.buried)
    behind = behind[np.argsort(-scores[behind], kind="stable")]
    free = [each for each in order.tolist() if adjusted.kept[each] and not adjusted.buried[each]]
    rest = [each for each in [*free, *behind.tolist()] if each not in pinned]
    if groups is not None and group_limit is not None:
        rest = _within_limit(rest, pinned, groups=groups.tolist(), limit=group_limit)
    result: list[int] = []
    left = iter(rest)
    for place, candidate in adjusted.pins:
        while len(result) < place - 1 and (following := next(left, None)) is not None:
            result.append(following)
        result.append(candidate)
    return np.array([*result, *left], dtype=np.int32)


def _within_limit(
    rest: Sequence[int], pinned: Collection[int], *, groups: Sequence[int], limit: int
) -> list[int]:
    counts = Counter(groups[each] for each in pinned)
    allowed = []
    for each in rest:
        group = groups[each]
        counts[group] += 1
        if group < 0 or counts[group] <= limit:
            allowed.append(each)
    return allowed


def _span(scores: Float32Array, kept: BoolArray, pins: Sequence[tuple[int, int]]) -> np.float32:
    counted = kept.copy()
    counted[[candidate for _, candidate in pins]] = False
    among = scores[counted]
    return np.float32(among.max() - among.min()) if len(among) else np.float32(0)


def _note(fired: list[list[Fired]], rule: Rule, candidates: Sequence[int]) -> None:
    if candidates:
        said = Fired(name=rule.name, action=ACTION_NAMES[type(rule.action)])
        for each in candidates:
            fired[each].append(said)
