"""What an object holds is counted once, by the path of attributes that leads there."""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.object_sizes import sizes

BIG, BIGGER = 1_000_000, 3_000_000


@dataclass(slots=True)
class Columns:
    rows: np.ndarray
    ids: list[str] = field(default_factory=list)


class Table:
    """With a dictionary, a private attribute, and a class of its own kind among its values."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.counts = {"a": b"x" * BIGGER}
        self.kind = Columns


def test_bytes_are_told_by_path_the_largest_first() -> None:
    found = sizes(Table(Columns(rows=np.zeros(BIG, np.int8), ids=["y" * BIG])), depth=2)
    assert next(iter(found)) == "counts"
    assert abs(found["counts"] - BIGGER) < 1_000
    assert abs(found["columns.rows"] - BIG) < 1_000
    assert abs(found["columns.ids"] - BIG) < 1_000
    assert not any(path.startswith("kind.") for path in found)


def test_what_lies_deeper_counts_for_its_path() -> None:
    found = sizes(Table(Columns(rows=np.zeros(BIG, np.int8))), depth=1)
    assert abs(found["columns"] - BIG) < 1_000
    assert "columns.rows" not in found


def test_what_is_held_twice_and_a_view_of_it_count_once() -> None:
    rows = np.zeros((BIG, 2), np.int8)
    found = sizes([rows, rows, rows[:, 0], Columns(rows=rows[1:])], depth=3)
    assert abs(sum(found.values()) - 2 * BIG) < 2_000


def test_a_view_counts_for_the_whole_that_it_keeps() -> None:
    assert abs(sum(sizes(np.zeros(BIG, np.int8)[:3], depth=1).values()) - BIG) < 1_000


def test_a_circle_ends() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert 0 < sum(sizes(circle, depth=2).values()) < 1_000
