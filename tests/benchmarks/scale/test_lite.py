"""The embedded engine's indexes are built, opened again, and agree with exact search."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale.collection import IndexKind
from benchmarks.scale.engines import FLAT
from benchmarks.scale.exact import nearest, recall
from benchmarks.scale.lite import LiteEngine
from benchmarks.scale.opened import LIMIT
from benchmarks.scale.vectors import ShopVectors

CAPTIONS = np.eye(8, 16, dtype=np.float32)
SMALL, LARGE = (ShopVectors(captions=CAPTIONS, products=size) for size in (300, 1_500))
QUERIES = np.concatenate([CAPTIONS, np.linalg.qr(np.eye(16) + 1)[0][:4].astype(np.float32)])
IVF_OF_ALL = IndexKind(type="IVF_FLAT", build={"nlist": 16}, ask={"nprobe": 16})


@pytest.mark.parametrize("kind", [FLAT, IVF_OF_ALL], ids=lambda kind: kind.type)
def test_two_sizes_are_built_and_answer_side_by_side(tmp_path: Path, kind: IndexKind) -> None:
    engine = LiteEngine(name="lite", kind=kind)
    with engine.session(tmp_path) as session:
        session.build(SMALL)
        session.build(LARGE)
    with engine.session(tmp_path) as session:
        for shop in (SMALL, LARGE):
            index = session.open(shop.products)
            found = [index.search(query) for query in QUERIES]
            assert [len(ids) for ids in found] == [LIMIT] * len(QUERIES)
            # Every list is asked, so only equal similarities may stand otherwise.
            assert recall(found, nearest(shop, QUERIES), at=10) > 0.99
            assert index.memory_mb > 10


def test_a_size_that_is_built_again_is_replaced(tmp_path: Path) -> None:
    engine = LiteEngine(name="lite", kind=FLAT)
    other = ShopVectors(captions=CAPTIONS, products=300, seed=9)
    with engine.session(tmp_path) as session:
        session.build(SMALL)
        session.build(other)
    with engine.session(tmp_path) as session:
        index = session.open(300)
        found = [index.search(query) for query in QUERIES]
    assert recall(found, nearest(other, QUERIES), at=10) > 0.99
    assert recall(found, nearest(SMALL, QUERIES), at=10) < 0.9


def test_about_names_version_and_parameters() -> None:
    about = LiteEngine(name="lite", kind=IVF_OF_ALL).about
    assert about.startswith("milvus-lite 2.")
    assert about.endswith("IVF_FLAT nlist=16; nprobe=16")
