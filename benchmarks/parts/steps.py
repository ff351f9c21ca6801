"""The steps of `bench parts`: each measures, and puts its figures and what is behind them down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load.echo import Echo, echo
from benchmarks.load.interleaving import Bench
from benchmarks.load.processes import cores
from benchmarks.load.systems import empty_echo, over_http
from benchmarks.parts import (
    afternoon_peer,
    calls,
    ingest_rate,
    saturation,
    slowest_part,
    vector_servers,
)
from benchmarks.parts import whole_request as whole
from benchmarks.parts.capacity import BareJobs, capacity
from benchmarks.parts.effort import Effort
from benchmarks.parts.found import Found
from benchmarks.parts.ours import OURS, add_ours, add_workers
from benchmarks.parts.shop import CATALOG, AskedText, Bare, IndexedShop, engine_address
from benchmarks.peers.afternoon.process import afternoon
from benchmarks.results.intervals import Estimate
from benchmarks.served import Served, served
from benchmarks.workloads.workload import Workload
from server.app import App
from server.evaluation.judged import JudgedQuery
from server.settings import Settings

SHARES = {"tail_at_half": 0.5, "tail_at_80": 0.8}
_NO_CACHE = "encoder:\n  cache_bytes: 0\n"
_USUAL_REPLY_BYTES = 8_192


def call_figures(
    found: Found, app: App, asked: Sequence[AskedText], *, bare: Bare, effort: Effort
) -> None:
    """Single calls of ours over the bare ones."""
    with found.step("search_over_bare"):
        searched = calls.searches(app, asked, bare=bare, rounds=effort.rounds)
        found.figures["search_over_bare"] = searched.over_bare
        found.figures["search_views_over_bare"] = searched.views_over_bare
        found.raw["search"] = {
            "milliseconds": searched.milliseconds,
            "views_over_bare_one_by_one": searched.views_over_one_by_one,
        }
    with found.step("rank_over_bare"):
        ranked = calls.ranking(app, asked, bare=bare, rounds=effort.rounds)
        found.figures["rank_over_bare"] = ranked.over_bare
        found.raw["rank"] = {
            "milliseconds": ranked.milliseconds,
            "candidates": ranked.candidates,
            "engine": getattr(app.ranker, "engine", ""),
        }


def request_figures(
    found: Found, shop: IndexedShop, asked: Sequence[AskedText], *, bare: Bare, effort: Effort
) -> None:
    """Whole requests over their parts."""
    names = ("end_to_end_over_parts", "repeated_over_parts")
    with found.step(*names), _fresh(shop) as fresh, served(shop.copy("again")) as again:
        request = whole.measured(
            asked, fresh=fresh.address, served=again.address, bare=bare, rounds=effort.rounds
        )
        found.figures["end_to_end_over_parts"] = request.over_parts
        found.figures["repeated_over_parts"] = request.repeated_over_parts
        found.raw["request"] = {
            "queries": len(asked),
            "reply_bytes": request.reply_bytes,
            "milliseconds": request.milliseconds,
            "stages_ms": request.stages_ms,
            "over_parts_with_views_side_by_side": request.over_side_by_side,
            "memory": again.memory(),
        }


def load_figures(
    found: Found,
    shop: IndexedShop,
    workload: Workload,
    asked: Sequence[AskedText],
    *,
    app: App,
    bare: Bare,
    effort: Effort,
) -> None:
    """Saturation, the tails below it, and the slowest part's capacity."""
    with found.step(*SHARES, "rate_over_slowest_part"), ExitStack() as stack:
        empty = stack.enter_context(echo(Echo(reply_bytes=_reply_bytes(found))))
        parts = stack.enter_context(
            capacity(_jobs(shop, asked, app=app, bare=bare), processes=cores())
        )
        bench = stack.enter_context(Bench())
        ours = add_ours(bench, shop, copy="loaded", stack=stack)
        names = [OURS, *add_workers(bench, shop, copy="loaded-group", stack=stack, found=found)]
        bench.add(empty_echo(empty.address, pid=empty.pid, on_wire=ours.on_wire))
        full = saturation.saturation(
            bench, OURS, workload, rounds=effort.rounds, seconds=effort.seconds
        )
        found.raw["saturation"] = {
            "requests_per_second": full.rate,
            "callers": full.callers,
            "by_callers": full.by_callers,
        }
        slow = slowest_part.measured(
            bench,
            workload,
            ours=names,
            echo="echo",
            parts=parts,
            callers=full.callers,
            rounds=effort.rounds,
            seconds=effort.seconds,
        )
        found.figures["rate_over_slowest_part"] = slow.over_slowest
        found.raw["a_second"] = slow.a_second
        found.raw["slowest_part"] = slow.slowest
        found.raw["highest_rate_of"] = slow.best_of_ours
        tails = saturation.tails(
            bench,
            OURS,
            workload,
            shares=tuple(SHARES.values()),
            saturated=full.rate.median,
            rounds=effort.rounds,
            seconds=2 * effort.seconds,
        )
        for name, tail in zip(SHARES, tails, strict=True):
            found.figures[name] = tail.p99_over_p50
            found.raw[name] = {
                "requests_per_second": tail.rate,
                "p50_ms": tail.p50_ms,
                "p99_ms": tail.p99_ms,
                "marks": [mark.text for mark in tail.marks],
            }
            if tail.p99_over_p50 is None:
                found.cannot(name, reason="no round was valid: the marks say why")


def peer_figures(
    found: Found,
    shop: IndexedShop,
    workload: Workload,
    judged: Sequence[JudgedQuery],
    *,
    effort: Effort,
) -> None:
    """The highest rates of ours and of the afternoon service, whose answers are compared first."""
    name = "rate_over_afternoon_service"
    with found.step(name), ExitStack() as stack:
        bench = stack.enter_context(Bench())
        ours = add_ours(bench, shop, copy="alone", stack=stack)
        names = [OURS, *add_workers(bench, shop, copy="group", stack=stack, found=found)]
        other = stack.enter_context(
            afternoon(
                shop.copy("afternoon"),
                CATALOG,
                bundle=shop.bundle,
                ranker=shop.ranker,
                workers=cores(),
            )
        )
        theirs = over_http(other.url)
        bench.add(theirs)
        alike = afternoon_peer.agreement(ours.target, theirs.target, judged)
        found.raw["afternoon_agreement"] = {
            "queries": alike.queries,
            "same_first_ten": alike.same_first_ten,
            "ndcg_at_10_ours": alike.ndcg_at_10_ours,
            "ndcg_at_10_theirs": alike.ndcg_at_10_theirs,
        }
        rates = afternoon_peer.rates(
            bench,
            workload,
            ours=names,
            theirs=theirs.name,
            limit_ms=effort.limit_ms,
            start=20.0,
            rounds=effort.rate_rounds,
            seconds=effort.seconds,
        )
        found.figures[name] = rates.over
        found.raw["highest_rates"] = {
            "p99_limit_ms": rates.limit_ms,
            "ours": rates.best_of_ours,
            "by_system": {
                (each if each in names else "afternoon service"): of.figures()
                for each, of in rates.by_system.items()
            },
        }
        if rates.over is None:
            found.cannot(name, reason=f"a system keeps no rate within {effort.limit_ms:g} ms")


def vector_figures(
    found: Found,
    shop: IndexedShop,
    asked: Sequence[AskedText],
    *,
    app: App,
    bare: Bare,
    effort: Effort,
) -> None:
    """Vector search of ours beside a published server's and the bare client's."""
    with found.step("vector_rate_over_chroma"):
        servers = vector_servers.measured(
            shop, asked, app=app, bare=bare, rounds=effort.rounds, seconds=effort.seconds / 2
        )
        rates = {name: each.requests_per_second for name, each in servers.items()}
        found.figures["vector_rate_over_chroma"] = Estimate(
            median=rates["omnishelf"].median / rates["chroma"].median, rounds=effort.rounds
        )
        found.raw["vector_servers"] = {
            name: {
                "requests_per_second": each.requests_per_second,
                "p99_ms": each.p99_ms,
                "recall": each.recall,
            }
            for name, each in servers.items()
        }


def ingest_figures(found: Found, catalogue: Path, settings: Settings, *, effort: Effort) -> None:
    """The rate of ingest over that of bare encoding."""
    with found.step("ingest_over_encoding"):
        rate = ingest_rate.measured(
            catalogue, settings, rounds=effort.rounds, products=effort.ingested
        )
        found.figures["ingest_over_encoding"] = rate.over_encoding
        found.raw["ingest"] = {
            "products": rate.products,
            "written_a_second": rate.written,
            "encoded_a_second": rate.encoded,
            "encoded_with_pixels_ready_a_second": rate.towers,
            "over_towers_alone": rate.over_towers,
        }


@contextmanager
def _fresh(shop: IndexedShop) -> Iterator[Served]:
    """A server as it ships, but that every query is new to it: it keeps no vectors of them."""
    file = shop.folder / "no_cache.yaml"
    file.write_text(_NO_CACHE, encoding="utf-8")
    with served(shop.copy("fresh"), flags=("--config", str(file))) as server:
        yield server


def _jobs(shop: IndexedShop, asked: Sequence[AskedText], *, app: App, bare: Bare) -> BareJobs:
    return BareJobs(
        bundle=shop.bundle,
        ranker=shop.ranker,
        milvus=engine_address(app),
        collection=bare.search.collection,
        limit=bare.search.limit,
        texts=[each.text for each in asked],
        vectors=[each.vector for each in asked],
        words=[dict(each.words) for each in asked],
        matrices=[each.matrix for each in asked],
    )


def _reply_bytes(found: Found) -> int:
    request = found.raw.get("request")
    size = request.get("reply_bytes") if isinstance(request, dict) else None
    return int(size) if size else _USUAL_REPLY_BYTES
