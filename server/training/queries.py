"""Queries with true relevance, made from what a catalogue says of its own products."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from server.catalog.record import ProductRecord
from server.training.wording import Thesaurus, Wording, say_chinese, say_english

EXACT, RIGHT_KIND = 2, 1
_TITLE_NOISE = frozenset(["the", "a", "an", "of", "with", "and", "for", "in"])


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuery:
    """A query's words, its language, and the grade of every product that is relevant at all.

    Grades: 2 for what was asked, 1 for the right kind of thing that misses a wish (the colour, the
    material, the price).
    """

    text: str
    language: str
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One wish beside the kind of thing: how it is said, and who fulfils it."""

    wording: Wording
    slot: str
    fulfilled: Callable[[ProductRecord], bool]


class QueryMaker:
    """Makes queries over one shop; the same seed makes the same queries."""

    def __init__(
        self, records: Sequence[ProductRecord], *, seed: int, thesaurus: Thesaurus | None = None
    ) -> None:
        self._records = records
        self._rng = random.Random(seed)  # noqa: S311 - reproducible data, not secrets
        self._thesaurus = thesaurus or Thesaurus()
        self._paths = sorted(
            {
                "/".join(segments[:depth])
                for segments in (record.deepest_category.split("/") for record in records)
                for depth in range(1, len(segments) + 1)
                if segments[0]
            }
        )

    def make(self, count: int) -> list[JudgedQuery]:
        """So many different queries; fewer where the shop does not give more."""
        made: dict[str, JudgedQuery] = {}
        for _ in range(count * 8):
            if len(made) >= count:
                break
            query = self._rng.choices([self._by_kind, self._by_title], weights=[8, 2])[0]()
            if query is not None and query.grades:
                made.setdefault(query.text, query)
        return list(made.values())

    def _by_kind(self) -> JudgedQuery | None:
        """Colour, department, trait or price, and a kind of thing."""
        if not self._paths:
            return None
        path = self._rng.choice(self._paths)
        segments = path.split("/")
        wordings = self._thesaurus.category(segments[-1])
        department = self._thesaurus.department(segments[0])
        if not wordings or (len(segments) == 1 and department is not None):
            return None
        members = [r for r in self._records if _below(r, path)]
        if department is None or self._rng.random() < 0.15:  # noqa: PLR2004 - share of queries
            department = None
            leaf = segments[-1]
            members = [
                r for r in self._records if any(leaf in p.split("/") for p in r.category_paths)
            ]
        thing = self._rng.choice(wordings)
        wishes = self._wishes(members)
        language = "zh" if self._rng.random() < 0.5 and thing.chinese else "en"  # noqa: PLR2004
        text = self._say(language, thing=thing, department=department, wishes=wishes)
        if text is None:
            return None
        grades = {
            r.id: EXACT if all(wish.fulfilled(r) for wish in wishes) else RIGHT_KIND
            for r in members
        }
        if EXACT not in grades.values():
            return None
        return JudgedQuery(text=text, language=language, grades=grades)

    def _wishes(self, members: Sequence[ProductRecord]) -> list[_Wish]:
        """None, one or two wishes taken from a product that exists, so that one fulfils them."""
        model = self._rng.choice(members)
        wishes: list[_Wish] = []
        if model.color and self._rng.random() < 0.65:  # noqa: PLR2004 - share of queries
            color = model.color.lower()
            wishes.append(
                _Wish(
                    wording=self._thesaurus.wording(color),
                    slot="color",
                    fulfilled=lambda r: r.color.lower() == color,
                )
            )
        traits = [(n, v) for n, values in model.attributes.items() for v in values if v.isascii()]
        if traits and self._rng.random() < 0.2:  # noqa: PLR2004 - share of queries
            name, value = self._rng.choice(sorted(traits))
            wishes.append(
                _Wish(
                    wording=self._thesaurus.wording(value.replace("_", " ")),
                    slot="trait",
                    fulfilled=lambda r: value in r.attributes.get(name, ()),
                )
            )
        if model.price and self._rng.random() < 0.1:  # noqa: PLR2004 - share of queries
            wishes.append(_price_wish(model.price))
        return wishes

    def _say(
        self, language: str, *, thing: Wording, department: Wording | None, wishes: Sequence[_Wish]
    ) -> str | None:
        """The query's words; None where the language lacks a word for one of its parts."""
        spoken = {"thing": thing} | {wish.slot: wish.wording for wish in wishes}
        if department is not None:
            spoken["department"] = department
        words: dict[str, str] = {}
        for slot, wording in spoken.items():
            ways = wording.chinese if language == "zh" else wording.english
            if not ways:
                return None
            words[slot] = ways[0] if self._rng.random() < 0.5 else self._rng.choice(ways)  # noqa: PLR2004
        price = words.pop("price", "")
        text = (say_chinese if language == "zh" else say_english)(self._rng, **words)
        return f"{text} {price}".strip()

    def _by_title(self) -> JudgedQuery | None:
        """Some words of one product's title, its colour at times."""
        model = self._rng.choice(self._records)
        words = [w for w in model.title.split() if w.lower() not in _TITLE_NOISE]
        if len(words) < 2:  # noqa: PLR2004 - one word of a title says too little
            return None
        kept = min(len(words), self._rng.choice([2, 2, 3, 4]))
        text = " ".join(words[:kept]).lower()
        colored = bool(model.color) and self._rng.random() < 0.3  # noqa: PLR2004 - share of queries
        named = [r for r in self._records if text in " ".join(r.title.lower().split())]
        grades = {
            r.id: EXACT if not colored or r.color == model.color else RIGHT_KIND for r in named
        }
        said = f"{model.color} {text}" if colored else text
        return JudgedQuery(text=said, language="en", grades=grades)


def _below(record: ProductRecord, path: str) -> bool:
    return any(p == path or p.startswith(f"{path}/") for p in record.category_paths)


def _price_wish(price: float) -> _Wish:
    limit = max(1, round(price * 1.1))
    return _Wish(
        wording=Wording(
            english=(f"under ${limit}", f"below {limit} dollars"), chinese=(f"{limit}元以下",)
        ),
        slot="price",
        fulfilled=lambda r: r.price is not None and r.price <= limit,
    )
