"""What an export costs a search: recall@10 over a catalogue, by torch and by the exported towers.

Every product gives one query, its short caption, and one document: its picture where there are
pictures at all, else its long caption. Relevant to a query are the documents of its own product
group. Then, over all queries,

    recall@10 = mean(relevant documents among the first ten / min(10, relevant documents))

measured twice, and compared; and ``agreement``, the mean share of torch's first ten that are among
the exported first ten. Likenesses are rounded to five digits and ties keep the catalogue's order,
so that rounding alone changes no order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from exporter.captions import compose_captions

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Row = Mapping[str, object]

DEPTH = 10
MOST_SAMPLES = 1000
"""Products that are measured on; of a larger catalogue, as many at even distances."""

LARGEST_DIFFERENCE = 0.005
_DIGITS = 5
_BATCH = 16
_NOTHING = np.empty((0, 1), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallSample:
    """A product: what it is asked by, what it is told by, whose variant it is, how it looks.

    ``picture`` gives prepared pixels uint8 (h, w, 3) when called, None where there is no picture.
    """

    query: str
    document: str
    group: str
    picture: Callable[[], Pixels | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoders:
    """Texts and pictures uint8 (n, h, w, 3) to unit vectors (n, d)."""

    texts: Callable[[Sequence[str]], Floats]
    pictures: Callable[[Pixels], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFigures:
    """Recall@10 as the module defines it; ``searched`` is ``pictures`` or ``texts``."""

    searched: str
    queries: int
    documents: int
    torch: float
    exported: float
    agreement: float

    @property
    def difference(self) -> float:
        """How far the two recalls lie apart, as a share."""
        return round(abs(self.torch - self.exported), 9)  # 0.505 - 0.5 is a hair more than 0.005


def recall_samples(
    rows: Iterable[Row], *, load: Callable[[str], Pixels | None]
) -> list[RecallSample]:
    """Make samples of catalogue rows with ``id``, ``title``, ``categories``, ``color``, ``image``.

    Rows that nothing can be said of, and photographs of other rows' products, are left out.
    ``load`` gives the prepared pixels of a row's ``image``, None where it cannot be used.
    """
    samples: list[RecallSample] = []
    for row in rows:
        paths = row.get("categories") or ()
        captions = compose_captions(
            title=str(row.get("title") or ""),
            categories=[str(path) for path in paths] if isinstance(paths, Iterable) else (),
            colour=str(row.get("color") or ""),
        )
        if "product_id" in row or not captions:
            continue
        name = str(row.get("image") or "")
        samples.append(
            RecallSample(
                query=min(captions, key=len),
                document=max(captions, key=len),
                group=str(row.get("group_id") or row.get("id") or len(samples)),
                picture=partial(load, name) if name else None,
            )
        )
    return samples


def measure_recall(
    samples: Sequence[RecallSample],
    *,
    torch: Encoders,
    exported: Encoders,
    progress: Callable[[float], None] = lambda _share: None,
) -> RecallFigures | None:
    """Compare two encoders on a catalogue; None where it gives nothing to search."""
    chosen = [samples[place] for place in _spread(len(samples))]
    with_pictures = [sample for sample in chosen if sample.picture is not None]
    vectors, told = _encode_pictures(with_pictures, (torch, exported), progress)
    searched = "pictures" if told else "texts"
    if not told:
        told = chosen
        vectors = tuple(
            _encode_texts([s.document for s in told], each) for each in (torch, exported)
        )
    if not told:
        return None
    groups = np.array([sample.group for sample in told])
    asked = list(dict.fromkeys((sample.query, sample.group) for sample in told))
    first = []
    for encoders, documents in zip((torch, exported), vectors, strict=True):
        queries = _encode_texts([query for query, _ in asked], encoders)
        first.append(_first(queries, documents))
    relevant = np.array([groups == group for _, group in asked])
    return RecallFigures(
        searched=searched,
        queries=len(asked),
        documents=len(told),
        torch=recall(first[0], relevant),
        exported=recall(first[1], relevant),
        agreement=_agreement(*first),
    )


def recall(first: NDArray[np.int64], relevant: NDArray[np.bool_]) -> float:
    """Recall of the documents ``first`` (q, k) given which are ``relevant`` (q, n).

    >>> recall(np.array([[0, 1], [2, 0]]), np.array([[1, 0, 1], [0, 1, 0]], np.bool_))
    0.25
    """
    found = np.take_along_axis(relevant, first, axis=1).sum(axis=1)
    possible = np.minimum(relevant.sum(axis=1), first.shape[1])
    return float((found / possible).mean())


def _spread(count: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, min(count, MOST_SAMPLES)).round().astype(np.int64)


def _first(queries: Floats, documents: Floats) -> NDArray[np.int64]:
    likeness = (queries.astype(np.float64) @ documents.T.astype(np.float64)).round(_DIGITS)
    return np.argsort(-likeness, axis=1, kind="stable")[:, :DEPTH]


def _agreement(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    shared = [np.isin(a, b).mean() for a, b in zip(one, other, strict=True)]
    return float(np.mean(shared))


def _encode_texts(texts: Sequence[str], encoders: Encoders) -> Floats:
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    return np.concatenate([encoders.texts(batch) for batch in batches] or [_NOTHING])


def _encode_pictures(
    samples: Sequence[RecallSample],
    each: Sequence[Encoders],
    progress: Callable[[float], None],
) -> tuple[tuple[Floats, ...], list[RecallSample]]:
    """Encode the pictures that can be read, a batch at a time: all would not fit in memory."""
    told: list[RecallSample] = []
    vectors: list[list[Floats]] = [[] for _ in each]
    for start in range(0, len(samples), _BATCH):
        progress(start / len(samples))
        batch = [
            (sample, pixels)
            for sample in samples[start : start + _BATCH]
            if sample.picture is not None and (pixels := sample.picture()) is not None
        ]
        if batch:
            told += [sample for sample, _ in batch]
            stacked = np.stack([pixels for _, pixels in batch])
            for kept, encoders in zip(vectors, each, strict=True):
                kept.append(encoders.pictures(stacked))
    return tuple(np.concatenate(kept) if kept else _NOTHING for kept in vectors), told
