from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.stems import stem, term_hash


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("shoes", "shoe"),
        ("running", "run"),
        ("hoodies", "hoodi"),
        ("hoody", "hoodi"),
        ("dresses", "dress"),
        ("xj900", "xj900"),
        ("32x34", "32x34"),
        ("黑色", "黑色"),
        ("", ""),
    ],
)
def test_stem(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_threads_do_not_mix_their_words() -> None:
    words = [f"{letter}unnings" for letter in "abcdefghijklmnop"] * 50
    alone = [stem.__wrapped__(word) for word in words]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(stem.__wrapped__, words)) == alone


@given(st.text())
def test_a_hash_fits_a_signed_32_bit_number(term: str) -> None:
    assert 0 <= term_hash(term) < 2**31


def test_the_hash_is_the_same_in_every_process() -> None:
    code = "from server.retrieval.stems import term_hash; print(term_hash('黑色'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert int(printed) == term_hash("黑色") == 180167831
