"""From dictionary, glossary and teacher to a trained Chinese tower with its figures."""

from __future__ import annotations

import json
import random
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
from exporter.quantize import compress
from exporter.spec import TextTower
from exporter.towers.chinese import MAX_TOKENS, chinese_graph, first_encoder
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

FIGURE_PHRASES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All that training needs, made once from the sources and a seed."""

    vocabulary: Vocabulary
    tokenizer: Tokenizer
    lessons: Lessons
    meanings: Meanings
    held_out: Words
    first: TextEncoder


def prepare_course(*, cache: Path, seed: int, progress: Callable[[float], None]) -> Course:
    """Read the sources, choose the vocabulary, and let the teacher encode every English text.

    ``progress`` is called with the share done, 0 to 1; nearly all of it is the teacher's work.

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
    progress(0.05)
    meanings = collect_meanings(entries, terms, tokenizer=tokenizer)
    glosses = sorted({gloss for known in meanings.glosses.values() for gloss in known[:4]})
    vectors = dict(zip(glosses, embed(glosses, teacher=teacher, cache=cache), strict=True))
    progress(0.45)
    words = word_lessons(meanings, frequencies, gloss_vectors=vectors)
    latin = _latin_lessons(vocabulary, teacher, cache)
    phrases = phrase_lessons(
        terms, words, meanings, count=PHRASES, teacher=teacher, cache=cache, seed=seed
    )
    progress(1.0)
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
        token
        for token in vocabulary.tokens
        if token.isascii() and token.isalpha() and len(token) > 1
    )
    targets = embed(words, teacher=teacher, cache=cache)
    return Words(texts=words, targets=targets, weights=np.full(len(words), 1 / len(words)))


def teach(
    course: Course, *, steps: int, seed: int, progress: Callable[[float], None]
) -> dict[str, float]:
    """Train the course's encoder in place and give its figures.

    ``progress`` is called with the share done, 0 to 1. Figures: ``loss`` (mean of the last tenth of
    the steps), ``phrase_cosine`` (to the teacher, phrases of the training) and
    ``held_out_recall_at_10`` (see `held_out_recall`).
    """
    losses: list[float] = []

    def report(step: int, loss: float) -> None:
        losses.append(loss)
        progress(step / steps)

    tokens = Tokens(course.tokenizer, course.vocabulary)
    train(course.first, course.lessons, tokens=tokens, steps=steps, seed=seed, report=report)
    return {
        "loss": round(float(np.mean(losses[-max(1, steps // 10) :])), 4),
        "phrase_cosine": round(phrase_cosine(course.first, course, seed=seed), 4),
        "held_out_recall_at_10": round(held_out_recall(course.first, course), 4),
    }


def write_chinese_tower(output: Path, course: Course) -> TextTower:
    """Write the tower as it is now, and its tokenizer, into the folder ``output``."""
    tower = TextTower(
        file="text_zh.onnx",
        tokenizer="text_zh.tokenizer.json",
        max_tokens=MAX_TOKENS,
        scripts=("Han",),
    )
    model = compress(chinese_graph(course.first, course.vocabulary), precision="int8")
    (output / tower.file).write_bytes(model.SerializeToString())
    (output / tower.tokenizer).write_text(course.tokenizer.to_str(), "utf-8")
    return tower


def phrase_cosine(encoder: TextEncoder, course: Course, *, seed: int) -> float:
    """Mean cosine to the teacher over the first phrases, each written in one of its ways."""
    phrases, generator = course.lessons.phrases, random.Random(seed)  # noqa: S311 - no secrets
    texts = tuple(phrases.text(row, generator) for row in range(FIGURE_PHRASES))
    vectors = encode(encoder, course, texts)
    return float((vectors * phrases.targets[:FIGURE_PHRASES]).sum(axis=1).mean())


def held_out_recall(encoder: TextEncoder, course: Course, *, first: int = 10) -> float:
    """Share of held-out words with their own meaning among the ``first`` nearest held-out ones."""
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
