"""From dictionary, glossary and teacher to a trained Chinese tower with its figures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from exporter.dictionary import read_dictionary
from exporter.frequency import read_frequencies
from exporter.glossary import read_glossary
from exporter.towers.chinese import first_encoder
from exporter.towers.chinese_data import (
    Meanings,
    Words,
    collect_meanings,
    embed,
    phrase_lessons,
    word_lessons,
    word_targets,
)
from exporter.towers.chinese_training import Lessons, Tokens, train
from exporter.towers.chinese_vocabulary import Vocabulary, build_tokenizer, choose_vocabulary
from exporter.towers.minilm import Teacher, minilm_tokenizer
from exporter.towers.text_encoder import TextEncoder

PHRASES = 120_000
# BERT's vocabulary lists reserved places and single characters first, then words by frequency.
_FIRST_LATIN_WORD = 1996

Report = Callable[[int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All that training needs, made once from the sources and a seed."""

    vocabulary: Vocabulary
    tokenizer: Tokenizer
    lessons: Lessons
    meanings: Meanings
    held_out: Words
    first: TextEncoder


def prepare_course(*, cache: Path, seed: int) -> Course:
    """Read the sources, choose the vocabulary, and let the teacher encode every English text.

    Raises:
        WeightsError: a source cannot be had.
    """
    entries, terms = read_dictionary(cache=cache), read_glossary()
    frequencies = read_frequencies(cache=cache)
    pieces = json.loads(minilm_tokenizer(cache=cache))["model"]["vocab"]
    vocabulary = choose_vocabulary(
        entries, frequencies, terms=terms, latin=list(pieces)[_FIRST_LATIN_WORD:]
    )
    tokenizer = build_tokenizer(vocabulary)
    teacher = Teacher(cache=cache)
    meanings = collect_meanings(entries, terms, tokenizer=tokenizer)
    glosses = sorted({gloss for known in meanings.glosses.values() for gloss in known[:4]})
    vectors = dict(zip(glosses, embed(glosses, teacher=teacher, cache=cache), strict=True))
    words = word_lessons(meanings, frequencies, gloss_vectors=vectors)
    latin = _latin_lessons(vocabulary, teacher, cache)
    phrases = phrase_lessons(
        terms, words, meanings, count=PHRASES, teacher=teacher, cache=cache, seed=seed
    )
    held = tuple(sorted(meanings.held_out))
    known = dict(zip(latin.texts, latin.targets, strict=True))
    known |= {text.lower(): row for text, row in zip(words.texts, words.targets, strict=True)}
    return Course(
        vocabulary=vocabulary,
        tokenizer=tokenizer,
        lessons=Lessons(words=words, phrases=phrases, latin=latin),
        meanings=meanings,
        held_out=Words(
            texts=held,
            targets=word_targets(meanings, held, gloss_vectors=vectors),
            weights=np.full(len(held), 1 / len(held)),
        ),
        first=first_encoder(vocabulary, known, seed=seed),
    )


def _latin_lessons(vocabulary: Vocabulary, teacher: Teacher, cache: Path) -> Words:
    words = tuple(
        token for token in vocabulary.tokens if token.isascii() and token.isalpha() and len(token) > 1
    )
    targets = embed(words, teacher=teacher, cache=cache)
    return Words(texts=words, targets=targets, weights=np.full(len(words), 1 / len(words)))


def held_out_recall(encoder: TextEncoder, course: Course, *, first: int = 10) -> float:
    """Share of held-out words whose own meaning is among the ``first`` nearest held-out meanings."""
    vectors = encode(encoder, course, course.held_out.texts)
    similarities = vectors @ course.held_out.targets.T
    own = np.diag(similarities)[:, None]
    return float(((similarities > own).sum(axis=1) < first).mean())


def encode(encoder: TextEncoder, course: Course, texts: tuple[str, ...]) -> NDArray[np.float32]:
    """Encode Chinese texts with an encoder under training, float32 (n, d)."""
    tokens = Tokens(course.tokenizer, course.vocabulary)
    encoder.eval()
    with torch.no_grad():
        parts = [
            encoder(*tokens.batch(tokens.ids(texts[start : start + 256]))).numpy()
            for start in range(0, len(texts), 256)
        ]
    return np.concatenate(parts)
