"""Teaching the Chinese tower: cosine to MiniLM's vector, and telling it from the batch's others.

The loss of a batch with student vectors s, teacher vectors t and temperature T is::

    mean(1 - s_i . t_i) * COSINE_WEIGHT + mean cross entropy of softmax(s_i . t_j / T)
                                          against softmax(t_i . t_j / T)

The second term is InfoNCE with the teacher's own similarities as labels, so that two lessons with
one meaning in one batch are not pushed apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from exporter.towers.chinese_data import Phrases, Words
from exporter.towers.chinese_vocabulary import UNKNOWN, Vocabulary
from exporter.towers.text_encoder import TextEncoder

COSINE_WEIGHT = 8.0
TEMPERATURE = 0.05
WORD_BATCH = 384
PHRASE_BATCH = 384
LATIN_BATCH = 32
PEAK_RATE = 1.2e-3
TABLE_RATE = 2e-3
WARM_UP_STEPS = 200
FALL_SHARE = 0.2
LONGEST_LESSON = 40
_SPLIT_LESSONS = 0.3  # share of lessons in which known words are cut into characters
_SPLIT_WORDS = 0.5  # share of the words of such a lesson that are cut
_UNKNOWN_TOKENS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Everything to learn from."""

    words: Words
    phrases: Phrases
    latin: Words


class Tokens:
    """Texts to padded batches of table rows, with the cutting of words that training needs."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self._tokenizer = tokenizer
        self._rows = np.array(vocabulary.rows)
        ids = {token: row for row, token in enumerate(vocabulary.tokens)}
        unknown = ids[UNKNOWN]
        self.unknown = unknown
        self._pieces = [
            [ids.get(character, unknown) for character in token]
            if len(token) > 1 and not token.isascii()
            else [row]
            for row, token in enumerate(vocabulary.tokens)
        ]

    def ids(self, texts: Sequence[str], generator: random.Random | None = None) -> list[list[int]]:
        """Give each text's tokens. With a generator, words are cut and lost at random."""
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        if generator is not None:
            encoded = [self._disturbed(ids, generator) for ids in encoded]
        return [ids[:LONGEST_LESSON] for ids in encoded]

    def batch(self, encoded: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Give the table rows of tokens and their mask, int64 (n, t), padded to the longest."""
        longest = max(len(ids) for ids in encoded)
        batch = np.zeros((len(encoded), longest), np.int64)
        mask = np.zeros_like(batch)
        for row, ids in enumerate(encoded):
            batch[row, : len(ids)] = self._rows[list(ids)]
            mask[row, : len(ids)] = 1
        return torch.from_numpy(batch), torch.from_numpy(mask)

    def _disturbed(self, ids: list[int], generator: random.Random) -> list[int]:
        if generator.random() < _SPLIT_LESSONS:
            ids = [
                piece
                for row in ids
                for piece in (self._pieces[row] if generator.random() < _SPLIT_WORDS else (row,))
            ]
        return [
            self.unknown if place and generator.random() < _UNKNOWN_TOKENS else row
            for place, row in enumerate(ids)
        ]


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Compute the loss of one batch of unit vectors (n, d); see the module's formula."""
    cosine = 1.0 - (student * teacher).sum(dim=1).mean()
    labels = functional.softmax(teacher @ teacher.T / TEMPERATURE, dim=1)
    contrast = functional.cross_entropy(student @ teacher.T / TEMPERATURE, labels)
    return COSINE_WEIGHT * cosine + contrast


def train(
    encoder: TextEncoder,
    lessons: Lessons,
    *,
    tokens: Tokens,
    steps: int,
    seed: int,
    report: Callable[[int, float], None],
) -> None:
    """Train in place for ``steps``; ``report(step, loss)`` is called after each.

    The rate follows `share_of_rate`.
    """
    torch.manual_seed(seed)
    generator, choice = random.Random(seed), np.random.default_rng(seed)  # noqa: S311
    table = [encoder.tokens.weight]
    others = [value for name, value in encoder.named_parameters() if name != "tokens.weight"]
    groups = [
        {"params": table, "lr": TABLE_RATE, "weight_decay": 0.0},
        {"params": others, "lr": PEAK_RATE, "weight_decay": 0.01},
    ]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: share_of_rate(step, steps))
    encoder.train()
    for step in range(1, steps + 1):
        texts, targets = _draw(lessons, generator, choice)
        ids, mask = tokens.batch(tokens.ids(texts, generator))
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            vectors = encoder(ids, mask)
        loss = distillation_loss(vectors, torch.from_numpy(targets))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        report(step, float(loss.detach()))
    encoder.eval()


def share_of_rate(step: int, steps: int) -> float:
    """Share of the peak rate at a step: a short rise, a long plateau, a straight fall to nothing.

    >>> [round(share_of_rate(step, 1000), 2) for step in (0, 99, 500, 800, 900, 1000)]
    [0.01, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rise = min(1.0, (step + 1) / WARM_UP_STEPS)
    fall = (steps - step) / (steps * FALL_SHARE)
    return max(0.0, min(rise, 1.0, fall))


def _draw(
    lessons: Lessons, generator: random.Random, choice: np.random.Generator
) -> tuple[list[str], NDArray[np.float32]]:
    """Draw one batch of words, Latin words and phrases: texts and their targets (n, d)."""
    words = choice.choice(len(lessons.words.texts), WORD_BATCH, p=lessons.words.weights)
    latin = choice.choice(len(lessons.latin.texts), LATIN_BATCH, p=lessons.latin.weights)
    phrases = choice.integers(len(lessons.phrases.phrases), size=PHRASE_BATCH)
    texts = [lessons.words.texts[row] for row in words]
    texts += [lessons.latin.texts[row] for row in latin]
    texts += [lessons.phrases.text(row, generator) for row in phrases]
    targets = (lessons.words.targets[words], lessons.latin.targets[latin])
    return texts, np.concatenate((*targets, lessons.phrases.targets[phrases]))
