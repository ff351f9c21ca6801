"""The ratio is of builds that stand; nothing is built for it."""

from pathlib import Path

from benchmarks.scale.engines import ENGINES
from benchmarks.scale.kept import Build, note
from benchmarks.scale.ratio import million_over_ten_thousand


def test_nothing_is_built_for_it(tmp_path: Path) -> None:
    assert million_over_ten_thousand(keep=tmp_path / "none", bundle=tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_it_takes_both_sizes_of_the_engine_as_it_is_now(tmp_path: Path) -> None:
    own, about = tmp_path / "milvus-hnsw", ENGINES["milvus-hnsw"].about
    for size, made_by in ((10_000, about), (1_000_000, "another release")):
        note(own, Build(products=size, about=made_by, data="", seconds=1.0))
    assert million_over_ten_thousand(keep=tmp_path, bundle=tmp_path) is None
