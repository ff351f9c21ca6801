"""How shoppers would say a catalogue's own words, in English and in Chinese."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.glossary import Term, read_glossary

_PARTS = re.compile(r"\s*(?:&|,|/| and )\s*", re.IGNORECASE)
_DEPARTMENTS = {
    "women": ("women's", "ladies", "for women"),
    "men": ("men's", "mens", "for men"),
    "kids": ("kids", "children's", "for kids"),
    "girls": ("girls", "for girls"),
    "boys": ("boys", "for boys"),
    "baby": ("baby", "for babies"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Ways to say one thing, by language; a language without a way is empty."""

    english: tuple[str, ...]
    chinese: tuple[str, ...]


class Thesaurus:
    """Looks words up in the retail glossary by their English forms."""

    def __init__(self, terms: Iterable[Term] | None = None) -> None:
        self._terms: dict[str, list[Term]] = {}
        for term in read_glossary() if terms is None else terms:
            for form in term.english:
                self._terms.setdefault(_key(form), []).append(term)

    def wording(self, phrase: str) -> Wording:
        """Ways to say ``phrase``: itself and its synonyms, and their Chinese."""
        terms = self._terms.get(_key(phrase), [])
        english = dict.fromkeys(
            [phrase.lower(), *(form for term in terms for form in term.english)]
        )
        chinese = dict.fromkeys(form for term in terms for form in term.chinese)
        return Wording(english=tuple(english), chinese=tuple(chinese))

    def department(self, segment: str) -> Wording | None:
        """Ways to say for whom a category is, None where it names no group of people."""
        name = segment.strip().lower()
        if name not in _DEPARTMENTS:
            return None
        spoken = _DEPARTMENTS[name]
        chinese = self.wording(spoken[0]).chinese or self.wording(name).chinese
        return Wording(english=spoken, chinese=tuple(chinese))

    def category(self, segment: str) -> list[Wording]:
        """One wording for each thing a category's name lists: "Hoodies & Sweatshirts" has two."""
        return [self.wording(part) for part in _PARTS.split(segment) if part]


def say_english(
    rng: random.Random, *, thing: str, color: str = "", department: str = "", trait: str = ""
) -> str:
    """An English query in one of the orders that shoppers type."""
    if department.startswith("for "):
        return _joined(
            rng.choice([[color, trait, thing, department], [trait, color, thing, department]])
        )
    orders = [
        [color, department, trait, thing],
        [department, color, trait, thing],
        [department, trait, thing, color],
        [color, trait, thing, f"for {_people(department)}" if department else ""],
    ]
    return _joined(rng.choices(orders, weights=[5, 2, 1, 2])[0])


def say_chinese(
    rng: random.Random, *, thing: str, color: str = "", department: str = "", trait: str = ""
) -> str:
    """A Chinese query in one of the orders that shoppers type."""
    particle = rng.choice(["的", "", "的"]) if color else ""
    orders = [
        f"{color}{particle}{department}{trait}{thing}",
        f"{department}{color}{trait}{thing}",
        _joined([department, color, trait, thing]),
        f"{trait}{thing}{department}{color}",
    ]
    return rng.choices(orders, weights=[5, 3, 2, 1])[0]


def _people(department: str) -> str:
    return {"men's": "men", "mens": "men", "women's": "women", "ladies": "ladies"}.get(
        department, department
    )


def _joined(words: Sequence[str]) -> str:
    return " ".join(word for word in words if word)


def _key(phrase: str) -> str:
    """Folded and without a plural's ending: "Tees" and "tee" are one."""
    words = phrase.lower().replace("-", " ").split()
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words)  # noqa: PLR2004 - "gas" keeps its s
