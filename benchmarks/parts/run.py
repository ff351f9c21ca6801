"""Everything that `bench parts` measures, in one run over one shop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.parts import sizes, steps
from benchmarks.parts.effort import Effort
from benchmarks.parts.found import Found
from benchmarks.parts.shop import CATALOG, asked_texts, indexed_shop, opened_bare, request_of
from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import InvalidRequest, Violation
from server.evaluation.judged import JudgedQuery, read_judged
from server.settings import Settings

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found, of what."""

    found: Found
    workload: Workload
    products: int


def measured(
    catalogue: Path,
    queries: Path,
    settings: Settings,
    *,
    effort: Effort,
    keep: Path | None,
    tell: Tell,
) -> Measured:
    """Measure all; a part that fails leaves its figures None, and the others go on.

    ``keep`` is a folder of large catalogues that stay; without it they are not measured.

    Raises:
        InvalidRequest: the files cannot be used.
        OmnishelfError: the shop cannot be indexed.
    """
    judged = judged_texts(queries)
    workload = workload_of(catalogue, queries, judged)
    found = Found()
    tell("indexing", 0.0)
    with indexed_shop(catalogue, settings) as shop:
        with shop.opened("library") as app, opened_bare(app, shop) as bare:
            texts = [each.text or "" for each in spread(judged, effort.queries)]
            asked = asked_texts(app, texts, bare=bare)
            tell("calls", 0.05)
            steps.call_figures(found, app, asked, bare=bare, effort=effort)
            tell("whole requests", 0.1)
            steps.request_figures(found, shop, asked, bare=bare, effort=effort)
            tell("saturation and tails", 0.25)
            steps.load_figures(found, shop, workload, asked, app=app, bare=bare, effort=effort)
            tell("vector servers", 0.45)
            steps.vector_figures(found, shop, asked, app=app, bare=bare, effort=effort)
        tell("the afternoon service", 0.5)
        steps.peer_figures(found, shop, workload, judged, effort=effort)
        tell("ingest", 0.8)
        steps.ingest_figures(found, catalogue, settings, effort=effort)
        tell("starting", 0.9)
        sizes.start_figures(found, shop, question=judged[-1].text or "", rounds=effort.starts)
        tell("sizes", 0.95)
        sizes.kept_figures(found, shop, keep=keep, rounds=effort.rounds)
        return Measured(found=found, workload=workload, products=shop.products)


def spread(judged: Sequence[JudgedQuery], count: int) -> list[JudgedQuery]:
    """At most so many, evenly from the first to the last: files are often sorted by language."""
    if len(judged) <= count:
        return list(judged)
    return [judged[place * len(judged) // count] for place in range(count)]


def judged_texts(queries: Path) -> list[JudgedQuery]:
    """The judged queries of words alone.

    Raises:
        InvalidRequest: there is none, or no such file.
    """
    lines = read_judged(queries)
    judged = [
        line
        for line in lines
        if isinstance(line, JudgedQuery) and line.text and line.picture is None
    ]
    if not judged:
        description = f"{queries.name} has no judged query of words alone; name another file"
        raise InvalidRequest(
            [Violation(field="--queries", reason="NO_QUERIES", description=description)]
        )
    return judged


def workload_of(catalogue: Path, queries: Path, judged: Sequence[JudgedQuery]) -> Workload:
    """The judged queries in their order, each as a shop's page asks it."""
    with catalogue.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Workload(
        name=queries.name,
        catalog=CATALOG,
        data=digest,
        questions=tuple(
            Question(
                kind=Kind.TEXT,
                request=request_of(each.text or "").SerializeToString(),
                query_id=str(each.line),
            )
            for each in judged
        ),
    )
