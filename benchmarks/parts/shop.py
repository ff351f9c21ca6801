"""A shop indexed once for all parts, and its queries as each part takes them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightgbm
from omnishelf.v1 import search_service_pb2 as pb
from pymilvus import MilvusClient

from benchmarks.parts.bare import BareSearch, BareTexts, open_booster
from benchmarks.queries import text_request
from exporter.lexicon import read_lexicon
from ranker import registry
from server.app import App, build_app
from server.arrays import Float32Array
from server.candidate_finder import Considered
from server.commands.temporary import in_folder
from server.deadline import Deadline
from server.errors import FailedPrecondition
from server.ingest.files import open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.query import Query, TextPart
from server.query_facts import query_words
from server.retrieval.analysis import Analyzer
from server.retrieval.milvus import MilvusEngine
from server.settings import Settings

CATALOG = "benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedText:
    """One query of words: its request, and what the bare parts take, made off the clock.

    ``vector`` is float32 (d,), ``words`` the sparse vector of the search by words, ``matrix``
    float32 (n, m) the features of ``considered``, its n candidates.
    """

    text: str
    request: bytes
    vector: Float32Array
    words: Mapping[int, float]
    matrix: Float32Array
    considered: Considered


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """The parts of a search in their own libraries, over an app's data."""

    texts: BareTexts
    search: BareSearch
    booster: lightgbm.Booster


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedShop:
    """A data directory that nobody has open, and the settings that it was made with.

    Systems that run side by side take a `copy` each.
    """

    settings: Settings
    folder: Path
    products: int

    @property
    def bundle(self) -> Path:
        """The encoder bundle."""
        return self.settings.bundle_directory

    @property
    def ranker(self) -> Path:
        """The directory of the ranker that ships, or of the settings'."""
        return self.settings.ranking.ranker or registry.DEFAULT_DIRECTORY

    def copy(self, name: str) -> Path:
        """The data directory again, beside this one."""
        return Path(shutil.copytree(self.settings.data, self.folder / name))

    @contextmanager
    def opened(self, name: str) -> Iterator[App]:
        """An app over a copy."""
        local = self.settings.model_copy(update={"data": self.copy(name)})
        with build_app(local) as app:
            yield app


@contextmanager
def indexed_shop(catalogue: Path, settings: Settings) -> Iterator[IndexedShop]:
    """Index a catalogue into a temporary folder, which is removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        local = in_folder(settings, Path(folder, "indexed"))
        with build_app(local) as app:
            file = open_catalog(catalogue, mapping={})
            written = load_file(file, partial(app.writer.stream, CATALOG), report=IngestReport())
        yield IndexedShop(settings=local, folder=Path(folder), products=len(written))


@contextmanager
def opened_bare(app: App, shop: IndexedShop) -> Iterator[Bare]:
    """The bare parts, over the app's own engine.

    Raises:
        FailedPrecondition: there is no ranker to compare with.
    """
    booster = open_booster(shop.ranker)
    if booster is None:
        raise FailedPrecondition(f"there is no model in {shop.ranker}; name another ranker")
    client = MilvusClient(engine_address(app))
    try:
        yield Bare(
            texts=BareTexts.open(shop.bundle),
            search=BareSearch(
                client=client,
                collection=app.catalogs.get(CATALOG).index.name,
                limit=app.settings.retrieval.candidates,
            ),
            booster=booster,
        )
    finally:
        client.close()


def engine_address(app: App) -> str:
    """Where the app's engine is.

    Raises:
        FailedPrecondition: it has another than Milvus.
    """
    if not isinstance(app.engine, MilvusEngine):
        raise FailedPrecondition("the bare searches are of Milvus; set retrieval.uri to one")
    return app.engine.address


def asked_texts(app: App, texts: Sequence[str], *, bare: Bare) -> list[AskedText]:
    """The queries as the parts take them: made as the server makes it."""
    lexicon = app.shelf.current.lexicon
    analyzer = Analyzer(read_lexicon(app.settings.bundle_directory / lexicon) if lexicon else {})
    reader = app.catalogs.get(CATALOG).table.reader()
    asked = []
    for text in texts:
        query = Query(catalog=CATALOG, parts=(TextPart(text=text),))
        considered = app.pipeline.consider(query, deadline=Deadline.never())
        asked.append(
            AskedText(
                text=text,
                request=request_of(text).SerializeToString(),
                vector=bare.texts.encode(text),
                words=query_words(query, analyzer, reader).weights,
                matrix=app.ranker.features(considered.facts, considered.columns),
                considered=considered,
            )
        )
    return asked


def request_of(text: str, *, variety: float | None = None) -> pb.SearchProductsRequest:
    """A search as a shop's page makes it, or with a variety of its own."""
    request = text_request(text, catalog=CATALOG)
    if variety is not None:
        request.ranking.variety = variety
    return request
