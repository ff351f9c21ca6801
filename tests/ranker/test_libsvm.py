"""LibSVM files: read as written, refused with the line where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ranker.errors import RankingError
from ranker.libsvm import read_libsvm


def write(folder: Path, rows: str, sizes: str) -> Path:
    path = folder / "rank.train"
    path.write_text(rows, "utf-8")
    path.with_name("rank.train.query").write_text(sizes, "utf-8")
    return path


def test_rows_grades_and_queries(tmp_path: Path) -> None:
    path = write(tmp_path, "2 1:0.5 3:nan # a comment\n\n0 qid:9 0:-1\n4\n", "2\n1\n")
    found = read_libsvm(path)
    np.testing.assert_array_equal(
        found.matrix, np.array([[0, 0.5, 0, np.nan], [-1, 0, 0, 0], [0, 0, 0, 0]], np.float32)
    )
    assert found.labels.tolist() == [2, 0, 4]
    assert found.sizes.tolist() == [2, 1]
    assert found.names == ("f0", "f1", "f2", "f3")
    assert found.directions == (0, 0, 0, 0)


def test_another_file_decides_the_width(tmp_path: Path) -> None:
    path = write(tmp_path, "1 0:1 7:9\n", "1\n")
    assert read_libsvm(path, features=2).matrix.tolist() == [[1.0, 0.0]]
    assert read_libsvm(path, features=9).matrix.shape == (1, 9)


@pytest.mark.parametrize(
    ("rows", "sizes", "said"),
    [
        ("1 0:1\nx 0:1\n", "2\n", "line 2"),
        ("1 0=1\n", "1\n", "line 1"),
        ("1 0:1:2\n", "1\n", "line 1"),
        ("1 a:1\n", "1\n", "line 1"),
        ("1 -1:1\n", "1\n", "not between"),
        ("1 99999999:1\n", "1\n", "not between"),
        ("1 0:1\n", "2\n", "queries have 2 rows, the data has 1"),
        ("1 0:1\n", "2\n-1\n", "queries have"),
        ("1 0:1\n", "one\n", "not the number"),
        ("7 0:1\n", "1\n", "whole grades"),
        ("0.5 0:1\n", "1\n", "whole grades"),
    ],
)
def test_refuses(tmp_path: Path, rows: str, sizes: str, said: str) -> None:
    with pytest.raises(RankingError, match=said):
        read_libsvm(write(tmp_path, rows, sizes))


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(RankingError) as caught:
        read_libsvm(tmp_path / "none")
    assert caught.value.reason == "LIBSVM_NOT_FOUND"
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04\x95")
    with pytest.raises(RankingError, match="not text"):
        read_libsvm(path)


@pytest.mark.shared
def test_the_shared_set(shared_datasets: Path) -> None:
    found = read_libsvm(shared_datasets / "ltr/rank.train")
    assert (len(found.sizes), len(found.matrix)) == (201, 3005)
    assert set(found.labels.tolist()) == {0, 1, 2, 3, 4}
