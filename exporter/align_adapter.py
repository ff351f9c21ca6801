"""Align any bundle: low-rank adapters behind its frozen towers, trained on a shop's own words.

The towers are run once, on pictures, on augmented views of them and on captions, and what they gave
is kept in a work folder; from there a killed alignment goes on. All text towers share one space and
get the same adapter, so texts of every language move together. What is shipped are the weights that
were best for the products kept out, which makes the figure after training slightly flattering.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from exporter.adapter import append_adapter, apply_adapter
from exporter.adapter_lesson import AdapterLesson, AdapterSettings
from exporter.adapter_training import TrainedAdapters, train_adapters
from exporter.align import hold_out, require_image
from exporter.align_data import Pixels, Sample
from exporter.alignment import Progress, part_of
from exporter.alignment_bundle import write_bundle
from exporter.alignment_cache import VectorCache, cache_for, digest_samples
from exporter.alignment_report import AlignmentReport
from exporter.augment import augment
from exporter.publish import published
from exporter.spec import BundleError, Manifest, load_manifest

Floats = NDArray[np.float32]

_PICTURES_A_BLOCK = 256
_MOST_HELD_OUT = 1000  # groups; more would make measuring slower than training
_COMPARED = 8
_TOLERANCE = 1e-3  # half-precision towers may give another last bit in another batch
_CHECKPOINT = "training.pt"


class Towers(Protocol):
    """A bundle's towers, run as a server runs them. One thread asks at a time."""

    def encode_texts(self, texts: Sequence[str]) -> Floats:
        """Unit vectors float32 (n, d) of n texts, at least one, each by the tower of its script."""

    def encode_pictures(self, pixels: NDArray[np.uint8]) -> Floats:
        """Unit vectors float32 (n, d) of n prepared pictures uint8 (n, h, w, 3), at least one."""


OpenTowers = Callable[[Path], Towers]


class DidNotHelp(Exception):
    """Training found nothing better than the towers as they are; ``report`` has the figures."""

    def __init__(self, report: AlignmentReport) -> None:
        super().__init__(
            "products kept out of training are found no better than before, so no bundle was "
            "written; bring more products or other settings, or write it anyway with --force"
        )
        self.report = report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """A lesson, with the texts in the order of its caption vectors."""

    lesson: AdapterLesson
    texts: tuple[str, ...]


def align_by_adapter(
    bundle: Path,
    *,
    output: Path,
    samples: Sequence[Sample],
    open_towers: OpenTowers,
    seed: int = 0,
    settings: AdapterSettings | None = None,
    work: Path | None = None,
    restart: bool = False,
    force: bool = False,
    progress: Progress = lambda _stage, _share: None,
) -> AlignmentReport:
    """Train adapters for ``bundle`` and write the bundle with them into ``output``.

    Where products kept out are found no better, it is only written if ``force`` says so.
    ``work`` keeps vectors and checkpoints; without it a kill loses everything. ``restart`` forgets
    the checkpoint. Same samples, settings and seed, same bundle, killed in between or not.
    ``output`` may be ``bundle`` itself.

    Raises:
        DidNotHelp: products kept out are found no better; nothing was written.
        BundleError: the bundle cannot be used, or the towers written do not give what was trained
            (``ALIGN_DISAGREES``).
        ExportError: ``output`` holds something else, or is being written by somebody else.
        CheckpointError: ``work`` holds an unfinished training of something else.
        TooFewProducts: there are fewer than eight groups of samples.
        ValueError: the rank does not fit the bundle's dimension.
        OSError: a picture or a file cannot be read or written.
    """
    chosen = settings or AdapterSettings()
    with published(output) as folder:
        manifest = load_manifest(bundle)
        image = require_image(bundle, manifest)
        if restart and work is not None:
            (work / _CHECKPOINT).unlink(missing_ok=True)
        material, trained, report = _train(
            manifest.id,
            samples,
            towers=open_towers(bundle),
            seed=seed,
            settings=chosen,
            work=work,
            progress=progress,
        )
        if not (report.helped or force):
            raise DidNotHelp(report)
        record = {**report.training_record(), "seed": seed, "rank": chosen.rank}
        written = write_bundle(
            bundle,
            folder,
            towers=_adapted_towers(bundle, manifest, image=image.file, trained=trained),
            training={"adapters": [*manifest.training.get("adapters", ()), record]},
            history=report.history,
        )
        _require_agreement(open_towers(folder), samples, material=material, trained=trained)
    return replace(report, bundle=written.id)


def _train(
    bundle: str,
    samples: Sequence[Sample],
    *,
    towers: Towers,
    seed: int,
    settings: AdapterSettings,
    work: Path | None,
    progress: Progress,
) -> tuple[_Material, TrainedAdapters, AlignmentReport]:
    groups = [sample.group for sample in samples]
    count = len(set(groups))
    share = min(settings.held_out, _MOST_HELD_OUT / max(count, 1))
    kept_out = hold_out(groups, share=share, seed=seed)
    hear = part_of(progress, "checking pictures", done=0, whole=len(samples))
    facts = {"bundle": bundle, "catalogue": digest_samples(samples, progress=hear)}
    material = _gather(
        samples,
        towers=towers,
        kept_out=kept_out,
        cache=cache_for(work, facts={**facts, "seed": seed}),
        settings=settings,
        seed=seed,
        progress=progress,
    )
    trained = train_adapters(
        material.lesson,
        settings,
        seed=seed,
        checkpoint=None if work is None else work / _CHECKPOINT,
        facts=facts,
        progress=part_of(progress, "training", done=0, whole=1),
    )
    report = AlignmentReport(
        samples=len(samples),
        groups=count,
        held_out_groups=len({groups[int(row)] for row in np.flatnonzero(kept_out)}),
        steps=trained.steps,
        before=trained.before,
        after=trained.after,
        bundle="",
        method="adapter",
        loss=settings.loss,
        resumed_at=trained.resumed_at,
        history=trained.history,
    )
    return material, trained, report


def _gather(
    samples: Sequence[Sample],
    *,
    towers: Towers,
    kept_out: NDArray[np.bool_],
    cache: VectorCache,
    settings: AdapterSettings,
    seed: int,
    progress: Progress,
) -> _Material:
    """Run the towers on everything that is not in the cache yet."""
    texts = tuple(sorted({caption for sample in samples for caption in sample.captions}))
    rows = {text: row for row, text in enumerate(texts)}
    names = sorted({sample.group for sample in samples})
    numbers = {name: number for number, name in enumerate(names)}
    views = 1 + settings.views
    pictures = [
        _encode_view(
            samples,
            towers=towers,
            cache=cache,
            view=view,
            seed=seed,
            progress=part_of(
                progress, "encoding pictures", done=view * len(samples), whole=views * len(samples)
            ),
        )
        for view in range(views)
    ]
    progress("encoding captions", 0.0)
    lesson = AdapterLesson(
        pictures=np.stack(pictures),
        captions=[[rows[text] for text in sample.captions] for sample in samples],
        caption_vectors=cache.keep("captions", lambda: towers.encode_texts(texts)),
        groups=np.array([numbers[sample.group] for sample in samples]),
        kept_out=kept_out,
    )
    return _Material(lesson=lesson, texts=texts)


def _encode_view(
    samples: Sequence[Sample],
    *,
    towers: Towers,
    cache: VectorCache,
    view: int,
    seed: int,
    progress: Callable[[float], None],
) -> Floats:
    def seen(row: int) -> Pixels:
        pixels = samples[row].picture()
        # A generator for each picture: a view is the same wherever encoding was cut off.
        random = np.random.default_rng((seed, view, row))
        return pixels if view == 0 else augment(pixels, random=random)

    def encode(rows: range) -> Floats:
        progress(rows.start)
        return towers.encode_pictures(np.stack([seen(row) for row in rows]))

    blocks = []
    for start in range(0, len(samples), _PICTURES_A_BLOCK):
        rows = range(start, min(start + _PICTURES_A_BLOCK, len(samples)))
        blocks.append(cache.keep(f"pictures-{view}-{start}", partial(encode, rows)))
    return np.concatenate(blocks)


def _adapted_towers(
    bundle: Path, manifest: Manifest, *, image: str, trained: TrainedAdapters
) -> Mapping[str, onnx.ModelProto]:
    towers = {}
    adapters = {tower.file: trained.text for tower in manifest.text} | {image: trained.picture}
    for name, adapter in adapters.items():
        towers[name] = onnx.load(bundle / name, load_external_data=False)
        append_adapter(towers[name], adapter)
    return towers


def _require_agreement(
    towers: Towers, samples: Sequence[Sample], *, material: _Material, trained: TrainedAdapters
) -> None:
    """Compare what the towers that were written give with what was trained."""
    lesson = material.lesson
    pixels = np.stack([sample.picture() for sample in samples[:_COMPARED]])
    pairs = (
        (towers.encode_pictures(pixels), trained.picture, lesson.pictures[0]),
        (towers.encode_texts(material.texts[:_COMPARED]), trained.text, lesson.caption_vectors),
    )
    for served, adapter, vectors in pairs:
        expected = apply_adapter(adapter, vectors[: len(served)])
        difference = float(np.abs(served - expected).max())
        if not difference <= _TOLERANCE:
            message = (
                f"the adapted towers are {difference:.1e} off what was trained and were not "
                "published; remove the work folder and align again"
            )
            raise BundleError(message, reason="ALIGN_DISAGREES")
