"""What the benchmarks ask, and of which shop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omnishelf.v1 import search_service_pb2 as pb

from server.evaluation.judged import JudgedQuery, read_judged
from server.rpc.names import catalog_name
from server.sample_shop.generate import write_sample_shop

SHARED_SHOP = Path(__file__).parents[1] / "../shared/datasets/luma"
_SEED = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A catalogue, its file of judged queries, and those of them that are words alone."""

    name: str
    catalog: Path
    queries: Path
    texts: tuple[str, ...]


def find_shop(folder: Path) -> Shop:
    """The shared shop where it is there, else the sample shop, drawn into ``folder``."""
    if (SHARED_SHOP / "catalog.jsonl").is_file():
        catalog, queries = SHARED_SHOP / "catalog.jsonl", SHARED_SHOP / "queries.jsonl"
        return Shop(name="luma", catalog=catalog, queries=queries, texts=_texts(queries))
    sample = write_sample_shop(folder, seed=_SEED)
    return Shop(
        name="sample",
        catalog=sample.catalog,
        queries=sample.queries,
        texts=_texts(sample.queries),
    )


def text_request(text: str, *, catalog: str) -> pb.SearchProductsRequest:
    """A search as a shop's page makes it: words, twenty hits, everything by default."""
    return pb.SearchProductsRequest(
        parent=catalog_name(catalog), query=[pb.QueryPart(text=text)], page_size=20
    )


def _texts(path: Path) -> tuple[str, ...]:
    return tuple(
        line.text
        for line in read_judged(path)
        if isinstance(line, JudgedQuery) and line.text and line.picture is None
    )
