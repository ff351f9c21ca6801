"""The engines that `bench scale` knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.scale.collection import IndexKind
from benchmarks.scale.exact import ExactEngine
from benchmarks.scale.lite import LiteEngine
from benchmarks.scale.opened import Engine
from benchmarks.scale.server import ServerEngine

HNSW: Final = IndexKind(type="HNSW", build={"M": 16, "efConstruction": 100}, ask={"ef": 128})
IVF: Final = IndexKind(type="IVF_FLAT", build={"nlist": 1024}, ask={"nprobe": 64})
FLAT: Final = IndexKind(type="FLAT", build={}, ask={})

ENGINES: Final[Mapping[str, Engine]] = {
    each.name: each
    for each in (
        LiteEngine(name="lite-flat", kind=FLAT),
        LiteEngine(name="lite-ivf", kind=IVF),
        ServerEngine(name="milvus-hnsw", kind=HNSW),
        ServerEngine(name="milvus-ivf", kind=IVF),
        ExactEngine(),
    )
}
