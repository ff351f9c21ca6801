"""Lessons for `omnishelf ranker train`: simulated shops asked through the served pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from ranker.dataset import JudgedQuery as Lesson
from server.app import App, build_app
from server.commands.progress import progress_bar
from server.commands.temporary import in_folder
from server.sample_shop.generate import write_sample_shop
from server.settings import Settings
from server.training.lessons import (
    Question,
    example_questions,
    lessons,
    picture_questions,
    text_questions,
)
from server.training.people import People
from server.training.shops import Shop, ShopFiles, index_shop, judged_questions

SAMPLE_SHOP_PRODUCTS = 600
PICTURE_SHARE = 0.25
EXAMPLE_SHARE = 0.1


def simulated_lessons(
    settings: Settings,
    shops: Sequence[str],
    *,
    sample_shops: int,
    questions: int,
    seed: int,
) -> list[Lesson]:
    """Index every shop in a temporary folder, ask it ``questions``, grade what it answers.

    Raises:
        InvalidRequest: a shop is not named as `ShopFiles.parse` wants, or is not a catalogue.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="omnishelf-")))
        files = [ShopFiles.parse(each) for each in shops]
        files += [_sample(folder, seed=seed + place) for place in range(sample_shops)]
        return list(_lessons(settings, files, folder=folder, questions=questions, seed=seed))


def shops_named(shops: Sequence[str], sample_shops: int) -> str:
    """What a version's provenance says of its shops."""
    names = [Path(each.split(",")[0]).parent.name or each for each in shops]
    return ", ".join([*names, f"{sample_shops} sample shops"])


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
    reader = app.catalogs.get(shop.catalog).table.reader()
    people = People(reader, [record.id for record in shop.records])
    with progress_bar(f"Asking {shop.catalog}", total=len(asked)) as progress:
        taught = lessons(app.pipeline, asked, catalog=shop.catalog, seed=seed, people=people)
        for done, lesson in enumerate(taught, start=1):
            progress(done)
            yield lesson
