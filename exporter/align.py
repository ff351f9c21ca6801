"""Teach a bundle's image tower a catalogue's words: the feature behind ``omnishelf align``.

The trunk stays as it is; its features are read once through ONNX Runtime and a new head is trained
on them. A share of the product groups is kept out to say honestly what the new head does for
products it never saw and to choose how long to train; then the head that is shipped is trained for
as long on everything. The result is a new bundle: the same files, another ``image.onnx``. The old
head is not built upon, so whatever a head should know has to be among the samples; what they do not
show is kept alive by rehearsal (see `exporter.rehearsal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from exporter.adapter import remove_adapters
from exporter.align_data import Sample
from exporter.alignment import Alignment, EncodeText, Progress, gather, part_of
from exporter.alignment_bundle import write_bundle
from exporter.alignment_cache import cache_for, digest_samples
from exporter.alignment_report import AlignmentReport, HistoryPoint, Method
from exporter.alignment_scores import Scores
from exporter.head_training import HeadSettings
from exporter.publish import published
from exporter.quantize import compress
from exporter.spec import BundleError, ImageTower, Manifest, load_manifest
from exporter.tower_features import load_tower
from exporter.towers.image_graph import CLASS_NAMES_KEY, FEATURES
from exporter.towers.image_head import Head, append_head, apply_head, remove_head

_FEWEST_GROUPS = 8
_LOSS_POINTS = 40


class TooFewProducts(ValueError):
    """There are too few groups of samples to learn from some and to measure on others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignSettings:
    """How a bundle is aligned.

    ``lengths`` are the numbers of training steps that are tried on the groups kept out;
    ``held_out`` is their share of all groups; ``views`` is how many augmented views of every
    picture are read besides the picture itself; ``per_class`` is how many rehearsal features are
    made for every class of the classifier.
    """

    head: HeadSettings = field(default_factory=HeadSettings)
    lengths: tuple[int, ...] = (200, 400)
    held_out: float = 0.2
    views: int = 1
    per_class: int = 4
    likeness_gain: float = 0.7


def align(
    bundle: Path,
    *,
    output: Path,
    samples: Sequence[Sample],
    encode_text: EncodeText,
    seed: int = 0,
    settings: AlignSettings | None = None,
    work: Path | None = None,
    progress: Progress = lambda _stage, _share: None,
) -> AlignmentReport:
    """Train a new head for ``bundle`` and write the bundle with it into ``output``.

    ``encode_text`` gives unit vectors (n, d) for n texts, by the bundle's own text towers.
    ``output`` may be ``bundle`` itself. Same samples, settings and seed, same vectors on one
    machine. Features and captions' vectors are kept in ``work``, so that a killed alignment that is
    asked for again only trains. ``progress`` is called with a stage's name and the share of it that
    is done.

    Raises:
        BundleError: the bundle cannot be used: ``BUNDLE_NO_IMAGE`` when it has no image tower,
            ``BUNDLE_NO_HEAD`` when that has no head to replace.
        ExportError: ``output`` holds something else, or is being written by somebody else.
        TooFewProducts: there are fewer than eight groups of samples.
        OSError: a picture or a file cannot be read or written.
    """
    with published(output) as folder:
        manifest = load_manifest(bundle)
        image = require_image(bundle, manifest)
        tower = load_tower(bundle / image.file)
        if not has_head(tower):
            message = f"the image tower of {bundle} has no head to train; use --method adapter"
            raise BundleError(message, reason="BUNDLE_NO_HEAD")
        head, report = _train(
            tower,
            samples,
            encode_text=encode_text,
            bundle=manifest.id,
            seed=seed,
            settings=settings or AlignSettings(),
            work=work,
            progress=progress,
        )
        written = write_bundle(
            bundle,
            folder,
            towers={image.file: replace_head(tower, head)},
            training={"image": {**report.training_record(), "seed": seed}},
            history=report.history,
        )
    return replace(report, bundle=written.id)


def require_image(bundle: Path, manifest: Manifest) -> ImageTower:
    """Give the image tower of a bundle.

    Raises:
        BundleError: ``BUNDLE_NO_IMAGE``: it has none.
    """
    if manifest.image is None:
        message = f"{bundle} has no image tower; export one with `omnishelf export`"
        raise BundleError(message, reason="BUNDLE_NO_IMAGE")
    return manifest.image


def default_method(bundle: Path) -> Method:
    """Say how a bundle is aligned: by its head where its image tower has one that can be replaced.

    Raises:
        BundleError: the bundle cannot be used, or has no image tower.
    """
    image = require_image(bundle, load_manifest(bundle))
    return "head" if has_head(load_tower(bundle / image.file)) else "adapter"


def hold_out(groups: Sequence[str], *, share: float, seed: int) -> NDArray[np.bool_]:
    """Mark the samples (n,) whose whole group is kept out of training.

    Raises:
        TooFewProducts: there are fewer than eight groups.
    """
    names = sorted(set(groups))
    if len(names) < _FEWEST_GROUPS:
        raise TooFewProducts(
            f"{len(names)} groups of pictures are too few to learn from and to measure on; "
            f"give at least {_FEWEST_GROUPS} products with pictures"
        )
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(len(names))[:count]
    kept_out = {names[place] for place in chosen}
    return np.array([group in kept_out for group in groups])


def has_head(tower: onnx.ModelProto) -> bool:
    """Whether a tower names its features and classes, as the starter's does."""
    named = any(entry.key == CLASS_NAMES_KEY for entry in tower.metadata_props)
    return named and any(FEATURES in node.output for node in tower.graph.node)


def replace_head(tower: onnx.ModelProto, head: Head) -> onnx.ModelProto:
    """Give a copy of a tower with another head, its weights stored as the tower's are.

    Adapters behind the former head go with it.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(tower)
    remove_adapters(changed)
    remove_head(changed)
    append_head(changed, head, features=FEATURES)
    return compress(changed, precision="int8")


def _train(
    tower: onnx.ModelProto,
    samples: Sequence[Sample],
    *,
    encode_text: EncodeText,
    bundle: str,
    seed: int,
    settings: AlignSettings,
    work: Path | None,
    progress: Progress,
) -> tuple[Head, AlignmentReport]:
    """Choose how long to train, then train on everything."""
    kept_out = hold_out([sample.group for sample in samples], share=settings.held_out, seed=seed)
    facts: dict[str, object] = {"bundle": bundle, "seed": seed, "per_class": settings.per_class}
    if work is not None:
        heard = part_of(progress, "checking pictures", done=0, whole=len(samples))
        facts["catalogue"] = digest_samples(samples, progress=heard)
    alignment = gather(
        samples,
        tower=tower,
        encode_text=encode_text,
        views=settings.views,
        per_class=settings.per_class,
        seed=seed,
        cache=cache_for(work, facts=facts),
        progress=progress,
    )
    before = alignment.score(alignment.embeddings, rows=kept_out)
    tried = _try_lengths(
        alignment, kept_out=kept_out, settings=settings, seed=seed, progress=progress
    )
    steps, after = max(tried, key=lambda pair: pair[1].ndcg_at_10)
    losses: list[float] = []
    head = alignment.train(
        np.ones(len(samples), np.bool_),
        settings=replace(settings.head, steps=steps),
        likeness_gain=settings.likeness_gain,
        seed=seed,
        progress=part_of(progress, "training on everything", done=0, whole=1),
        hear=losses.append,
    )
    report = AlignmentReport(
        samples=len(samples),
        groups=len({sample.group for sample in samples}),
        held_out_groups=len({samples[int(row)].group for row in np.flatnonzero(kept_out)}),
        steps=steps,
        before=before,
        after=after,
        bundle="",
        loss=settings.head.loss,
        history=_history(losses, before=before, tried=tried),
    )
    return head, report


def _try_lengths(
    alignment: Alignment,
    *,
    kept_out: NDArray[np.bool_],
    settings: AlignSettings,
    seed: int,
    progress: Progress,
) -> list[tuple[int, Scores]]:
    """Try each length without the groups kept out, and say what it scores on them."""
    tried: list[tuple[int, Scores]] = []
    for place, steps in enumerate(settings.lengths):
        head = alignment.train(
            ~kept_out,
            settings=replace(settings.head, steps=steps),
            likeness_gain=settings.likeness_gain,
            seed=seed,
            progress=part_of(
                progress, "choosing how long to train", done=place, whole=len(settings.lengths)
            ),
        )
        embeddings = apply_head(head, alignment.views[0])
        tried.append((steps, alignment.score(embeddings, rows=kept_out)))
    return tried


def _history(
    losses: Sequence[float], *, before: Scores, tried: Sequence[tuple[int, Scores]]
) -> tuple[HistoryPoint, ...]:
    """Losses of the training on everything, and what the lengths that were tried scored."""
    every = max(1, len(losses) // _LOSS_POINTS)
    points = [
        HistoryPoint(step=start + len(part), loss=float(np.mean(part)))
        for start in range(0, len(losses), every)
        for part in (losses[start : start + every],)
    ]
    points += [
        HistoryPoint(step=steps, recall_at_10=scores.recall_at_10, ndcg_at_10=scores.ndcg_at_10)
        for steps, scores in ((0, before), *tried)
    ]
    return tuple(sorted(points, key=lambda point: point.step))
