"""Shopping phrases made from the glossary, in natural Chinese forms, with their English.

A phrase is a thing and what describes it. Its English is written once, in English order; its
Chinese is written anew each time it is asked for, because shoppers write one wish in many ways:
with and without 的, with spaces, the audience first or last, as a search or as a sentence.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.glossary import GOODS, Term

# How often each kind of describing term goes with a kind of goods.
_WORN = {
    "colour": 0.6,
    "department": 0.6,
    "wear": 0.35,
    "fabric": 0.2,
    "pattern": 0.12,
    "style": 0.12,
    "season": 0.1,
    "occasion": 0.12,
    "brand": 0.06,
    "price": 0.04,
    "size": 0.02,
}
_HOUSEHOLD = {
    "colour": 0.35,
    "material": 0.3,
    "attribute": 0.35,
    "style": 0.12,
    "pattern": 0.08,
    "occasion": 0.05,
    "brand": 0.04,
    "price": 0.05,
}
_EATEN = {"foodtrait": 0.6, "brand": 0.03, "price": 0.06, "attribute": 0.04}
_AFFINITY: dict[str, dict[str, float]] = {
    "clothing": _WORN,
    "shoes": _WORN,
    "bag": _WORN | {"attribute": 0.15},
    "headed": {**_WORN, "department": 0.0},
    "jewellery": {"colour": 0.3, "department": 0.4, "material": 0.3, "style": 0.2, "brand": 0.06},
    "bedding": {"colour": 0.4, "fabric": 0.4, "pattern": 0.2, "attribute": 0.25, "season": 0.15},
    "sport": {
        "colour": 0.3,
        "attribute": 0.35,
        "department": 0.25,
        "material": 0.15,
        "brand": 0.06,
    },
    "outdoor": _HOUSEHOLD | {"department": 0.15},
    "food": _EATEN,
    "drink": _EATEN,
    "beauty": {"skin": 0.5, "department": 0.35, "brand": 0.06, "price": 0.05, "colour": 0.1},
    "baby": _HOUSEHOLD | {"department": 0.2},
    "toy": _HOUSEHOLD | {"department": 0.3, "tech": 0.1},
    "electronics": {"tech": 0.5, "attribute": 0.25, "colour": 0.25, "brand": 0.15, "price": 0.05},
    "car": _HOUSEHOLD | {"tech": 0.1},
}
_ENGLISH_ORDER = (
    *("price", "size", "brand", "attribute", "foodtrait", "skin", "tech", "wear", "style"),
    *("season", "colour", "pattern", "fabric", "material", "department"),
)
_MOST_DESCRIBING = 4
_SWITCHED = 0.03
_SPACED, _TRAILING, _REMARKED = 0.25, 0.15, 0.1  # shares of the ways a phrase is written
_BEFORE = 0.6  # share of the descriptions that stay before the thing where some follow it
_EVEN = 0.5
_REMARKS = (
    *("我想买{}", "想要{}", "想找一款{}", "求推荐{}", "有没有{}", "哪里买{}", "找{}", "买{}"),
    *("推荐一款{}", "给我看看{}", "我要{}", "一件{}", "一款{}", "{}推荐", "{}哪款好", "{}价格"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A thing with its description. ``english`` is fixed; ``chinese`` varies with the generator."""

    thing: Term
    describing: tuple[Term, ...]
    english: str

    def chinese(self, generator: random.Random) -> str:
        """Write the phrase in one of the ways a shopper would."""
        occasion = _first(self.describing, "occasion")
        others = [term for term in self.describing if term.kind != "occasion"]
        roll = generator.random()
        if roll < _SPACED:
            text = self._spaced(generator, others)
        elif roll < _SPACED + _TRAILING:
            text = self._trailing(generator, others)
        else:
            text = self._leading(generator, others)
        if occasion is not None:
            text = _with_occasion(generator, text, _form(generator, occasion))
        if generator.random() < _REMARKED:
            text = generator.choice(_REMARKS).format(text)
        return " ".join(text.split())

    def _leading(self, generator: random.Random, others: list[Term]) -> str:
        """蓝色的女士长裤: descriptions in any order, 的 after some of them."""
        generator.shuffle(others)
        parts = []
        for place, term in enumerate(others):
            form = _form(generator, term)
            last = place == len(others) - 1
            linked = not form.endswith("的") and generator.random() < (0.35 if last else 0.25)
            parts.append(form + "的" if linked else form)
        return "".join((*parts, _form(generator, self.thing)))

    def _trailing(self, generator: random.Random, others: list[Term]) -> str:
        """红色连衣裙女: some descriptions, the audience above all, follow the thing."""
        generator.shuffle(others)
        before = [
            term for term in others if term.kind != "department" and generator.random() < _BEFORE
        ]
        after = [term for term in others if term not in before]
        gap = generator.choice(("", "", " "))
        words = [_form(generator, term) for term in (*before, self.thing, *after)]
        return gap.join(words)

    def _spaced(self, generator: random.Random, others: list[Term]) -> str:
        """女款 蓝色 长裤: search words in any order."""
        words = [_form(generator, term) for term in (*others, self.thing)]
        if generator.random() < _EVEN:
            generator.shuffle(words)
        return " ".join(words)


def make_phrases(terms: Sequence[Term], count: int, *, seed: int) -> list[Phrase]:
    """Make ``count`` phrases; the same seed gives the same phrases."""
    generator = random.Random(seed)  # noqa: S311 - training data, not secrets
    kinds: dict[str, list[Term]] = {}
    for term in terms:
        kinds.setdefault(term.kind, []).append(term)
    things = [term for term in terms if term.kind in GOODS]
    weights = [2.0 if term.kind in {"clothing", "shoes", "bag"} else 1.0 for term in things]
    return [
        _phrase(generator, thing, kinds)
        for thing in generator.choices(things, weights=weights, k=count)
    ]


def _phrase(generator: random.Random, thing: Term, kinds: dict[str, list[Term]]) -> Phrase:
    chances = _AFFINITY.get(thing.kind, _HOUSEHOLD)
    chosen = [
        generator.choices(kinds[kind], weights=_usual_first(kinds[kind]), k=1)[0]
        for kind, chance in chances.items()
        if kind in kinds and generator.random() < chance
    ]
    generator.shuffle(chosen)
    described = tuple(chosen[:_MOST_DESCRIBING])
    return Phrase(thing=thing, describing=described, english=_english(generator, thing, described))


def _usual_first(terms: Sequence[Term]) -> list[float]:
    """Weight terms by their place in the glossary, which lists a kind's usual ones first."""
    return [1.0 + 12.0 / (place + 1) ** 0.5 for place in range(len(terms))]


def _english(generator: random.Random, thing: Term, describing: Sequence[Term]) -> str:
    """Write the phrase as an English query: "waterproof blue women's jacket for running"."""
    by_kind = {term.kind: term for term in describing}
    words = [
        _form(generator, by_kind[kind], english=True) for kind in _ENGLISH_ORDER if kind in by_kind
    ]
    name = _form(generator, thing, english=True)
    if "occasion" not in by_kind:
        return " ".join((*words, name))
    occasion = _form(generator, by_kind["occasion"], english=True)
    if generator.random() < _EVEN:
        return " ".join((*words, name, "for", occasion))
    return " ".join((*words, occasion, name))


def _form(generator: random.Random, term: Term, *, english: bool = False) -> str:
    """Take the usual form or any form; now and then the English word within Chinese text."""
    if not english and generator.random() < _SWITCHED:
        return f" {term.english[0]} "
    forms = term.english if english else term.chinese
    usual = 0.75 if english else 0.4
    return forms[0] if generator.random() < usual else generator.choice(forms)


def _first(terms: Sequence[Term], kind: str) -> Term | None:
    return next((term for term in terms if term.kind == kind), None)


def _with_occasion(generator: random.Random, text: str, occasion: str) -> str:
    gap = " " if " " in text else ""
    return generator.choice(
        (
            f"适合{occasion}的{text}",
            f"{occasion}用的{text}",
            f"{occasion}穿的{text}",
            f"{occasion}{gap}{text}",
            f"{occasion}{gap}{text}",
            f"{text}{gap}{occasion}",
            f"{occasion}专用{gap}{text}",
        )
    )
