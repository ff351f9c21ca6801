"""The lexicon: Chinese words with their English terms, for matching words across the languages.

A lexicon file is gzipped UTF-8 text, one word a line, sorted by word::

    word<TAB>english term|english term...

Words are simplified or traditional Chinese in lower case; terms are lower-case English, the usual
one first. The glossary gives its terms whole; the dictionary adds frequent words that name or
describe things. Standard library only, so that a server can read it.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from exporter.dictionary import Entry
from exporter.glossary import Term
from exporter.traditional import traditional_forms

LEXICON_NAME = "lexicon.tsv.gz"
DICTIONARY_WORDS = 20_000
_MOST_TERMS = 3
_LONGEST_TERM_WORDS = 3
_LONGEST_WORD = 6
_FUNCTION_WORD_SHARE = 3e-4  # of all words; what is more frequent is mostly grammar


def read_lexicon(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a lexicon file into word -> terms.

    Raises:
        OSError: the file cannot be read or is not gzipped.
    """
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        pairs = (line.rstrip("\n").split("\t") for line in stream)
        return {word: tuple(terms.split("|")) for word, terms in pairs}


def write_lexicon(path: Path, lexicon: Mapping[str, Sequence[str]]) -> None:
    """Write a lexicon file; the same lexicon gives the same bytes."""
    lines = "".join(f"{word}\t{'|'.join(terms)}\n" for word, terms in sorted(lexicon.items()))
    path.write_bytes(gzip.compress(lines.encode(), compresslevel=9, mtime=0))


def make_lexicon(
    entries: Iterable[Entry], terms: Iterable[Term], *, frequencies: Mapping[str, float]
) -> dict[str, tuple[str, ...]]:
    """Join the glossary and the 20,000 most frequent fitting dictionary words.

    Fitting are words of two to six characters that are neither verbs nor names, and single
    characters with one meaning; none as frequent as pronouns and particles are. Their terms have at
    most three words.
    """
    entries = list(entries)
    lexicon: dict[str, tuple[str, ...]] = {}
    for term in terms:
        for form in term.chinese:
            known = lexicon.get(form.lower(), ())
            lexicon[form.lower()] = tuple(dict.fromkeys((*known, *map(str.lower, term.english))))
    meanings = Counter[str]()
    for entry in entries:
        meanings[entry.simplified] += len(entry.glosses)
    fitting: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        word = entry.simplified
        use = frequencies.get(word, 0.0)
        plain = len(word) > 1 or meanings[word] == 1
        if plain and 0 < use < _FUNCTION_WORD_SHARE and (found := _terms(entry)):
            fitting[word] = tuple(dict.fromkeys((*fitting.get(word, ()), *found)))[:_MOST_TERMS]
    ranked = sorted(fitting, key=lambda word: (-frequencies[word], word))
    for word in ranked[:DICTIONARY_WORDS]:
        lexicon.setdefault(word, fitting[word])
    forms = traditional_forms(entries, lexicon)
    return lexicon | {form: lexicon[word] for form, word in forms.items()}


def _terms(entry: Entry) -> tuple[str, ...]:
    if entry.verb or entry.proper or len(entry.simplified) > _LONGEST_WORD:
        return ()
    short = tuple(
        gloss.lower()
        for gloss in entry.glosses
        if len(gloss.split()) <= _LONGEST_TERM_WORDS and gloss.isascii()
    )
    return short[:_MOST_TERMS]
