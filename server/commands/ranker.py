"""`omnishelf ranker`: rankers trained on simulated shoppers, and what is in one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from exporter.spec import read_manifest as read_bundle
from ranker import registry
from ranker.dataset import JudgedQuery as Lesson
from ranker.manifest import read_manifest
from ranker.train import TrainedRanker, train
from server.app import App, build_app
from server.commands.progress import progress_bar
from server.commands.temporary import in_folder
from server.observability import configure_logging
from server.sample_shop.generate import write_sample_shop
from server.settings import Settings, load_settings
from server.training.lessons import (
    Question,
    example_questions,
    lessons,
    picture_questions,
    text_questions,
)
from server.training.shops import Shop, ShopFiles, index_shop, judged_questions

ranker = typer.Typer(help="Train and inspect rankers.", no_args_is_help=True)

SAMPLE_SHOP_PRODUCTS = 600
PICTURE_SHARE = 0.25
EXAMPLE_SHARE = 0.1


@ranker.command("train")
def train_ranker(
    shops: Annotated[
        list[str] | None,
        typer.Argument(metavar="SHOP", help="CATALOG[,QUERIES[,SPLIT]]: files to learn from."),
    ] = None,
    *,
    output: Annotated[Path, typer.Option(help="Directory of the new version.")],
    questions: Annotated[int, typer.Option(min=10, help="Questions made for each shop.")] = 400,
    sample_shops: Annotated[int, typer.Option(min=0, help="Sample shops to learn from too.")] = 2,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 7,
    name: Annotated[str, typer.Option(help="Name of the version.")] = "default",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
) -> None:
    """Train a ranker on shoppers simulated over shops.

    Every question is asked through the serving pipeline, so that the features trained on are the
    features served. `ranker/default/README.md` describes the shoppers.
    """
    settings = load_settings(
        config,
        flags={"encoder.bundle": bundle, "ranking.enabled": False, "log.level": "warning"},
    )
    configure_logging(settings.log)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="omnishelf-")))
        files = [ShopFiles.parse(each) for each in shops or ()]
        files += [_sample(folder, seed=seed + place) for place in range(sample_shops)]
        learned = list(_lessons(settings, files, folder=folder, questions=questions, seed=seed))
    trained = train(learned, seed=seed, name=name)
    provenance = {
        "trained_on": f"shoppers simulated over {_shops_named(shops or (), sample_shops)}",
        "encoder_bundle": read_bundle(settings.bundle_directory).id,
        "questions_a_shop": str(questions),
        "seed": str(seed),
    }
    registry.save(output, trained, provenance=provenance)
    _report(trained, output=output, lessons_learned=len(learned), as_json=json_output)


@ranker.command("show")
def show(
    directory: Annotated[
        Path, typer.Argument(help="Directory of a version.")
    ] = registry.DEFAULT_DIRECTORY,
    *,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a version as the server would, and say what it is."""
    loaded = registry.load(directory)
    manifest = read_manifest(directory)
    document = {
        "id": loaded.id,
        "features": list(manifest.features),
        "fingerprint": manifest.fingerprint,
        "metrics": dict(manifest.metrics),
        "provenance": dict(manifest.provenance),
    }
    if json_output:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    table = Table(title=loaded.id, show_header=False, title_justify="left")
    for key, value in [*manifest.metrics.items(), *manifest.provenance.items()]:
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    table.add_row("features", str(len(manifest.features)))
    Console().print(table)


def _sample(folder: Path, *, seed: int) -> ShopFiles:
    directory = folder / f"sample-{seed}"
    shop = write_sample_shop(directory, seed=seed, products=SAMPLE_SHOP_PRODUCTS)
    return ShopFiles(catalogue=shop.catalog, queries=shop.queries)


def _lessons(
    settings: Settings, files: Sequence[ShopFiles], *, folder: Path, questions: int, seed: int
) -> Iterator[Lesson]:
    with build_app(in_folder(settings, folder / "data")) as app:
        for place, each in enumerate(files):
            with progress_bar(f"Indexing {each.catalogue.name}", total=0) as progress:
                shop = index_shop(
                    each, catalog=f"shop{place}", writer=app.writer, progress=progress
                )
            asked = _questions(shop, count=questions, seed=seed + place)
            yield from _ask(app, shop, asked, seed=seed + place)


def _questions(shop: Shop, *, count: int, seed: int) -> list[Question]:
    pictures, examples = round(count * PICTURE_SHARE), round(count * EXAMPLE_SHARE)
    return [
        *text_questions(shop.records, count=count - pictures - examples, seed=seed),
        *example_questions(shop.records, count=examples, seed=seed),
        *picture_questions(shop.records, shop.pictures, count=pictures, seed=seed),
        *judged_questions(shop, count=pictures, seed=seed),
    ]


def _ask(app: App, shop: Shop, asked: Sequence[Question], *, seed: int) -> Iterator[Lesson]:
    with progress_bar(f"Asking {shop.catalog}", total=len(asked)) as progress:
        taught = lessons(app.pipeline, asked, catalog=shop.catalog, seed=seed)
        for done, lesson in enumerate(taught, start=1):
            progress(done)
            yield lesson


def _shops_named(shops: Sequence[str], sample_shops: int) -> str:
    names = [Path(each.split(",")[0]).parent.name or each for each in shops]
    return ", ".join([*names, f"{sample_shops} sample shops"])


def _report(trained: TrainedRanker, *, output: Path, lessons_learned: int, as_json: bool) -> None:
    document = {
        "output": str(output),
        "lessons": lessons_learned,
        "rounds": trained.rounds,
        **trained.metrics,
    }
    if as_json:
        typer.echo(json.dumps(document))
        return
    table = Table(title="Trained ranker", show_header=False, title_justify="left")
    for key, value in document.items():
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    Console().print(table)
