"""Check of the ranker: what a server of these settings would serve loads and scores its sample."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from ranker import registry
from ranker.errors import RankingError
from server.catalog.store import Store
from server.errors import OmnishelfError
from server.health.check import Check, absent, failed, passed
from server.rankers.first import FirstRanker, first_ranker
from server.rankers.health import health_of
from server.rankers.loading import RankerLoader
from server.rankers.store import RankerStore
from server.rankers.versions import SETTINGS, served_in_turn
from server.settings import Settings

_NAME = "ranker"


def ranker(settings: Settings) -> Check:
    """The promoted version loads, or that of the settings where none was promoted."""
    if not settings.ranking.enabled:
        return absent(_NAME, "switched off", remedy="set ranking.enabled to true")
    try:
        first = _first(settings)
    except RankingError as error:
        remedy = "name another with ranking.ranker, or install omnishelf again"
        return failed(_NAME, str(error), remedy=remedy)
    except OmnishelfError as error:
        remedy = "see that the store of the settings answers: it says which ranker is promoted"
        return failed(_NAME, str(error), remedy=remedy)
    if first.refused is not None:
        found = f"{first.refused}; {first.ranker.id} would be served instead"
        remedy = "promote another, or go back with `omnishelf ranker rollback`"
        return failed(_NAME, found, remedy=remedy)
    health = health_of(first.ranker)
    why = f" ({health.engine_reason})" if health.engine_reason else ""
    return passed(_NAME, f"{health.ranker}, run by {health.engine}{why}")


def _first(settings: Settings) -> FirstRanker:
    # A store that is not there yet is not made: nothing was promoted in it.
    if settings.store.url is None and not _own_store(settings).exists():
        named = settings.ranking.ranker or registry.DEFAULT_DIRECTORY
        return FirstRanker(id=SETTINGS, ranker=registry.load(named, engine=settings.ranking.engine))
    with (
        closing(Store(settings.store_url)) as store,
        tempfile.TemporaryDirectory(prefix="omnishelf-") as folder,
    ):
        rankers = RankerStore(store.database, changes=store.changes)
        loader = RankerLoader(
            rankers,
            folder=Path(folder),
            named=settings.ranking.ranker,
            engine=settings.ranking.engine,
        )
        return first_ranker(loader, served_in_turn(rankers.activations()))


def _own_store(settings: Settings) -> Path:
    return Path(settings.store_url.removeprefix("sqlite:///"))
