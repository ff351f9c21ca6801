"""Words against pictures of products that the picture tower never saw in training.

    python -m benchmarks.held_out_images --json

The product groups of the shared shop are dealt into folds. For each fold the head of the picture
tower is trained without it (by the code of `omnishelf align`, on the other folds, the groceries and
the clothing photographs), and the fold's pictures are encoded with that head. So every picture has
a vector from a head that never saw its product. The English queries are then ranked by the inner
product with the pictures alone: over all products, and over each unseen fold by itself.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from exporter.align import AlignSettings
from exporter.align_data import make_samples
from exporter.alignment import Alignment, gather
from exporter.spec import STARTER_DIRECTORY, load_manifest
from exporter.tower_features import load_tower
from exporter.towers.image_head import apply_head
from ranker.metrics import mean_over_queries, ndcg
from server.commands.alignment_rows import read_rows
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.evaluation.judged import JudgedQuery, read_judged

SHARED = Path(__file__).parents[1] / "../shared/datasets"
SHOP = SHARED / "luma"
ALSO_TAUGHT = (
    SHARED / "grocery" / "catalog.jsonl",
    SHARED / "grocery" / "photos.jsonl",
    SHARED / "clothing" / "items.jsonl",
)

Floats = NDArray[np.float32]


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    encoder = EmbeddedEncoder(arguments.bundle, threads=arguments.threads)
    manifest = load_manifest(arguments.bundle)
    if manifest.image is None:
        raise SystemExit(f"{arguments.bundle} has no picture tower")
    also = () if arguments.alone else ALSO_TAUGHT
    shop, *others = read_rows([SHOP / "catalog.jsonl", *also])
    taught = make_samples(shop.rows, source=shop.name, load=shop.loader(manifest.image))
    if len(taught) != len(shop.rows):
        raise SystemExit("a picture of the shared shop cannot be read")
    samples = list(taught)
    for other in others:
        load = other.loader(manifest.image)
        samples += make_samples(other.rows, source=other.name, load=load)
    settings = AlignSettings()
    alignment = gather(
        samples,
        tower=load_tower(arguments.bundle / manifest.image.file),
        encode_text=lambda texts: encoder.encode_texts(texts, deadline=Deadline.never()),
        views=settings.views,
        per_class=settings.per_class,
        seed=arguments.seed,
    )
    folds = deal([sample.group for sample in taught], folds=arguments.folds, seed=arguments.seed)
    pictures = _unseen_vectors(alignment, folds, steps=arguments.steps, seed=arguments.seed)
    queries = [
        line
        for line in read_judged(SHOP / "queries.jsonl")
        if isinstance(line, JudgedQuery) and line.language == "en" and line.text
    ]
    words = encoder.encode_texts([str(line.text) for line in queries], deadline=Deadline.never())
    ids = [str(row["id"]) for row in shop.rows]
    likeness = words @ pictures.T
    by_fold = [
        _quality(likeness, queries, ids=ids, shown=folds == fold) for fold in range(arguments.folds)
    ]
    document = {
        "queries": len(queries),
        "products": len(ids),
        "folds": arguments.folds,
        "ndcg@10": round(_quality(likeness, queries, ids=ids, shown=folds >= 0), 4),
        "ndcg@10_unseen_fold_alone": round(fmean(by_fold), 4),
        "by_fold": [round(value, 4) for value in by_fold],
    }
    print(json.dumps(document, indent=None if arguments.json else 2))


def deal(groups: Sequence[str], *, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold (n,) of each sample; samples of one group share theirs."""
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[place]: int(rank % folds) for rank, place in enumerate(order)}
    return np.array([fold_of[group] for group in groups])


def _unseen_vectors(
    alignment: Alignment, folds: NDArray[np.int64], *, steps: int | None, seed: int
) -> Floats:
    """Vectors (n, d) of the shop's pictures, each by a head trained without its fold."""
    settings = AlignSettings()
    chosen = settings.head if steps is None else replace(settings.head, steps=steps)
    count = len(folds)
    vectors = np.empty((count, alignment.embeddings.shape[1]), np.float32)
    for fold in np.unique(folds):
        seen = np.ones(len(alignment.embeddings), np.bool_)
        seen[:count] = folds != fold
        head = alignment.train(
            seen, settings=chosen, likeness_gain=settings.likeness_gain, seed=seed
        )
        unseen = np.flatnonzero(~seen)
        vectors[unseen] = apply_head(head, alignment.views[0][unseen])
    return vectors


def _quality(
    likeness: Floats,
    queries: Sequence[JudgedQuery],
    *,
    ids: Sequence[str],
    shown: NDArray[np.bool_],
) -> float:
    """NDCG@10 of the products marked in ``shown``, judged over them alone."""
    places = np.flatnonzero(shown)
    values = []
    for row, query in zip(likeness[:, places], queries, strict=True):
        grades: Mapping[str, float] = query.grades
        ranked = [grades.get(ids[places[place]], 0.0) for place in np.argsort(-row, kind="stable")]
        values.append(ndcg(ranked, ranked, k=10))
    return mean_over_queries(values)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--bundle", type=Path, default=STARTER_DIRECTORY)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--steps", type=int, help="steps of training [those of omnishelf align]")
    parser.add_argument("--alone", action="store_true", help="train on the shop alone: quicker")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
