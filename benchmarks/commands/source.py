"""What is measured and asked: a server that runs or one started here, and a workload for it."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.commands import options
from benchmarks.load.interleaving import Bench
from benchmarks.load.measured import Int32Array
from benchmarks.load.summary import Judge
from benchmarks.load.systems import connections_for, omnishelf, over_http
from benchmarks.results.values import Quality
from benchmarks.served import indexed, served
from benchmarks.workloads.asking import asking, refuse_unanswered
from benchmarks.workloads.catalogue import read_catalogue
from benchmarks.workloads.draw import DISTINCT, drawn, parse_kinds
from benchmarks.workloads.files import read_workload
from benchmarks.workloads.judging import Judgments, judge, quality_apart, read_judgments
from benchmarks.workloads.photographs import Photographs
from benchmarks.workloads.workload import Workload
from server.commands.progress import stage_progress
from server.errors import InvalidRequest, Violation
from server.sample_shop.generate import write_sample_shop
from server.settings import DEFAULT_CATALOG

OURS: Final = "omnishelf"
STARTED_CATALOG: Final = "bench"
_SAMPLE_SEED: Final = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, and which server: options of a command."""

    server: options.Server = None
    shop: options.Shop = None
    queries: options.Queries = None
    workload: options.WorkloadFile = None
    kinds: options.Kinds = "text"
    zipf: options.Zipf = 0.0
    questions: options.Questions = 1_000
    catalog: options.Catalog = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """Who is asked beside it, how ours is started and all are reached: options of a command."""

    against: options.Against = None
    serve: options.ServeFlags = ""
    connections: options.Connections = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Connected systems, ours first, and what they are asked.

    Attributes:
        bench: Holds the connections.
        workload: What is asked of all of them.
        judge: Judges replies; None where nothing is judged.
        apart: By system, its quality with pages of fifty, asked once off the clock.
        products: How many the first system serves; 0 where it does not say.
        connections: How many lead to the first system.
    """

    bench: Bench
    workload: Workload
    judge: Judge | None
    apart: dict[str, Quality]
    products: int
    connections: int


@contextmanager
def prepared(asked: Asked, systems: Systems, *, seed: int) -> Iterator[Prepared]:
    """Draw or read the workload, start what must be started, connect, and ask each kind once.

    Raises:
        InvalidRequest: options that do not go together, a file that cannot be used, or a kind that
            a server refuses, in its own words.
        OmnishelfError: a server did not start or does not answer.
    """
    _refuse_contradictions(asked, systems)
    with ExitStack() as stack:
        with stage_progress("Preparing") as tell:
            tell("reading what is asked", 0.1)
            asked = _with_files(asked, stack)
            ready = _prepare(
                asked, systems, workload=_workload(asked, seed=seed), stack=stack, tell=tell
            )
        yield ready


def _prepare(
    asked: Asked,
    systems: Systems,
    *,
    workload: Workload,
    stack: ExitStack,
    tell: Callable[[str, float], None],
) -> Prepared:
    products = 0
    if asked.server:
        connections = systems.connections or connections_for(asked.server)
        found = [omnishelf(OURS, asked.server, connections=connections)]
    else:
        tell("indexing the catalogue", 0.2)
        data = stack.enter_context(indexed(_shop(asked), catalog=workload.catalog))
        tell("starting the server", 0.7)
        running = stack.enter_context(served(data, flags=shlex.split(systems.serve)))
        products = running.products.get(workload.catalog, 0)
        connections = systems.connections or connections_for(running.address)
        found = [omnishelf(OURS, running.address, pid=running.pid, connections=connections)]
    found += [
        over_http(each)
        if "://" in each
        else omnishelf(each, each, connections=systems.connections or connections_for(each))
        for each in systems.against or ()
    ]
    tell("asking each kind once", 0.8)
    judgments = None
    if asked.queries:
        judgments = read_judgments(asked.queries, catalogue=asked.shop)
    apart = {}
    bench = stack.enter_context(Bench())
    for system in found:
        known = system
        if system.address:
            with asking(system.address) as ask:
                refuse_unanswered(workload, ask)
                known = replace(system, about=_about(ask(workload.questions[0].request)))
                if judgments:
                    apart[system.name] = quality_apart(workload, ask, judgments=judgments)
        bench.add(known)
    return Prepared(
        bench=bench,
        workload=workload,
        judge=None if judgments is None else _judge_by(judgments),
        apart=apart,
        products=products,
        connections=connections,
    )


def _judge_by(judgments: Judgments) -> Judge:
    def judged(workload: Workload, replies: Sequence[bytes], places: Int32Array) -> Quality:
        return judge(workload, replies, judgments=judgments, places=places)

    return judged


def _about(reply: bytes) -> dict[str, str]:
    by = pb.SearchProductsResponse.FromString(reply).served_by
    return {"encoder_bundle": by.encoder_bundle, "index": by.index, "ranker": by.ranker}


def _with_files(asked: Asked, stack: ExitStack) -> Asked:
    """With the sample shop where neither a shop nor a workload nor a server is named."""
    if asked.shop or asked.server:
        return asked
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="omnishelf-"))
    sample = write_sample_shop(Path(folder, "sample_shop"), seed=_SAMPLE_SEED)
    return replace(asked, shop=sample.catalog, queries=asked.queries or sample.queries)


def _workload(asked: Asked, *, seed: int) -> Workload:
    catalog = asked.catalog or (None if asked.server else STARTED_CATALOG)
    if asked.workload is None:
        return drawn(
            parse_kinds(asked.kinds),
            queries=_named(asked.queries, "--queries"),
            catalogue=_shop(asked),
            catalog=catalog or DEFAULT_CATALOG,
            count=asked.questions,
            s=asked.zipf,
            seed=seed,
        )
    stand_in = None
    if asked.shop:
        facts = read_catalogue(asked.shop, photographs=DISTINCT, seed=seed)
        stand_in = Photographs(facts.photographs).like if facts.photographs else None
    return read_workload(asked.workload, catalog=catalog, stand_in=stand_in)


def _shop(asked: Asked) -> Path:
    return _named(asked.shop, "--shop")


def _named(path: Path | None, flag: str) -> Path:
    if path is None:
        raise _refused(
            flag,
            "FLAG_MISSING",
            "name the catalogue that the server holds (--shop) and its judged queries (--queries), "
            "or a workload file (--workload)",
        )
    return path


def _refuse_contradictions(asked: Asked, systems: Systems) -> None:
    if asked.server and systems.serve:
        description = f"the server on {asked.server} runs already; leave one of the two out"
        raise _refused("--serve", "FLAGS_CONTRADICT", description)
    if asked.shop and not asked.queries and asked.workload is None:
        description = f"name the judged queries of {asked.shop}, or a --workload"
        raise _refused("--queries", "FLAG_MISSING", description)
    names = [OURS, *(systems.against or ())]
    if len(set(names)) < len(names):
        raise _refused("--against", "NAMED_TWICE", "name each system once")


def _refused(field: str, reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field=field, reason=reason, description=description)])
