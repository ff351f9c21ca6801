"""A whole text search over gRPC against the sum of its bare parts, measured in turn in one run.

    python -m benchmarks.request_path --json

In every round all queries are asked of `omnishelf serve` in a process of its own, one after the
other; then their parts are done as their own libraries do them here (tokenise and run the tower;
the vector searches; the booster on the same matrix), over a copy of the same data. Medians are over
all rounds; the first round warms up and is left out. The two languages have towers of very
different cost, so the ratio is given for each query with its own parts (median of those), beside
the ratio of the two medians.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import truediv
from pathlib import Path
from statistics import median

import lightgbm
from omnishelf.v1 import search_service_pb2_grpc
from pymilvus import MilvusClient

from benchmarks.bare_parts import BareSearch, BareTower, open_booster, open_towers
from benchmarks.queries import Shop, find_shop, text_request
from benchmarks.served import served
from exporter.lexicon import read_lexicon
from ranker import registry
from server.app import App, build_app
from server.arrays import Float32Array
from server.commands.temporary import in_folder
from server.deadline import Deadline
from server.ingest.files import open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.observability import configure_logging
from server.query import Query, TextPart
from server.query_facts import query_words
from server.retrieval.analysis import Analyzer
from server.rpc.channel import open_channel
from server.settings import load_settings

CATALOG = "benchmark"

Times = dict[str, list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One query as its bare parts take it."""

    text: str
    tower: BareTower
    vector: Float32Array
    words: Mapping[int, float]
    matrix: Float32Array


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    settings = load_settings(flags={"log.level": "error"})
    configure_logging(settings.log)
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        local = in_folder(settings, Path(folder, "data"))
        shop = find_shop(Path(folder, "shop"))
        texts = shop.texts[: arguments.queries]
        with build_app(local) as app:
            indexing = _index(app, shop)
        copied = Path(shutil.copytree(local.data, Path(folder, "served")))
        with build_app(local) as app, served(copied) as server:
            with open_channel(server.address) as channel:
                stub = search_service_pb2_grpc.SearchServiceStub(channel)
                times = _measure(app, stub, texts=texts, rounds=arguments.rounds)
            memory = server.memory()
    document = {
        "shop": shop.name,
        "queries": len(texts),
        "rounds": arguments.rounds,
        **_figures(times),
        "indexing_seconds": round(indexing, 2),
        "memory": memory,
    }
    print(json.dumps(document, indent=None if arguments.json else 2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, help="rounds measured after the first")
    parser.add_argument("--queries", type=int, default=40, help="queries a round")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _index(app: App, shop: Shop) -> float:
    file = open_catalog(shop.catalog, mapping={})
    started = time.perf_counter()
    load_file(file, partial(app.writer.stream, CATALOG), report=IngestReport())
    return time.perf_counter() - started


def _measure(
    app: App,
    stub: search_service_pb2_grpc.SearchServiceStub,
    *,
    texts: Sequence[str],
    rounds: int,
) -> Times:
    chinese, other = open_towers(app.settings.bundle_directory)
    booster = open_booster(app.settings.ranking.ranker or registry.DEFAULT_DIRECTORY)
    catalog, analyzer = app.catalogs.get(CATALOG), _analyzer(app)
    # The engine runs already; a second client of the same process is led to it.
    milvus = MilvusClient(str(Path(app.settings.vectors_uri).absolute()))
    limit = app.settings.retrieval.candidates
    bare = BareSearch(client=milvus, collection=catalog.index.name, limit=limit)
    prepared = [_prepared(app, text, analyzer=analyzer, towers=(chinese, other)) for text in texts]
    times: Times = {}
    for round_ in range(rounds + 1):
        # Whole blocks in turn: both sides run as they do under load, one call after the other.
        asked = [_ask(stub, text) for text in texts]
        parts = [_parts(each, bare=bare, booster=booster) for each in prepared]
        if round_:
            for request, part in zip(asked, parts, strict=True):
                for name, seconds in (request | part).items():
                    times.setdefault(name, []).append(seconds)
    milvus.close()
    return times


def _ask(stub: search_service_pb2_grpc.SearchServiceStub, text: str) -> dict[str, float]:
    request = text_request(text, catalog=CATALOG)
    started = time.perf_counter()
    response = stub.SearchProducts(request)
    stages = {
        f"stage {each.stage}": each.duration.ToTimedelta().total_seconds()
        for each in response.stages
    }
    return {"request": time.perf_counter() - started, **stages}


def _prepared(
    app: App, text: str, *, analyzer: Analyzer, towers: tuple[BareTower, BareTower]
) -> Prepared:
    """What the parts of one query take, made as the server makes it, off the clock."""
    query = Query(catalog=CATALOG, parts=(TextPart(text=text),))
    considered = app.pipeline.consider(query, deadline=Deadline.never())
    reader = app.catalogs.get(CATALOG).table.reader()
    tower = towers[0] if considered.facts.chinese_share > 0 else towers[1]
    return Prepared(
        text=text,
        tower=tower,
        vector=tower.encode(text),
        words=query_words(query, analyzer, reader).weights,
        matrix=app.ranker.features(considered.facts, considered.columns),
    )


def _parts(
    prepared: Prepared, *, bare: BareSearch, booster: lightgbm.Booster | None
) -> dict[str, float]:
    spent = {
        "encode": _seconds(partial(prepared.tower.encode, prepared.text)),
        "search": _seconds(partial(bare.search, prepared.vector, prepared.words)),
        "predict": _seconds(partial(booster.predict, prepared.matrix, num_threads=1))
        if booster
        else 0.0,
    }
    return {**spent, "sum": sum(spent.values())}


def _analyzer(app: App) -> Analyzer:
    lexicon = app.shelf.current.lexicon
    return Analyzer(read_lexicon(app.settings.bundle_directory / lexicon) if lexicon else {})


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _figures(times: Times) -> dict[str, object]:
    middle = {name: round(median(values) * 1_000, 3) for name, values in times.items()}
    return {
        "request_ms": middle["request"],
        "parts_ms": {name: middle[name] for name in ("encode", "search", "predict")},
        "sum_of_parts_ms": middle["sum"],
        "ratio": round(median(map(truediv, times["request"], times["sum"])), 3),
        "ratio_of_medians": round(middle["request"] / middle["sum"], 3),
        "stages_ms": {
            name.removeprefix("stage "): value
            for name, value in middle.items()
            if name.startswith("stage ")
        },
    }


if __name__ == "__main__":
    main()
