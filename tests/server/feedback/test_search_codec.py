from __future__ import annotations

import struct
import zlib
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from ranker.columns import AffinityField, TermField
from server.errors import DataCorrupted
from server.feedback import search_codec
from server.feedback.search_codec import Payload, decode, encode
from tests.server.feedback.search_parts import ranked


def assert_same(first: object, second: object) -> None:
    """The same types and the same bits, all the way down."""
    assert type(first) is type(second)
    if is_dataclass(first):
        for field in fields(first):
            assert_same(getattr(first, field.name), getattr(second, field.name))
    elif isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        assert (first.dtype, first.shape) == (second.dtype, second.shape)
        assert first.tobytes() == second.tobytes()
    elif isinstance(first, dict) and isinstance(second, dict):
        assert list(first) == list(second)
        for (key, value), other in zip(first.items(), second, strict=True):
            assert type(key) is type(other)
            assert_same(value, second[key])
    elif isinstance(first, tuple) and isinstance(second, tuple):
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, float) and isinstance(second, float):
        assert struct.pack("d", first) == struct.pack("d", second)
    else:
        assert first == second


def payload(**changed: object) -> Payload:
    # Quiet and signalling NaNs with bits of their own, both infinities, both zeros, a denormal.
    bits = [0x7FC12345, 0xFFA00001, 0x7F800000, 0xFF800000, 0x80000000, 0x00000001]
    features = np.array(bits, np.uint32).view(np.float32).reshape(2, 3)
    whole = Payload(shown=("mug", "鞋-1"), features=features, ranked=ranked())
    return replace(whole, **changed)  # type: ignore[arg-type] # by keyword


@pytest.mark.parametrize(
    "given",
    [
        payload(),
        payload(ranked=None),
        payload(ranked=ranked(person=False)),
        payload(ranked=ranked(1, seed=3)),
        payload(ranked=ranked(0)),
        payload(shown=(), features=np.empty((0, 41), np.float32), ranked=None),
        payload(features=np.ones((4, 6), np.float32).T[:, ::2], ranked=None),
    ],
)
def test_the_same_bits_come_back(given: Payload) -> None:
    assert_same(decode(encode(given)), given)


def test_what_comes_back_may_be_written_to() -> None:
    back = decode(encode(payload()))
    back.features[:] = 0
    assert back.ranked is not None
    back.ranked.columns.price[:] = 0
    assert set(back.ranked.columns.affinities) == set(AffinityField)
    assert set(back.ranked.columns.terms) == set(TermField)


def test_equal_rows_take_little_room() -> None:
    features = np.tile(np.arange(40, dtype=np.float32), (50, 1))

    assert len(encode(payload(features=features, ranked=None))) < features.nbytes / 5


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\x02" + encode(payload())[1:],
        encode(payload())[:-5],
        _flipped(encode(payload())),
        encode(payload()) + b"more",
        b"\x01" + zlib.compress(b"\x02\x00\x00\x00{}"),
        b"\x01" + zlib.compress(b"\xff\xff\xff\xff"),
        b"\x01not compressed",
    ],
)
def test_what_is_no_payload_is_refused(spoilt: bytes) -> None:
    with pytest.raises(DataCorrupted) as caught:
        decode(spoilt)

    assert caught.value.reason == "SEARCH_PAYLOAD"


def test_columns_of_another_release_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given = payload()
    data = encode(given)
    monkeypatch.setattr(search_codec, "layout", lambda: ["QueryFacts.has_smell"])

    assert_same(decode(data), replace(given, ranked=None))


def test_nothing_but_columns_is_written() -> None:
    with pytest.raises(TypeError, match="object is no part"):
        encode(payload(ranked=object()))
