"""Replicas list themselves and what they hold; whoever promotes reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.catalog.store import Store
from server.rankers.replicas import Replicas


@pytest.fixture
def two(store_url: str) -> Iterator[tuple[Replicas, Replicas]]:
    opened = Store(store_url)
    yield Replicas(opened.database), Replicas(opened.database)
    opened.close()


def test_who_is_listed_is_silent_until_it_answers(two: tuple[Replicas, Replicas]) -> None:
    one, other = two
    assert one.answers("a").silent == frozenset()
    one.enter()
    other.enter()
    assert one.answers("a").silent == {one.own, other.own}
    one.answer("a")
    other.answer("a", refused="of other features " * 100)
    said = one.answers("a")
    assert said.ready == {one.own}
    assert said.silent == frozenset()
    assert said.refused[other.own].startswith("of other features")
    assert one.answers("b").silent == {one.own, other.own}


def test_a_refusal_can_be_asked_again_and_an_answer_taken_back(
    two: tuple[Replicas, Replicas],
) -> None:
    one, other = two
    one.answer("a")
    other.answer("a", refused="no room")
    one.drop_answers("a")
    assert one.answers("a").ready == {one.own}
    assert one.answers("a").silent == {other.own}
    one.forget("a")
    assert one.answers("a").silent == {one.own, other.own}


def test_who_leaves_is_waited_for_no_longer_and_who_answers_is_back(
    two: tuple[Replicas, Replicas],
) -> None:
    one, other = two
    one.answer("a")
    other.enter()
    one.leave()
    assert other.answers("a").silent == {other.own}
    other.drop([other.own])
    assert other.answers("a").silent == frozenset()
    other.answer("b")
    assert other.answers("a").silent == {other.own}
