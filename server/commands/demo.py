"""`omnishelf demo`: a sample shop, indexed, asked in every way, and served until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import grpc
import typer
from omnishelf.v1 import search_service_pb2_grpc
from rich.console import Console
from rich.rule import Rule

from server.app import App, build_app
from server.commands.demo_questions import Question, catalogue_questions, sample_shop_questions
from server.commands.progress import progress_bar
from server.commands.search_request import build_request
from server.commands.search_table import print_results
from server.evaluation.judged import language_of
from server.ingest.files import CatalogFile, open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.log_setup import configure_logging
from server.port import refuse_taken_port
from server.rpc.channel import open_channel, wire_errors
from server.sample_shop.generate import DEFAULT_PRODUCTS, write_sample_shop
from server.settings import load_settings

CATALOG = "demo"
_SEED = 2026


def demo(
    catalogue: Annotated[
        Path | None,
        typer.Argument(metavar="[CATALOG]", help="Show this catalogue, not the sample shop."),
    ] = None,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End after the samples; 1 if one has no answer.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="gRPC port; 0 for any free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Directory to keep the demo in.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
) -> None:
    """Make a sample shop, index it, ask it by words and pictures, then keep serving it."""
    flags = {"data": data, "server.port": 0 if once and port is None else port}
    settings = load_settings(config, flags=flags | {"log.level": "warning"})
    if data is None:
        settings = settings.model_copy(update={"data": settings.data / "demo"})
    configure_logging(settings.log)
    refuse_taken_port(settings.server.host, settings.server.port)
    # A shell starts background jobs with SIGINT ignored, and that is inherited.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    console = Console()
    queries = settings.data / "sample_shop" / "queries.jsonl"
    file = open_catalog(catalogue or _sample_shop(settings.data / "sample_shop"), mapping={})
    with build_app(settings) as app:
        _fill(app, file, console=console)
        questions = (
            catalogue_questions(file, catalog=CATALOG)
            if catalogue
            else sample_shop_questions(queries, catalog=CATALOG)
        )
        address = app.start()
        with open_channel(address) as channel:
            answered = _ask(questions, channel=channel, target=address, console=console)
        if once:
            raise typer.Exit(0 if answered else 1)
        with suppress(KeyboardInterrupt):
            _hint(questions, console=console, address=address)
            threading.Event().wait()
        console.print("Stopping: calls that run may end.")


def _sample_shop(directory: Path) -> Path:
    """The catalogue of the sample shop, drawn at the first call."""
    catalogue = directory / "catalog.jsonl"
    if not catalogue.is_file():
        with progress_bar("Drawing a sample shop", total=DEFAULT_PRODUCTS) as progress:
            write_sample_shop(directory, seed=_SEED, progress=progress)
    return catalogue


def _fill(app: App, file: CatalogFile, *, console: Console) -> None:
    """Index the file, unless an earlier demo did."""
    held = app.counts().get(CATALOG, 0)
    if held == file.rows:
        console.print(f"{held:,} products of an earlier demo are still there.")
        return
    report = IngestReport()
    with progress_bar("Indexing", total=file.rows) as progress:
        # Anew beside what is there: another shop may have been shown in this directory before.
        load_file(file, partial(app.writer.replace, CATALOG), report=report, progress=progress)
    console.print(f"{report.written:,} of {report.rows:,} products are indexed.")


def _ask(
    questions: Sequence[Question], *, channel: grpc.Channel, target: str, console: Console
) -> bool:
    """Ask and print; whether every question has an answer."""
    stub = search_service_pb2_grpc.SearchServiceStub(channel)
    answered = bool(questions)
    for question in questions:
        console.print(Rule(question.title, align="left", style="cyan"))
        with wire_errors(target):
            response = stub.SearchProducts(build_request(question.options))
        chinese = language_of(question.options.text) == "zh"
        print_results(console, response, chinese=chinese)
        answered = answered and bool(response.hits)
    return answered


def _hint(questions: Sequence[Question], *, console: Console, address: str) -> None:
    """What to type next, in another terminal."""
    examples = ['"red running shoes"', '"便宜的红色马克杯" --filter "price < 20"', "gift --explain"]
    pictures = [path for question in questions for path in question.options.images]
    if pictures:
        examples.append(f"--image {pictures[0]}")
    console.print(Rule(f"Serving on {address}; Ctrl-C stops it", align="left", style="green"))
    console.print("Ask it from another terminal:")
    for example in examples:
        line = f"  omnishelf search {example} --catalog {CATALOG} --server {address}"
        console.print(line, highlight=False, soft_wrap=True)
    console.print("Then index a shop of your own: omnishelf index CATALOG, and: omnishelf serve")
