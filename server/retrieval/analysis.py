"""Text of products and queries to term hashes.

A product's text gives every term it may be asked by; a query's words give, each, the terms that
would satisfy it. What is one thing under several names is one term (`retail_words`). An English
compound is found however it is written (``back pack``, ``back-pack``, ``backpack``): the product
gives the parts and the whole where it hyphenates, the query offers the whole as an alternative of
both parts. A Chinese word is met by itself and by its English names from the lexicon.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from server.retrieval.retail_words import Phrase, RetailWords, retail_words
from server.retrieval.segment import Segmenter
from server.retrieval.stems import term_hash
from server.retrieval.tokens import Token, is_chinese, is_unit, latin_tokens, tokenize

_MAX_TRANSLATIONS = 6
_MEMORY = 65_536
_QUERIES = 2_048
"""Of queries asked again the groups are remembered; Chinese ones take half a millisecond to cut."""

_PRICE = re.compile(
    r"(?:(?:under|below|over|above|around|about|less than|more than|up to|cheaper than)\s*)?"
    r"(?:[$€£¥]\s*\d[\d.,]*|\d[\d.,]*\s*(?:dollars?|euros?|usd|eur|元|块钱?)(?:以下|以内|左右|以上|内)?)"
    r"|(?:under|below|less than|cheaper than)\s+\d[\d.,]*(?![\w])",
    re.IGNORECASE,
)


class Analyzer:
    """Cuts text into terms. Any thread may use it at any time.

    A term is an int from 0 to 2**31 - 1, the same in every process for the same lexicon.
    """

    def __init__(self, lexicon: Mapping[str, tuple[str, ...]]) -> None:
        """Keep the lexicon: Chinese word to its English terms, the most usual first."""
        self._retail = retail_words()
        self._lexicon = {word.casefold(): terms for word, terms in lexicon.items()}
        self._segmenter = Segmenter(dictionary=self._lexicon.keys() | self._retail.chinese)
        self._translations = functools.lru_cache(maxsize=_MEMORY)(self._translate)
        self._groups = functools.lru_cache(maxsize=_QUERIES)(self._query_groups)

    def product_terms(self, text: str) -> list[int]:
        """The terms of a product's text in order, repeats kept."""
        terms: list[str] = []
        for run in self._runs(text):
            if run[0].chinese:
                terms.extend(self._chinese_product_terms(run[0].text))
            else:
                terms.extend(_english_product_terms(run, self._retail))
        return [term_hash(term) for term in terms]

    def query_groups(self, text: str) -> tuple[frozenset[int], ...]:
        """One group a word: the terms that stand for it; a product with any of them has it.

        A word that is a kind of something (jeans) gives a second group that the wider word
        satisfies too (jeans or pants). Words that say nothing and amounts of money give none; a
        word asked twice gives one.
        """
        return self._groups(text)

    def _query_groups(self, text: str) -> tuple[frozenset[int], ...]:
        groups: list[frozenset[str]] = []
        for run in self._runs(_PRICE.sub(" ", text)):
            if run[0].chinese:
                groups.extend(self._chinese_groups(run[0].text))
            else:
                groups.extend(_english_groups(run, self._retail))
        hashed = (frozenset(map(term_hash, group)) for group in groups)
        return tuple(dict.fromkeys(hashed))

    def _runs(self, text: str) -> Iterator[list[Token]]:
        """Chinese words one by one, and other words together as long as they are neighbours."""
        run: list[Token] = []
        for token in self._words(text):
            if token.chinese:
                if run:
                    yield run
                yield [token]
                run = []
            else:
                run.append(token)
        if run:
            yield run

    def _words(self, text: str) -> Iterator[Token]:
        for token in tokenize(text):
            if not token.chinese:
                yield token
                continue
            for place, word in enumerate(self._segmenter.words(token.text)):
                if is_chinese(word):
                    yield Token(text=word, chinese=True)
                else:
                    yield from latin_tokens(word, glued=token.glued and place == 0)

    def _chinese_product_terms(self, word: str) -> Iterator[str]:
        retail = self._retail
        if word in retail.function_words:
            return
        for each in [word, *self._segmenter.inner_words(word)]:
            yield from retail.with_broader(retail.concepts.get((each,), each))
            for phrase in self._translations(each)[:1]:
                for term in phrase:
                    yield from retail.with_broader(term)

    def _chinese_groups(self, word: str) -> list[frozenset[str]]:
        """As many groups as the usual English name has words; the word itself is in each."""
        retail = self._retail
        if word in retail.function_words or word in retail.fillers:
            return []
        concept = retail.concepts.get((word,))
        if concept is not None:
            return _widened(frozenset([concept]), retail)
        phrases = self._translations(word)
        length = len(phrases[0]) if phrases else 1
        groups = [{word} for _ in range(length)]
        for phrase in phrases:
            if len(phrase) == 1:
                for group in groups:
                    group.add(phrase[0])
            elif len(phrase) == length:
                for group, term in zip(groups, phrase, strict=True):
                    group.add(term)
        if length == 1:
            return _widened(frozenset(groups[0]), retail)
        return [frozenset(group) for group in groups]

    def _translate(self, word: str) -> tuple[Phrase, ...]:
        """The English names of a Chinese word as terms, the usual one first."""
        names = self._lexicon.get(word, ())[:_MAX_TRANSLATIONS]
        phrases = (_terms(tokenize(name), self._retail) for name in names)
        return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def _concepts(tokens: Sequence[Token], retail: RetailWords) -> Iterator[tuple[str, list[Token]]]:
    """The longest names of the table where there are any, else word by word: term and tokens."""
    stems = [retail.stem(token.text) for token in tokens]
    at = 0
    while at < len(tokens):
        for length in range(min(retail.longest, len(tokens) - at), 0, -1):
            term = retail.concepts.get(tuple(stems[at : at + length]))
            if term is not None:
                break
        else:
            length, term = 1, stems[at]
        yield term, list(tokens[at : at + length])
        at += length


def _terms(tokens: Sequence[Token], retail: RetailWords) -> Phrase:
    """The terms of an English name, without words that say nothing."""
    return tuple(
        term
        for term, words in _concepts(tokens, retail)
        if words[0].text not in retail.function_words
    )


def _english_product_terms(tokens: Sequence[Token], retail: RetailWords) -> Iterator[str]:
    for term, words in _concepts(tokens, retail):
        if words[0].text in retail.function_words:
            continue
        yield from retail.with_broader(term)
        if len(words) > 1:
            yield from (retail.stem(word.text) for word in words)
    for first, second in itertools.pairwise(tokens):
        if second.glued or (first.text.isdecimal() and is_unit(second.text)):
            yield _whole(first, second, retail)


def _english_groups(tokens: Sequence[Token], retail: RetailWords) -> list[frozenset[str]]:
    silent = retail.function_words | retail.fillers
    groups: list[set[str]] = []
    before: Token | None = None  # a word alone in the group before, right beside this one
    for term, words in _concepts(tokens, retail):
        if words[0].text in silent:
            before = None
            continue
        group = {term}
        alone = words[0] if len(words) == 1 else None
        if before is not None and alone is not None and term not in groups[-1]:
            whole = _whole(before, alone, retail)
            groups[-1].add(whole)
            group.add(whole)
        groups.append(group)
        before = alone
    return [each for group in groups for each in _widened(frozenset(group), retail)]


def _whole(first: Token, second: Token, retail: RetailWords) -> str:
    """The term of two tokens written as one word."""
    joined = retail.stem(first.text + second.text)
    return retail.concepts.get((joined,), joined)


def _widened(group: frozenset[str], retail: RetailWords) -> list[frozenset[str]]:
    """The group, and a second one with the wider words if its terms have any."""
    wider = frozenset(each for term in group for each in retail.broader.get(term, ()))
    return [group, group | wider] if wider - group else [group]
