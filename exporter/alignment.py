"""Everything a head is trained on, read once: features, captions as vectors, rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import onnx
from numpy.typing import NDArray

from exporter.align_data import Pixels, Sample
from exporter.alignment_cache import VectorCache
from exporter.alignment_scores import Scores, score
from exporter.augment import augment
from exporter.head_training import HeadSettings, Lesson, WordWeights, train_words
from exporter.likeness import fit_likeness
from exporter.rehearsal import rehearse
from exporter.tower_features import Classifier, FeatureReader, read_classifier
from exporter.towers.image_head import Head

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
EncodeText = Callable[[Sequence[str]], Floats]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Training material of n samples; ``views[0]`` (n, f) are the pictures as they are.

    ``embeddings`` (n, d) are what the tower gave for them before. ``words`` lists every caption
    and class name once, in the order of ``caption_vectors``.
    """

    views: Floats
    embeddings: Floats
    captions: tuple[tuple[int, ...], ...]
    colours: tuple[str, ...]
    sources: NDArray[np.int64]
    classifier: Classifier
    words: dict[str, int]
    caption_vectors: Floats
    per_class: int

    def score(self, embeddings: Floats, *, rows: Mask) -> Scores:
        """Score embeddings (n, d) on the samples marked in ``rows``."""
        places = np.flatnonzero(rows)
        return score(
            embeddings[places],
            captions=[self.captions[place] for place in places],
            caption_vectors=self.caption_vectors,
        )

    def train(
        self,
        rows: Mask,
        *,
        settings: HeadSettings,
        likeness_gain: float,
        seed: int,
        progress: Callable[[float], None] = lambda _: None,
        hear: Callable[[float], None] = lambda _: None,
    ) -> Head:
        """Train a head on the samples marked in ``rows`` and on nothing else.

        ``hear`` is told the loss of every step.
        """
        places = np.flatnonzero(rows)
        learnt = train_words(
            self._lesson(places, seed=seed), settings, seed=seed, progress=progress, hear=hear
        )
        inputs = self.views[0, places, : len(learnt.mean)]
        likeness = fit_likeness(inputs, scale=learnt.scale, text_vectors=self.caption_vectors)
        words = {item.name: getattr(learnt, item.name) for item in fields(WordWeights)}
        return Head(
            **words,
            project=likeness.project,
            spread=likeness.spread,
            likeness_gain=likeness_gain,
        )

    def _lesson(self, places: NDArray[np.int64], *, seed: int) -> Lesson:
        made_up = rehearse(
            self.views[0, places],
            self.classifier,
            per_class=self.per_class,
            random=np.random.default_rng(seed),
        )
        named = [self.classifier.names[number] for number in made_up.classes]
        colours = [self.colours[places[picture]] for picture in made_up.pictures]
        return Lesson(
            views=self.views[:, places],
            captions=[self.captions[place] for place in places],
            sources=self.sources[places],
            rehearsal=made_up.features,
            rehearsal_captions=[
                [self.words[caption] for caption in _coloured(name, colour)]
                for name, colour in zip(named, colours, strict=True)
            ],
            caption_vectors=self.caption_vectors,
        )


def gather(
    samples: Sequence[Sample],
    *,
    tower: onnx.ModelProto,
    encode_text: EncodeText,
    views: int,
    per_class: int,
    seed: int,
    cache: VectorCache | None = None,
    progress: Progress = lambda _stage, _share: None,
) -> Alignment:
    """Read every picture's features ``1 + views`` times and every caption's vector once.

    What the ``cache`` of the same tower, samples and seed holds is not computed again.
    """
    kept = cache or VectorCache(None)
    reader, classifier = FeatureReader(tower), read_classifier(tower)
    whole = (1 + views) * len(samples)

    def read(view: int) -> Floats:
        hear = part_of(progress, "reading pictures", done=view * len(samples), whole=whole)
        found = reader.read(_pictures(samples, view=view, seed=seed), progress=hear)
        return np.concatenate([found.features, found.embeddings], axis=1)

    blocks = [kept.keep(f"view-{view}", partial(read, view)) for view in range(1 + views)]
    dimension = classifier.words.shape[1]
    colours = sorted({sample.colour for sample in samples})
    texts = {caption for sample in samples for caption in sample.captions}
    texts |= {
        caption
        for name in classifier.names
        for colour in colours
        for caption in _coloured(name, colour)
    }
    words = {text: row for row, text in enumerate(sorted(texts))}
    sources = sorted({sample.source for sample in samples})
    return Alignment(
        views=np.stack([block[:, :-dimension] for block in blocks]),
        embeddings=np.ascontiguousarray(blocks[0][:, -dimension:]),
        captions=tuple(tuple(words[text] for text in sample.captions) for sample in samples),
        colours=tuple(sample.colour for sample in samples),
        sources=np.array([sources.index(sample.source) for sample in samples]),
        classifier=classifier,
        words=words,
        caption_vectors=kept.keep(
            "captions", lambda: np.asarray(encode_text(list(words)), np.float32)
        ),
        per_class=per_class,
    )


def part_of(
    progress: Progress, stage: str, *, done: float, whole: float
) -> Callable[[float], None]:
    """Report steps of one part of a stage as a share of the whole stage."""

    def report(steps: float) -> None:
        progress(stage, (done + steps) / whole)

    return report


def _pictures(samples: Sequence[Sample], *, view: int, seed: int) -> Iterator[Pixels]:
    random = np.random.default_rng((seed, view))
    for sample in samples:
        pixels = sample.picture()
        yield pixels if view == 0 else augment(pixels, random=random)


def _coloured(name: str, colour: str) -> list[str]:
    return [name, f"{colour} {name}"] if colour else [name]
