from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from server.feedback.group_commit import GroupCommit

WAIT = 60.0


class Committer:
    """Doubles numbers; the first commit lasts until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.began, self.go = threading.Event(), threading.Event()

    def __call__(self, works: Sequence[int]) -> list[int]:
        self.groups.append(list(works))
        self.began.set()
        assert self.go.wait(WAIT)
        if 13 in works:
            raise ValueError("unlucky")
        return [2 * each for each in works]


def outcomes_of(first: int, later: Sequence[int], *, most: int = 10) -> tuple[Committer, list[str]]:
    """Submit the others, in order, while the first is committing; what became of each."""
    commit = Committer()
    group = GroupCommit(commit, size=lambda work: work, most=most)
    found: dict[int, str] = {}

    def submit(place: int, work: int) -> None:
        try:
            found[place] = str(group.submit(work))
        except ValueError as error:
            found[place] = str(error)

    threads = [threading.Thread(target=submit, args=(0, first), daemon=True)]
    threads[0].start()
    assert commit.began.wait(WAIT)
    for place, work in enumerate(later, start=1):
        threads.append(threading.Thread(target=submit, args=(place, work), daemon=True))
        threads[-1].start()
        while len(group._waiting) < place:
            threading.Event().wait(0.001)
    commit.go.set()
    for thread in threads:
        thread.join(WAIT)
    return commit, [found[place] for place in range(len(threads))]


def test_what_waits_is_committed_together() -> None:
    commit, outcomes = outcomes_of(1, [2, 3, 4])

    assert commit.groups == [[1], [2, 3, 4]]
    assert outcomes == ["2", "4", "6", "8"]


def test_a_group_has_a_size_but_for_its_first() -> None:
    commit, outcomes = outcomes_of(1, [6, 4, 1, 11, 2], most=10)

    assert commit.groups == [[1], [6, 4], [1], [11], [2]]
    assert outcomes == ["2", "12", "8", "2", "22", "4"]


def test_a_failure_is_that_of_everybody_in_the_group_and_of_nobody_else() -> None:
    commit, outcomes = outcomes_of(1, [2, 13, 4], most=15)

    assert commit.groups == [[1], [2, 13], [4]]
    assert outcomes == ["2", "unlucky", "unlucky", "8"]


def test_a_caller_alone_waits_for_nobody() -> None:
    group = GroupCommit[int, int](lambda works: [each + 1 for each in works], size=int, most=1)

    assert [group.submit(each) for each in range(3)] == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        GroupCommit[int, int](lambda works: [1 // 0], size=int, most=1).submit(1)
