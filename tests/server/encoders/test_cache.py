from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.deadline import Deadline
from server.encoders.cache import ENTRY_BYTES, CachedEncoder, VectorCache, uncached
from server.encoders.recorder import RequestRecorder
from server.errors import InvalidRequest, Violation
from server.stages import FallbackUsed
from tests.server.encoders.shelf_parts import SIDE, SmallEncoder, clock, manifest, vector

NEVER = Deadline.never()
ENTRY = ENTRY_BYTES + 4 * 4
"""Bytes of one vector of four components."""


def cached(
    inner: SmallEncoder | None = None,
    cache: VectorCache | None = None,
    recorder: RequestRecorder | None = None,
) -> tuple[CachedEncoder, SmallEncoder]:
    small = inner or SmallEncoder()
    return CachedEncoder(
        small, cache=cache or VectorCache(100 * ENTRY), recorder=recorder or RequestRecorder()
    ), small


def pixels(*shades: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.stack([np.full((SIDE, SIDE, 3), shade, np.uint8) for shade in shades])


def test_only_what_is_missing_is_encoded_in_one_call_and_joined_in_order() -> None:
    encoder, small = cached()
    first = encoder.encode_texts(["a", "b"], deadline=NEVER)

    again = encoder.encode_texts(["c", "b", "d", "c", "a"], deadline=NEVER)

    assert small.asked == [["a", "b"], ["c", "d"]]
    assert (again[4] == first[0]).all()
    assert (again[1] == first[1]).all()
    bundle = small.manifest.id
    for row, text in enumerate("cbdca"):
        assert (again[row] == vector(bundle, text.encode(), dimension=4)).all()
    assert again.flags.c_contiguous
    assert again.dtype == np.float32


def test_texts_that_are_cleaned_alike_are_one() -> None:
    encoder, small = cached()
    encoder.encode_texts(["ＢＬＵＥ\u200b  pants"], deadline=NEVER)
    encoder.encode_texts([" BLUE pants\n"], deadline=NEVER)
    assert len(small.asked) == 1


def test_where_a_tower_sees_texts_as_typed_they_are_two() -> None:
    encoder, small = cached(SmallEncoder(manifest(cleaning="verbatim")))
    encoder.encode_texts(["BLUE  pants"], deadline=NEVER)
    encoder.encode_texts(["BLUE pants"], deadline=NEVER)
    assert len(small.asked) == 2


def test_pictures_are_known_by_their_pixels() -> None:
    encoder, small = cached()
    first = encoder.encode_pictures(pixels(1, 2), deadline=NEVER)
    again = encoder.encode_pictures(pixels(2, 3, 1), deadline=NEVER)
    assert small.pictures == [2, 1]
    assert (again[[2, 0]] == first).all()


def test_bundles_and_kinds_never_share_a_vector() -> None:
    cache = VectorCache(100 * ENTRY)
    one, _ = cached(cache=cache)
    other, small = cached(SmallEncoder(manifest("other")), cache=cache)
    content = "x" * (SIDE * SIDE * 3)
    same_bytes = np.frombuffer(content.encode(), np.uint8).reshape(1, SIDE, SIDE, 3)

    first = one.encode_texts([content], deadline=NEVER)
    second = other.encode_texts([content], deadline=NEVER)
    other.encode_pictures(same_bytes, deadline=NEVER)

    assert small.calls == 2
    assert (first != second).any()
    assert cache.counts().entries == 3


def test_what_is_kept_is_nobodys_to_change() -> None:
    encoder, small = cached()
    given_away = encoder.encode_texts(["a"], deadline=NEVER)
    given_away[:] = 0
    again = encoder.encode_texts(["a"], deadline=NEVER)
    assert (again[0] == vector(small.manifest.id, b"a", dimension=4)).all()
    cache = VectorCache(ENTRY)
    cache.keep(b"k", again[0])
    found = cache.find(b"k")
    assert found is not None
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_errors_name_the_rows_of_the_caller_and_nothing_is_kept() -> None:
    def refuse(_: Deadline) -> None:
        raise InvalidRequest([Violation(field="texts[1]", reason="TEXT_EMPTY", description="")])

    cache = VectorCache(100 * ENTRY)
    encoder, small = cached(cache=cache)
    encoder.encode_texts(["a"], deadline=NEVER)
    small.before = refuse
    with pytest.raises(InvalidRequest):
        encoder.encode_texts(["a", " \u200b"], deadline=NEVER)
    assert small.asked[-1] == ["a", " \u200b"]
    with pytest.raises(InvalidRequest):
        encoder.encode_texts([], deadline=NEVER)
    assert small.asked[-1] == []
    assert cache.counts().entries == 1


def test_ingest_goes_past_the_cache() -> None:
    encoder, small = cached()
    assert uncached(encoder) is small
    assert uncached(small) is small


def test_what_was_missed_is_recorded_and_what_was_found_is_not() -> None:
    recorder = RequestRecorder()
    encoder, _ = cached(recorder=recorder)
    encoder.encode_texts(["a", "b"], deadline=NEVER)
    encoder.encode_texts(["a"], deadline=NEVER)
    encoder.encode_pictures(pixels(7), deadline=NEVER)
    assert recorder.texts() == ("a", "b")
    assert len(recorder.pictures(height=SIDE, width=SIDE)) == 1


class Away(SmallEncoder):
    def away_reason(self) -> str | None:
        return "TRITON_UNREACHABLE"


def test_a_vector_found_while_the_encoder_is_away_is_noted() -> None:
    encoder, _ = cached(Away())
    first, second = clock(), clock()
    encoder.encode_texts(["a"], deadline=NEVER, clock=first)
    encoder.encode_texts(["a"], deadline=NEVER, clock=second)
    assert first.fallbacks == []
    assert second.fallbacks == [
        FallbackUsed(stage="encode", used="cached_vectors", reason="TRITON_UNREACHABLE")
    ]
    assert encoder.away_reason() == "TRITON_UNREACHABLE"
    assert cached()[0].away_reason() is None


def test_counts() -> None:
    cache = VectorCache(2 * ENTRY)
    encoder, _ = cached(cache=cache)
    for texts in (["a", "b"], ["a"], ["c"], ["b"]):
        encoder.encode_texts(texts, deadline=NEVER)
    counts = cache.counts()
    assert (counts.hits, counts.misses, counts.evictions) == (1, 4, 2)
    assert (counts.entries, counts.bytes) == (2, 2 * ENTRY)


def test_a_cache_of_no_bytes_keeps_nothing() -> None:
    cache = VectorCache(0)
    encoder, small = cached(cache=cache)
    encoder.encode_texts(["a"], deadline=NEVER)
    encoder.encode_texts(["a"], deadline=NEVER)
    assert len(small.asked) == 2
    assert cache.counts().bytes == 0


@given(
    most=st.integers(0, 4),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=60),
)
def test_it_keeps_what_was_used_last(most: int, steps: list[tuple[bool, int]]) -> None:
    """Against a model: a list of keys in the order of their use."""
    cache = VectorCache(most * ENTRY)
    model: OrderedDict[bytes, int] = OrderedDict()
    for keep, number in steps:
        key = bytes([number])
        if keep:
            cache.keep(key, np.full(4, number, np.float32))
            model[key] = number
            model.move_to_end(key)
            while len(model) > most:
                model.popitem(last=False)
        else:
            found = cache.find(key)
            assert (found is not None) == (key in model)
            if found is not None:
                assert found.tolist() == [number] * 4
                model.move_to_end(key)
        assert cache.counts().bytes == len(model) * ENTRY


def test_threads_share_it() -> None:
    cache = VectorCache(8 * ENTRY)
    encoder, small = cached(cache=cache)
    wrong: list[str] = []

    def ask(start: int) -> None:
        for turn in range(200):
            texts = [f"t{(start + turn + step) % 20}" for step in range(3)]
            rows = encoder.encode_texts(texts, deadline=NEVER)
            for text, row in zip(texts, rows, strict=True):
                if (row != vector(small.manifest.id, text.encode(), dimension=4)).any():
                    wrong.append(text)

    threads = [threading.Thread(target=ask, args=(start,), daemon=True) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    counts = cache.counts()
    assert counts.bytes == counts.entries * ENTRY <= 8 * ENTRY
