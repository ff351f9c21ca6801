"""A server that changes its encoder bundle while it is asked: nothing fails, nothing is mixed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc
import pytest
from omnishelf.v1 import encoder_service_pb2 as encoders
from omnishelf.v1 import encoder_service_pb2_grpc, product_service_pb2, search_service_pb2_grpc
from omnishelf.v1 import product_service_pb2_grpc as products_grpc
from omnishelf.v1 import search_service_pb2 as pb

from exporter.spec import Manifest
from server.app import App, build_app
from server.errors import FailedPrecondition, OmnishelfError, Unavailable
from server.ingest.incoming import IncomingProduct, WriteStatus
from server.rpc.channel import open_channel, wire_errors
from server.rpc.import_client import import_products
from server.settings import load_settings
from tests.server.ingest.shop_parts import item, png

pytest.importorskip("onnx")
narrow_bundle = pytest.importorskip("tests.server.narrow_bundle")

PRODUCTS = 20
ASKED = ("red shoes", "a mug", "blue pants", "running", "红色")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("shelf")
    return folder, narrow_bundle.write_narrow_bundle(folder / "narrow")


@dataclass(kw_only=True)
class Served:
    app: App
    address: str
    channel: grpc.Channel

    @property
    def encoders(self) -> encoder_service_pb2_grpc.EncoderServiceStub:
        return encoder_service_pb2_grpc.EncoderServiceStub(self.channel)

    def load(self, *, count: int = PRODUCTS, replace: bool = False) -> None:
        outcomes = import_products(
            self.channel, shop(count), catalog="shop", target="here", replace=replace
        )
        assert {each.status for each in outcomes} == {WriteStatus.WRITTEN}


@pytest.fixture
def served(tmp_path: Path, narrow: tuple[Path, Manifest]) -> Iterator[Served]:
    flags = {"data": tmp_path, "server.port": 0, "encoder.shelf": narrow[0]}
    with ExitStack() as stack:
        app = stack.enter_context(build_app(load_settings(flags=flags)))
        address = app.start()
        channel = stack.enter_context(open_channel(address))
        served = Served(app=app, address=address, channel=channel)
        served.load()
        yield served


def shop(count: int) -> Iterator[IncomingProduct]:
    for place in range(count):
        colour = ("red", "blue")[place % 2]
        picture = png(place) if place % 10 == 0 else None
        yield item(f"p{place:03}", title=f"{colour} shoes {place}", color=colour, picture=picture)


@dataclass(kw_only=True)
class Load:
    """Searches and reads from threads of their own, and all that they met."""

    address: str
    seen: set[tuple[str, str]] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    answers: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [
            threading.Thread(target=self._run, args=(work,), daemon=True)
            for work in (self._search, self._search, self._example, self._read)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def until(self, met: Callable[[], bool]) -> None:
        """Go on until it is so: on a busy machine all of them may stand still for long."""
        waited = threading.Event()
        for _ in range(6_000):
            if met():
                return
            waited.wait(0.01)
        pytest.fail("those who search did not meet it")

    def bundles(self) -> set[str]:
        """By which they were answered so far."""
        return {bundle for bundle, _ in self.seen.copy()}

    def _run(self, work: Callable[[grpc.Channel, int], None]) -> None:
        turn = 0
        # A channel of its own without retries: a retry would hide a failure.
        options = [("grpc.enable_retries", 0)]
        with grpc.insecure_channel(self.address, options=options) as channel:
            while not self._stop.is_set():
                turn += 1
                try:
                    with wire_errors("here"):
                        work(channel, turn)
                    self.answers += 1
                except (OmnishelfError, AssertionError) as error:
                    self.failures.append(repr(error))

    def _search(self, channel: grpc.Channel, turn: int) -> None:
        # Some texts come again and are found in the cache, others are new.
        text = f"{ASKED[turn % len(ASKED)]} {turn % 3 and turn}"
        self._ask(channel, pb.QueryPart(text=text))

    def _example(self, channel: grpc.Channel, turn: int) -> None:
        self._ask(channel, pb.QueryPart(product=f"catalogs/shop/products/p{turn % PRODUCTS:03}"))

    def _ask(self, channel: grpc.Channel, part: pb.QueryPart) -> None:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        response = stub.SearchProducts(
            pb.SearchProductsRequest(parent="catalogs/shop", query=[part], page_size=100),
            timeout=60,
        )
        assert len(response.hits) == PRODUCTS
        assert not response.fallbacks
        by = response.served_by
        assert by.index.startswith(f"omnishelf_shop_{by.encoder_bundle}_"), by
        self.seen.add((by.encoder_bundle, by.index))

    def _read(self, channel: grpc.Channel, turn: int) -> None:
        name = f"catalogs/shop/products/p{turn % PRODUCTS:03}"
        request = product_service_pb2.GetProductRequest(name=name)
        found = products_grpc.ProductServiceStub(channel).GetProduct(request, timeout=60)
        assert found.name == name


def test_bundles_are_switched_under_load_without_a_gap(
    served: Served, narrow: tuple[Path, Manifest]
) -> None:
    starter, other = served.app.shelf.current.id, narrow[1].id
    with Load(address=served.address) as load:
        load.until(lambda: starter in load.bundles())
        request = encoders.OpenEncoderBundleRequest(directory_name="narrow")
        assert not served.encoders.OpenEncoderBundle(request).encoder_bundle.current
        promote = encoders.PromoteEncoderBundleRequest(name=f"encoderBundles/{other}")
        served.encoders.PromoteEncoderBundle(promote)
        close = encoders.CloseEncoderBundleRequest(name=f"encoderBundles/{starter}")
        with pytest.raises(FailedPrecondition, match="shop"), wire_errors("here"):
            served.encoders.CloseEncoderBundle(close)
        served.load(replace=True)
        served.encoders.CloseEncoderBundle(close)
        served.load(replace=True)
        load.until(lambda: other in load.bundles() and load.answers > 20)

    assert load.failures == []
    assert load.bundles() == {starter, other}
    assert len(load.seen) >= 2
    assert served.app.shelf.ids() == [other]
    assert served.app.engine.names() == [served.app.catalogs.get("shop").index.name]
    assert served.app.catalogs.get("shop").index.dimension == narrow_bundle.DIMENSION


def test_the_same_bundle_is_opened_again_under_load(served: Served, tmp_path: Path) -> None:
    shelf = served.app.settings.shelf_directory
    (shelf / "again").symlink_to(served.app.settings.bundle_directory)
    with Load(address=served.address) as load:
        request = encoders.OpenEncoderBundleRequest(directory_name="again")
        opened = served.encoders.OpenEncoderBundle(request).encoder_bundle
    (shelf / "again").unlink()

    assert load.failures == []
    assert opened.current
    assert list(opened.catalogs) == ["catalogs/shop"]


def test_a_replacement_that_breaks_off_leaves_the_old_one(served: Served) -> None:
    before = served.app.catalogs.get("shop")

    def broken() -> Iterator[IncomingProduct]:
        yield from shop(150)
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="gone"):
        list(import_products(
            served.channel, broken(), catalog="shop", target="here", replace=True
        ))  # fmt: skip

    _until_no_call_runs(served.app)
    assert served.app.catalogs.get("shop") is before
    assert served.app.engine.names() == [before.index.name]
    assert before.products.count() == PRODUCTS


def test_while_a_catalog_is_replaced_other_writes_are_refused_and_nothing_is_lost(
    served: Served,
) -> None:
    go_on = threading.Event()

    def waiting() -> Iterator[IncomingProduct]:
        yield from shop(130)
        assert go_on.wait(60)
        yield from shop(131)

    outcomes = import_products(
        served.channel, waiting(), catalog="shop", target="here", replace=True
    )
    next(outcomes)
    with pytest.raises(Unavailable) as caught:
        served.app.writer.write("shop", [item("late")])
    assert caught.value.reason == "CATALOG_BEING_REPLACED"
    assert served.app.counts() == {"shop": PRODUCTS}
    go_on.set()
    list(outcomes)
    assert served.app.counts() == {"shop": 131}
    served.app.writer.write("shop", [item("late")])
    assert served.app.counts() == {"shop": 132}


def _until_no_call_runs(app: App) -> None:
    waited = threading.Event()
    for _ in range(6_000):
        if app.metrics.registry.get_sample_value("omnishelf_calls_in_flight") == 0:
            return
        waited.wait(0.01)
    pytest.fail("the import that was cancelled still runs")
