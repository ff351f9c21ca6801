"""Tokens of the Chinese tower: characters, useful words, Latin words, and traditional forms.

Text is cut into the likeliest tokens (a unigram model over word frequencies), so a word that the
vocabulary knows is one token and any other falls into known words and characters. A traditional
form is a token of its own that shares the table row of its simplified form.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from exporter.dictionary import Entry
from exporter.glossary import Term
from exporter.traditional import traditional_forms

PAD, UNKNOWN, START = "[PAD]", "[UNK]", "[CLS]"
CHARACTERS = 6500
WORDS = 13000
LATIN_WORDS = 3000
# Natural logarithms of shares: what a token costs when no frequency is known for it.
_TERM_SCORE = -15.0
_CHARACTER_SCORE = -14.0
_LATIN_SCORE = -14.0
_LETTER_SCORE = -16.0
_LONGEST_WORD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Token texts and scores by id; ``rows[id]`` is the table row that the token uses.

    Ids below ``len(set(rows))`` have rows of their own; traditional forms come after them.
    """

    tokens: tuple[str, ...]
    scores: tuple[float, ...]
    rows: tuple[int, ...]

    @property
    def table_rows(self) -> int:
        """Number of rows of the token table."""
        return max(self.rows) + 1


def choose_vocabulary(
    entries: Sequence[Entry],
    frequencies: Mapping[str, float],
    *,
    terms: Iterable[Term],
    latin: Iterable[str],
) -> Vocabulary:
    """Choose tokens: all glossary terms, then the most frequent words and characters.

    ``latin`` lists Latin words by falling usefulness; the first 3,000 of two letters or more count.
    """
    scores: dict[str, float] = {PAD: 0.0, UNKNOWN: 0.0, START: 0.0}
    for character in _characters(entries, frequencies):
        scores[character] = _score(frequencies.get(character), _CHARACTER_SCORE)
    terms = list(terms)
    for form in (form.lower() for term in terms for form in term.chinese):
        if len(form) > 1 and " " not in form:
            scores[form] = _score(frequencies.get(form), _TERM_SCORE)
    for word in _words(entries, frequencies):
        scores.setdefault(word, _score(frequencies[word], _TERM_SCORE))
    for letter in "abcdefghijklmnopqrstuvwxyz0123456789":
        scores[letter] = _LETTER_SCORE
    named = (word for term in terms for form in term.english for word in form.split())
    for word in dict.fromkeys((*named, *_latin(latin))):
        if word.isascii() and word.isalpha():
            scores.setdefault(word.lower(), _LATIN_SCORE)
    ids = {token: row for row, token in enumerate(scores)}
    forms = traditional_forms(entries, ids)
    return Vocabulary(
        tokens=(*ids, *forms),
        scores=(*scores.values(), *(scores[simplified] for simplified in forms.values())),
        rows=(*ids.values(), *(ids[simplified] for simplified in forms.values())),
    )


def build_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Build the tokenizer: NFKC, lower case, no white space or punctuation, ``[CLS]`` first."""
    pieces = list(zip(vocabulary.tokens, vocabulary.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=vocabulary.tokens.index(UNKNOWN)))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("removed")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, vocabulary.tokens.index(START))]
    )
    tokenizer.add_special_tokens([PAD, UNKNOWN, START])
    return tokenizer


def _characters(entries: Iterable[Entry], frequencies: Mapping[str, float]) -> list[str]:
    """Rank characters by use in running text and in the dictionary's words."""
    use: Counter[str] = Counter()
    for entry in entries:
        use.update(dict.fromkeys(entry.simplified, 1))
    weight = {
        character: count * 1e-6 + frequencies.get(character, 0)
        for character, count in use.items()
        if not character.isascii()
    }
    return sorted(weight, key=lambda character: (-weight[character], character))[:CHARACTERS]


def _words(entries: Iterable[Entry], frequencies: Mapping[str, float]) -> list[str]:
    found = {
        entry.simplified
        for entry in entries
        if 1 < len(entry.simplified) <= _LONGEST_WORD
        and not entry.proper
        and entry.simplified in frequencies
    }
    return sorted(found, key=lambda word: (-frequencies[word], word))[:WORDS]


def _latin(words: Iterable[str]) -> list[str]:
    return [word for word in words if word.isascii() and word.isalpha() and len(word) > 1][
        :LATIN_WORDS
    ]


def _score(frequency: float | None, unknown: float) -> float:
    score = math.log(frequency) if frequency else unknown
    return round(max(score, unknown), 2)
