"""Freed memory goes back where the C library can give it, and nothing happens where it cannot."""

from __future__ import annotations

import ctypes

import pytest

from server.encoders.freed_memory import give_back_freed_memory


class _Library:
    """A C library with `malloc_trim`, that counts its calls."""

    def __init__(self) -> None:
        self.kept: list[int] = []

    def malloc_trim(self, kept: int) -> int:
        self.kept.append(kept)
        return 1


def test_nothing_freed_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    library = _Library()
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)

    give_back_freed_memory()

    assert library.kept == [0]


def test_a_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

    give_back_freed_memory()


def test_the_library_of_this_machine_is_asked() -> None:
    give_back_freed_memory()
