"""Vectors are made once for the same facts; samples are known by all that is learnt from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exporter.align_data import Sample
from exporter.alignment_cache import VectorCache, cache_for, digest_samples

ONES = np.ones((2, 3), np.float32)


def never() -> np.ndarray:
    raise AssertionError("made a second time")


def make_sample(*, shade: int = 9) -> Sample:
    pixels = np.full((2, 2, 3), shade, np.uint8)
    return Sample(
        picture=lambda: pixels, captions=("red mug",), colour="red", group="g", source="shop"
    )


def test_made_once(tmp_path: Path) -> None:
    assert (cache_for(tmp_path, facts={"seed": 1}).keep("a", lambda: ONES) == ONES).all()
    kept = cache_for(tmp_path, facts={"seed": 1}).keep("a", never)
    assert kept.dtype == np.float32
    assert (kept == ONES).all()


def test_other_facts_other_vectors(tmp_path: Path) -> None:
    cache_for(tmp_path, facts={"seed": 1}).keep("a", lambda: ONES)
    assert (cache_for(tmp_path, facts={"seed": 2}).keep("a", lambda: ONES * 2) == 2).all()


def test_what_was_cut_off_is_made_again(tmp_path: Path) -> None:
    def fail() -> np.ndarray:
        raise KeyboardInterrupt

    cache = VectorCache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        cache.keep("a", fail)
    assert (cache.keep("a", lambda: ONES) == ONES).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_without_a_folder_nothing_is_kept() -> None:
    cache = cache_for(None, facts={})
    cache.keep("a", lambda: ONES)
    assert (cache.keep("a", lambda: ONES * 2) == 2).all()


def test_samples_by_everything_that_is_learnt() -> None:
    sample = make_sample()
    others = [
        make_sample(shade=10),
        replace(sample, captions=("red cup",)),
        replace(sample, colour="blue"),
        replace(sample, group="h"),
        replace(sample, source="other"),
    ]
    digests = {digest_samples([each]) for each in (sample, *others)}
    assert len(digests) == 6
    assert digest_samples([make_sample()]) == digest_samples([sample])
    assert digest_samples([sample, others[0]]) != digest_samples([others[0], sample])
