"""What the Chinese tower learns from: Chinese texts and the vectors MiniLM gives their English.

Three kinds of lesson. A *word* is a dictionary or glossary entry; its target is the mean of its
glosses' vectors, the first gloss weighing most. A *phrase* is a shopping phrase or two joined
dictionary words. A *Latin* lesson is English text itself, so that mixed text keeps its meaning.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from exporter.dictionary import Entry
from exporter.glossary import Term
from exporter.towers.chinese_phrases import Phrase, make_phrases

GLOSS_WEIGHTS = (1.0, 0.5, 0.35, 0.25)
HELD_OUT_SHARE = 0.02
# A word's share of the lessons grows with this power of its frequency.
_FREQUENCY_POWER = 0.3
_RAREST = 3e-8
_TERM_WEIGHT = 2.0
_JOINED = 40_000

Vectors = NDArray[np.float32]


class Teacher(Protocol):
    """Gives unit vectors float32 (n, d) for n English texts, in their order."""

    def encode(self, texts: list[str]) -> Vectors:
        """Encode the texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Single words: their texts, their unit targets (n, d), and their shares of the lessons."""

    texts: tuple[str, ...]
    targets: Vectors
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Phrases and joined words, with unit targets (n, d) in the same order."""

    phrases: tuple[Phrase | str, ...]
    targets: Vectors

    def text(self, row: int, generator: random.Random) -> str:
        """Write one phrase's Chinese; a joined pair is the same every time."""
        phrase = self.phrases[row]
        return phrase if isinstance(phrase, str) else phrase.chinese(generator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """Every Chinese word's glosses by falling weight, and which words are held out of training."""

    glosses: Mapping[str, tuple[str, ...]]
    held_out: frozenset[str]
    terms: frozenset[str]


def collect_meanings(
    entries: Sequence[Entry], terms: Sequence[Term], *, tokenizer: Tokenizer
) -> Meanings:
    """Join the dictionary's entries by simplified word; the glossary's meaning replaces theirs.

    Held out are 2 % of the words that are several tokens long, chosen by the hash of the word:
    what a word that is a token means cannot be known without having seen it.
    """
    glosses: dict[str, tuple[str, ...]] = {}
    for entry in sorted(entries, key=lambda entry: entry.proper):
        known = glosses.get(entry.simplified, ())
        if known and entry.proper:
            continue
        glosses[entry.simplified] = tuple(
            dict.fromkeys((*known, *(gloss.lower() for gloss in entry.glosses)))
        )
    retail: dict[str, tuple[str, ...]] = {}
    for term in terms:
        for form in term.chinese:
            retail[form] = tuple(dict.fromkeys((*retail.get(form, ()), *term.english)))
    glosses |= retail
    held_out = frozenset(
        word
        for word in glosses
        if word not in retail
        and _share(word) < HELD_OUT_SHARE
        and len(tokenizer.encode(word, add_special_tokens=False).ids) > 1
    )
    return Meanings(glosses=glosses, held_out=held_out, terms=frozenset(retail))


def word_targets(
    meanings: Meanings, words: Sequence[str], *, gloss_vectors: Mapping[str, Vectors]
) -> Vectors:
    """Give the weighted mean of each word's gloss vectors, of unit norm, (n, d)."""
    targets = np.zeros((len(words), len(next(iter(gloss_vectors.values())))), np.float32)
    for row, word in enumerate(words):
        for gloss, weight in zip(meanings.glosses[word], GLOSS_WEIGHTS, strict=False):
            targets[row] += weight * gloss_vectors[gloss]
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    return targets


def word_lessons(
    meanings: Meanings,
    frequencies: Mapping[str, float],
    *,
    gloss_vectors: Mapping[str, Vectors],
) -> Words:
    """Make the lessons of single words, without those held out."""
    texts = tuple(word for word in meanings.glosses if word not in meanings.held_out)
    weights = np.array(
        [max(frequencies.get(text.lower(), 0), _RAREST) ** _FREQUENCY_POWER for text in texts]
    )
    retail = np.array([text in meanings.terms for text in texts])
    weights[retail] = np.maximum(weights[retail], weights.mean()) * _TERM_WEIGHT
    targets = word_targets(meanings, texts, gloss_vectors=gloss_vectors)
    return Words(texts=texts, targets=targets, weights=weights / weights.sum())


def phrase_lessons(
    terms: Sequence[Term],
    words: Words,
    meanings: Meanings,
    *,
    count: int,
    teacher: Teacher,
    cache: Path,
    seed: int,
) -> Phrases:
    """Make ``count`` shopping phrases and 40,000 pairs of dictionary words."""
    phrases: list[Phrase | str] = list(make_phrases(terms, count, seed=seed))
    english = [phrase.english for phrase in phrases if isinstance(phrase, Phrase)]
    generator = random.Random(seed)  # noqa: S311 - training data, not secrets
    pairs = generator.choices(words.texts, weights=list(words.weights), k=2 * _JOINED)
    for left, right in zip(pairs[::2], pairs[1::2], strict=True):
        phrases.append(left + generator.choice(("", "", "的", " ")) + right)
        english.append(f"{meanings.glosses[left][0]} {meanings.glosses[right][0]}")
    return Phrases(phrases=tuple(phrases), targets=embed(english, teacher=teacher, cache=cache))


def embed(texts: Sequence[str], *, teacher: Teacher, cache: Path) -> Vectors:
    """Encode texts, each distinct one once, and keep the answer in ``cache`` by their hash."""
    distinct = sorted(set(texts))
    digest = hashlib.sha256("\n".join(distinct).encode()).hexdigest()[:16]
    path = cache / f"teacher-{digest}.npy"
    if path.is_file():
        vectors = np.load(path)
    else:
        vectors = teacher.encode(distinct).astype(np.float16)
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors)
    rows = {text: row for row, text in enumerate(distinct)}
    picked: Vectors = vectors[[rows[text] for text in texts]].astype(np.float32)
    return picked


def _share(word: str) -> float:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") / 2**32
