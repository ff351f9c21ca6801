"""Learning-to-rank files in LibSVM form: ``grade feature:value …``, with the sizes of queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.judgments import checked_grades

SIZES_SUFFIX = ".query"
_MOST_FEATURES = 100_000


def read_libsvm(path: Path, *, features: int | None = None) -> RankingDataset:
    """The rows of ``path`` and the sizes of ``path.query``, a number a line.

    Features are named ``f0``, ``f1`` and so on by their number in the file, and free to push either
    way. What a row does not name is 0, as the format has it; ``nan`` is unknown.

    Args:
        path: The file of rows. What follows ``#`` in a line is a comment.
        features: Width of the matrix, where another file has decided it; what is numbered higher is
            left out. None takes the highest number of this file.

    Raises:
        RankingError: ``LIBSVM_NOT_FOUND`` or ``LIBSVM_MALFORMED``, with the line.
    """
    labels: list[float] = []
    lengths: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for number, line in enumerate(_lines(path), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            labels.append(float(words[0]))
            pairs = [word.split(":") for word in words[1:] if not word.startswith("qid:")]
            columns += [int(column) for column, _ in pairs]
            values += [float(value) for _, value in pairs]
        except ValueError as error:
            raise _malformed(path, f"line {number} is not `grade feature:value …`") from error
        lengths.append(len(pairs))
    sizes = _sizes(Path(f"{path}{SIZES_SUFFIX}"), rows=len(labels))
    places = np.array(columns, dtype=np.int64)
    width = int(places.max(initial=-1)) + 1 if features is None else features
    if places.min(initial=0) < 0 or width > _MOST_FEATURES:
        raise _malformed(path, f"a feature's number is not between 0 and {_MOST_FEATURES - 1}")
    rows = np.repeat(np.arange(len(labels)), lengths)
    inside = places < width
    matrix = np.zeros((len(labels), width), dtype=np.float32)
    matrix[rows[inside], places[inside]] = np.array(values, dtype=np.float32)[inside]
    return RankingDataset(
        matrix=matrix,
        labels=checked_grades(np.array(labels), candidates=len(labels)),
        sizes=sizes,
        names=tuple(f"f{place}" for place in range(width)),
        directions=(0,) * width,
    )


def _sizes(path: Path, *, rows: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    try:
        sizes = np.array([int(line) for line in _lines(path) if line.strip()], dtype=np.int32)
    except ValueError as error:
        raise _malformed(path, "a line is not the number of rows of a query") from error
    if (sizes < 0).any() or int(sizes.sum()) != rows:
        raise _malformed(path, f"its queries have {int(sizes.sum())} rows, the data has {rows}")
    return sizes


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError as error:
        raise RankingError(
            f"{path} cannot be read; name a LibSVM file with {SIZES_SUFFIX} sizes beside it.",
            reason="LIBSVM_NOT_FOUND",
        ) from error
    except UnicodeDecodeError as error:
        raise _malformed(path, "it is not text") from error


def _malformed(path: Path, what: str) -> RankingError:
    return RankingError(
        f"{path} is not learning-to-rank data in LibSVM form: {what}; correct the file.",
        reason="LIBSVM_MALFORMED",
    )
