"""The options that `bench run` and `bench sweep` share, each with its words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.load.plans import Arrivals

Server = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="A server that runs; else one is started for the run."),
]
Shop = Annotated[
    Path | None,
    typer.Option(metavar="CATALOG", help="Catalogue to index and ask of (else the sample shop)."),
]
Queries = Annotated[
    Path | None, typer.Option(help="Judged queries of the catalogue (.jsonl); answers are judged.")
]
WorkloadFile = Annotated[
    Path | None, typer.Option("--workload", help="Workload file, drawn or recorded.")
]
Kinds = Annotated[
    str,
    typer.Option(
        help="What to draw, with shares: text=3,picture,mixed,filtered,paged (voice: not yet)."
    ),
]
Zipf = Annotated[
    float, typer.Option(min=0.0, help="Exponent of repeats; 0 asks all before any again.")
]
Questions = Annotated[int, typer.Option(min=1, help="How many questions to draw.")]
Catalog = Annotated[
    str | None, typer.Option(help="Catalog to ask (else the workload's, or the server's).")
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS|URL",
        help="Another system, its rounds in between: HOST:PORT of an Omnishelf, or http://HOST:PORT"
        "/PATH that takes the request as protobuf's JSON. May be repeated.",
    ),
]
ServeFlags = Annotated[
    str, typer.Option("--serve", metavar="FLAGS", help="Flags for the server that is started.")
]
ArrivalsKind = Annotated[
    Arrivals, typer.Option(help="When requests are due: evenly, at random, or as recorded.")
]
Seconds = Annotated[float, typer.Option(min=0.1, help="Length of a round.")]
WarmUp = Annotated[float, typer.Option(min=0.0, help="Seconds of load before the first round.")]
Timeout = Annotated[float, typer.Option(min=0.001, help="Seconds that a request may take.")]
Connections = Annotated[
    int,
    typer.Option(min=0, help="gRPC connections; 0 for one, or four for each of several workers."),
]
Seed = Annotated[int, typer.Option(min=0, help="Of what is drawn, and of random arrivals.")]
RefuseBusy = Annotated[
    bool, typer.Option("--refuse-busy", help="Leave with 1 where others use the machine.")
]
Output = Annotated[Path | None, typer.Option(help="File for the result (.json).")]
Html = Annotated[Path | None, typer.Option("--html", help="File for a page with plots (.html).")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print the page as Markdown.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
