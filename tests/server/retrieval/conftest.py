"""Both engines, and rows to put in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from server.arrays import Float32Array
from server.retrieval.exact import ExactEngine, ExactIndex
from server.retrieval.milvus import MilvusEngine
from server.retrieval.milvus_index import MilvusIndex
from server.retrieval.protocol import (
    UNKNOWN_STOCK,
    FilterColumns,
    IndexRows,
    SparseVector,
    VectorEngine,
    VectorIndex,
)

DIMENSION = 8


class MakeRows(Protocol):
    """Rows of the given ids; whatever is not given is the same for every product."""

    def __call__(
        self,
        ids: Sequence[str],
        *,
        text: Mapping[str, Float32Array] | None = None,
        image: Mapping[str, Float32Array] | None = None,
        lexical: Mapping[str, SparseVector] | None = None,
        price: Sequence[float] | None = None,
    ) -> IndexRows: ...


def stacked(vectors: Sequence[Float32Array]) -> Float32Array:
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), DIMENSION)


@pytest.fixture
def make_rows() -> MakeRows:
    def make(
        ids: Sequence[str],
        *,
        text: Mapping[str, Float32Array] | None = None,
        image: Mapping[str, Float32Array] | None = None,
        lexical: Mapping[str, SparseVector] | None = None,
        price: Sequence[float] | None = None,
    ) -> IndexRows:
        count = len(ids)
        texts = (
            dict.fromkeys(ids, np.eye(1, DIMENSION, dtype=np.float32)[0]) if text is None else text
        )
        images = {} if image is None else image
        blank = np.full(DIMENSION, np.nan, dtype=np.float32)
        return IndexRows(
            ids=tuple(ids),
            text=stacked([texts.get(each, blank) for each in ids]),
            has_text=np.array([each in texts for each in ids], dtype=np.bool_),
            image=stacked([images.get(each, blank) for each in ids]),
            has_image=np.array([each in images for each in ids], dtype=np.bool_),
            lexical=tuple((lexical or {}).get(each, {}) for each in ids),
            filters=FilterColumns(
                group_id=tuple(ids),
                categories=((),) * count,
                leaf_paths=((),) * count,
                brand=("",) * count,
                color=("",) * count,
                price=price or [1.0] * count,
                stock=[UNKNOWN_STOCK] * count,
                rating=[float("nan")] * count,
                attributes=({},) * count,
            ),
        )

    return make


@pytest.fixture(scope="session")
def milvus_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusEngine]:
    """A real embedded Milvus for the whole run."""
    file: Path = tmp_path_factory.mktemp("milvus") / "vectors.db"
    engine = MilvusEngine(str(file))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def milvus_name(milvus_engine: MilvusEngine) -> str:
    """An index that tests empty instead of making one each: making one takes over a second."""
    return milvus_engine.create("omnishelf_test_bundle_1", dimension=DIMENSION).name


@pytest.fixture
def milvus_index(milvus_engine: MilvusEngine, milvus_name: str) -> MilvusIndex:
    """An empty index of the real engine."""
    index = milvus_engine.open(milvus_name)
    index.delete(sorted(index.ids()))
    return milvus_engine.open(milvus_name)


@pytest.fixture
def exact_index() -> ExactIndex:
    """An empty index of the plain twin."""
    return ExactEngine().create("omnishelf_test_bundle_1", dimension=DIMENSION)


@pytest.fixture(params=["exact", "milvus"])
def engine(request: pytest.FixtureRequest) -> VectorEngine:
    """Either engine, for what both must do."""
    if request.param == "exact":
        return ExactEngine()
    milvus: MilvusEngine = request.getfixturevalue("milvus_engine")
    return milvus


@pytest.fixture(params=["exact_index", "milvus_index"])
def index(request: pytest.FixtureRequest) -> VectorIndex:
    """An empty index of either engine."""
    found: VectorIndex = request.getfixturevalue(request.param)
    return found
