"""Teach a bundle's image tower a catalogue's words: the feature behind ``omnishelf align``.

The trunk stays as it is; its features are read once through ONNX Runtime and a new head is trained
on them. A share of the product groups is kept out to say honestly what the new head does for
products it never saw and to choose how long to train; then the head that is shipped is trained for
as long on everything. The result is a new bundle: the same files, another ``image.onnx``. The old
head is not built upon, so whatever a head should know has to be among the samples; what they do not
show is kept alive by rehearsal (see `exporter.rehearsal`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from exporter.align_data import Sample
from exporter.alignment import Alignment, EncodeText, Progress, gather, part_of
from exporter.alignment_scores import Scores
from exporter.head_training import HeadSettings
from exporter.quantize import compress
from exporter.spec import (
    MANIFEST_NAME,
    BundleError,
    Manifest,
    file_record,
    load_manifest,
    write_manifest,
)
from exporter.tower_features import load_tower
from exporter.towers.image_graph import FEATURES
from exporter.towers.image_head import Head, append_head, apply_head, remove_head

_FEWEST_GROUPS = 8


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentReport:
    """What was trained and what it does for groups kept out of training, before and after."""

    samples: int
    groups: int
    held_out_groups: int
    steps: int
    before: Scores
    after: Scores
    bundle: str


def align(
    bundle: Path,
    *,
    output: Path,
    samples: Sequence[Sample],
    encode_text: EncodeText,
    seed: int = 0,
    settings: AlignSettings | None = None,
    progress: Progress = lambda _stage, _share: None,
) -> AlignmentReport:
    """Train a new head for ``bundle`` and write the bundle with it into ``output``.

    ``encode_text`` gives unit vectors (n, d) for n texts, by the bundle's own text towers.
    ``output`` may be ``bundle`` itself. Same samples, settings and seed, same vectors on one
    machine. ``progress`` is called with a stage's name and the share of it that is done.

    Raises:
        BundleError: the bundle cannot be used; ``BUNDLE_NO_IMAGE`` when it has no image tower.
        ValueError: there are fewer than eight groups of samples to learn from and to measure on.
        OSError: a picture or a file cannot be read or written.
    """
    chosen = settings or AlignSettings()
    manifest = load_manifest(bundle)
    if manifest.image is None:
        message = f"{bundle} has no image tower; export one with `omnishelf export`"
        raise BundleError(message, reason="BUNDLE_NO_IMAGE")
    kept_out = hold_out([sample.group for sample in samples], share=chosen.held_out, seed=seed)
    tower = load_tower(bundle / manifest.image.file)
    alignment = gather(
        samples,
        tower=tower,
        encode_text=encode_text,
        views=chosen.views,
        per_class=chosen.per_class,
        seed=seed,
        progress=progress,
    )
    before = alignment.score(alignment.embeddings, rows=kept_out)
    steps, after = _choose_length(
        alignment, kept_out=kept_out, settings=chosen, seed=seed, progress=progress
    )
    everything = np.ones(len(samples), np.bool_)
    head = alignment.train(
        everything,
        settings=replace(chosen.head, steps=steps),
        likeness_gain=chosen.likeness_gain,
        seed=seed,
        progress=part_of(progress, "training on everything", done=0, whole=1),
    )
    report = AlignmentReport(
        samples=len(samples),
        groups=len({sample.group for sample in samples}),
        held_out_groups=len({samples[int(row)].group for row in np.flatnonzero(kept_out)}),
        steps=steps,
        before=before,
        after=after,
        bundle="",
    )
    training = {name: value for name, value in asdict(report).items() if name != "bundle"}
    written = _write(
        bundle,
        output,
        manifest=replace(
            manifest, training={**manifest.training, "image": {**training, "seed": seed}}
        ),
        file=manifest.image.file,
        tower=replace_head(tower, head),
    )
    return replace(report, bundle=written.id)


def hold_out(groups: Sequence[str], *, share: float, seed: int) -> NDArray[np.bool_]:
    """Mark the samples (n,) whose whole group is kept out of training.

    Raises:
        ValueError: there are fewer than eight groups.
    """
    names = sorted(set(groups))
    if len(names) < _FEWEST_GROUPS:
        raise ValueError(
            f"{len(names)} groups of pictures are too few to learn from and to measure on; "
            f"give at least {_FEWEST_GROUPS} products with pictures"
        )
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(len(names))[:count]
    kept_out = {names[place] for place in chosen}
    return np.array([group in kept_out for group in groups])


def replace_head(tower: onnx.ModelProto, head: Head) -> onnx.ModelProto:
    """Give a copy of a tower with another head, its weights stored as the tower's are."""
    changed = onnx.ModelProto()
    changed.CopyFrom(tower)
    remove_head(changed)
    append_head(changed, head, features=FEATURES)
    return compress(changed, precision="int8")


def _write(
    bundle: Path, output: Path, *, manifest: Manifest, file: str, tower: onnx.ModelProto
) -> Manifest:
    """Write ``bundle`` with another ``file`` into ``output``: files first, the manifest last.

    Files that the manifest does not list, such as the licences, are copied too.
    """
    if output.resolve() != bundle.resolve():
        others = shutil.ignore_patterns(file, MANIFEST_NAME, ".*")
        shutil.copytree(bundle, output, ignore=others, dirs_exist_ok=True)
    part = output / f".{file}.part"
    onnx.save(tower, part)
    part.replace(output / file)
    written = replace(manifest, files={**manifest.files, file: file_record(output / file)})
    write_manifest(output, written)
    return written


def _choose_length(
    alignment: Alignment,
    *,
    kept_out: NDArray[np.bool_],
    settings: AlignSettings,
    seed: int,
    progress: Progress,
) -> tuple[int, Scores]:
    """Try each length without the groups kept out; give the best length and what it scored."""
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
    return max(tried, key=lambda pair: pair[1].ndcg_at_10)
