"""The shop's own words: what is said in several ways, what is a kind of what, what says nothing.

``retail_words.tsv`` has one row a fact: ``same`` (the word and its other names mean one thing),
``is`` (a product of the first kind is also of the others), ``keep`` (a word that stemming would
confuse with another), ``stop`` (words that say nothing of a product: ``function`` anywhere,
``filler`` in a query).
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.retrieval.stems import stem
from server.retrieval.tokens import is_chinese, tokenize

_FILE = Path(__file__).with_name("retail_words.tsv")

Phrase = tuple[str, ...]
"""Stems of consecutive words; one Chinese word is one stem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailWords:
    """The table, by stems.

    Attributes:
        concepts: From every name of a thing to the one term that stands for it.
        broader: From that term to the terms that hold as well.
        kept: Words that are their own stem.
        function_words, fillers: Words that say nothing, anywhere and in queries.
        chinese: Every Chinese word in the table.
        longest: Words in the longest phrase.
    """

    concepts: Mapping[Phrase, str]
    broader: Mapping[str, tuple[str, ...]]
    kept: frozenset[str]
    function_words: frozenset[str]
    fillers: frozenset[str]
    chinese: frozenset[str]
    longest: int

    def stem(self, word: str) -> str:
        """The stem of a word, Chinese or not."""
        return word if word in self.kept else stem(word)

    def with_broader(self, term: str) -> tuple[str, ...]:
        """A term and what else holds of what it names."""
        return (term, *self.broader.get(term, ()))

    def phrase(self, text: str) -> Phrase:
        """The stems of a name as the table writes it."""
        return tuple(self.stem(token.text) for token in tokenize(text))


@functools.cache
def retail_words() -> RetailWords:
    """The table as it ships, read once."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in _KINDS}
    table = RetailWords(
        concepts={},
        broader={},
        kept=frozenset(row["word"] for row in by_kind["keep"]),
        function_words=_words(by_kind["stop"], "function"),
        fillers=_words(by_kind["stop"], "filler"),
        chinese=frozenset(),
        longest=0,
    )
    concepts: dict[Phrase, str] = {}
    for row in by_kind["same"]:
        term = " ".join(table.phrase(row["word"]))
        for name in [row["word"], *row["others"].split("|")]:
            concepts[table.phrase(name)] = term
    broader = {
        _term(table.phrase(row["word"]), concepts): tuple(
            _term(table.phrase(each), concepts) for each in row["others"].split("|")
        )
        for row in by_kind["is"]
    }
    names = [*concepts, *((word,) for word in table.function_words | table.fillers)]
    return RetailWords(
        concepts=concepts,
        broader=broader,
        kept=table.kept,
        function_words=table.function_words,
        fillers=table.fillers,
        chinese=frozenset(name[0] for name in names if is_chinese(name[0])),
        longest=max(len(name) for name in concepts),
    )


_KINDS = ("same", "is", "keep", "stop")


def _words(rows: list[dict[str, str]], sort: str) -> frozenset[str]:
    return frozenset(
        each for row in rows if row["word"] == sort for each in row["others"].split("|")
    )


def _term(phrase: Phrase, concepts: Mapping[Phrase, str]) -> str:
    return concepts.get(phrase, " ".join(phrase))
