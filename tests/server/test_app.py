"""The whole server: real encoders, engine and store, asked over gRPC."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.type import money_pb2
from omnishelf.v1 import (
    product_pb2,
    product_service_pb2,
    product_service_pb2_grpc,
    search_service_pb2_grpc,
)
from omnishelf.v1 import search_service_pb2 as pb
from PIL import Image

from ranker.errors import ModelRefused
from server.app import App, build_app
from server.errors import (
    AlreadyInUse,
    DataCorrupted,
    FailedPrecondition,
    InvalidRequest,
    NotBuilt,
    NotFound,
)
from server.rpc.channel import open_channel, wire_errors
from server.settings import Settings, load_settings

PARENT = "catalogs/shop"
RED, BLUE = (200, 30, 30), (30, 30, 200)


def _picture(colour: tuple[int, int, int], *, format_name: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, format_name)
    return file.getvalue()


def _product(product_id: str, title: str, colour: str, price: int) -> product_pb2.Product:
    return product_pb2.Product(
        name=f"{PARENT}/products/{product_id}",
        title=title,
        description=f"A {title.lower()} for every day.",
        color=colour,
        category_paths=["Women/Bottoms/Pants" if "pants" in title.lower() else "Women/Shoes"],
        price=money_pb2.Money(currency_code="USD", units=price),
        stock=3,
        group_id=product_id.split("-", maxsplit=1)[0],
        translations={"zh": product_pb2.LocalizedText(title="裤子")},
        images=[product_pb2.Image(data=_picture(RED if colour == "red" else BLUE))],
    )


PRODUCTS = [
    _product("a-red", "Yoga pants", "red", 20),
    _product("a-blue", "Yoga pants", "blue", 22),
    _product("b-red", "Running shoes", "red", 80),
    _product("b-blue", "Running shoes", "blue", 90),
    _product("c-blue", "Hiking pants", "blue", 60),
]


@dataclass(frozen=True, kw_only=True)
class Served:
    app: App
    channel: grpc.Channel

    def search(self, *parts: pb.QueryPart, **fields: object) -> pb.SearchProductsResponse:
        whole = {"parent": PARENT, "query": parts, **fields}
        request = pb.SearchProductsRequest(**whole)  # type: ignore[arg-type] # by keyword
        with wire_errors("here"):
            return search_service_pb2_grpc.SearchServiceStub(self.channel).SearchProducts(request)

    @property
    def products(self) -> product_service_pb2_grpc.ProductServiceStub:
        return product_service_pb2_grpc.ProductServiceStub(self.channel)


def _settings(data: Path, **flags: object) -> Settings:
    return load_settings(flags={"data": data, "server.port": 0, **flags})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Served]:
    with build_app(_settings(data)) as app, open_channel(app.start()) as channel:
        served = Served(app=app, channel=channel)
        served.products.BatchUpsertProducts(
            product_service_pb2.BatchUpsertProductsRequest(parent=PARENT, products=PRODUCTS)
        )
        yield served


def _ids(response: pb.SearchProductsResponse) -> list[str]:
    return [hit.product.name.rpartition("/")[2] for hit in response.hits]


@pytest.mark.parametrize("text", ["blue yoga pants", "蓝色瑜伽裤"])
def test_words_of_both_languages_find_the_product(served: Served, text: str) -> None:
    response = served.search(pb.QueryPart(text=text))
    assert _ids(response)[0] == "a-blue"
    assert sorted(_ids(response)) == sorted(product.name.rpartition("/")[2] for product in PRODUCTS)
    assert response.served_by.encoder_bundle == served.app.shelf.current.id
    stages = [each.stage for each in response.stages]
    assert stages == [
        "queue", "decode", "encode", "retrieve", "signals", "features", "rank", "diversify",
        "serialise", "other",
    ]  # fmt: skip
    assert not response.fallbacks


def test_a_picture_finds_its_colour(served: Served) -> None:
    response = served.search(pb.QueryPart(image=_picture(RED)), view=pb.VIEW_IMAGE)
    assert set(_ids(response)[:2]) == {"a-red", "b-red"}


def test_words_and_a_picture_with_weights(served: Served) -> None:
    text, picture = pb.QueryPart(text="shoes"), pb.QueryPart(image=_picture(BLUE), weight=0.5)
    assert _ids(served.search(text, picture))[0] == "b-blue"


def test_a_product_as_example_finds_its_like(served: Served) -> None:
    example = pb.QueryPart(product=f"{PARENT}/products/b-red")
    assert _ids(served.search(example))[0] == "b-red"
    example.weight = -1
    assert _ids(served.search(example))[-1] == "b-red"


def test_a_filter_keeps_what_it_says(served: Served) -> None:
    response = served.search(
        pb.QueryPart(text="pants"), filter='color = "blue" AND price < 50 AND stock > 0'
    )
    assert _ids(response) == ["a-blue"]


def test_variants_are_collapsed(served: Served) -> None:
    response = served.search(pb.QueryPart(text="pants"), collapse=pb.CollapseSpec())
    assert {product_id.split("-")[0] for product_id in _ids(response)} == {"a", "b", "c"}
    assert response.total_size == 3


def test_facets_count_the_candidates(served: Served) -> None:
    response = served.search(pb.QueryPart(text="pants"), facets=[pb.FacetSpec(field="color")])
    counts = {each.value: each.count for each in response.facets[0].counts}
    assert counts == {"blue": 3, "red": 2}


def test_pages_follow_one_frozen_order(served: Served) -> None:
    part = pb.QueryPart(text="pants")
    whole = _ids(served.search(part))
    first = served.search(part, page_size=2)
    second = served.search(part, page_size=2, page_token=first.next_page_token)
    third = served.search(part, page_size=2, page_token=second.next_page_token)
    assert _ids(first) + _ids(second) + _ids(third) == whole
    assert not third.next_page_token
    assert {first.search_id} == {second.search_id, third.search_id}
    with pytest.raises(InvalidRequest) as caught:
        served.search(pb.QueryPart(text="shoes"), page_token=first.next_page_token)
    assert caught.value.reason == "PAGE_TOKEN_OTHER_REQUEST"


def test_contributions_add_up_to_the_score(served: Served) -> None:
    for hit in served.search(pb.QueryPart(text="pants"), explain=True).hits:
        total = sum(part.value for part in hit.contributions)
        assert total == pytest.approx(hit.score, abs=1e-3)


def _violations(served: Served, part: pb.QueryPart, **fields: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        served.search(part, **fields)
    found = [(each.field, each.reason) for each in caught.value.violations]
    assert served.search(pb.QueryPart(text="pants")).hits
    return found


def test_what_only_the_work_finds_wrong_names_its_field(served: Served) -> None:
    text = pb.QueryPart(text="pants")
    truncated = pb.QueryPart(image=_picture(RED, format_name="JPEG")[:300])
    (found,) = _violations(served, truncated)
    assert found[0] == "query[0].image"
    (found,) = _violations(served, pb.QueryPart(image=b"%PDF-1.7 nothing"))
    assert found == ("query[0].image", "PICTURE_FORMAT")
    absent = pb.QueryPart(product=f"{PARENT}/products/absent")
    assert _violations(served, absent) == [("query[0].product", "PRODUCT_NOT_FOUND")]
    (found,) = _violations(served, text, filter='color = "blue" OR "')
    assert found[0] == "filter"
    dimension = served.app.shelf.current.dimension
    vector = np.full(dimension, np.nan).tolist()
    part = pb.QueryPart(vector=pb.Vector(values=vector))
    assert _violations(served, part) == [("query[0].vector", "VECTOR_NOT_FINITE")]


def test_a_catalog_that_is_not_there(served: Served) -> None:
    with pytest.raises(NotFound) as caught:
        served.search(pb.QueryPart(text="pants"), parent="catalogs/none")
    assert caught.value.reason == "CATALOG_NOT_FOUND"


def test_what_is_not_built(served: Served) -> None:
    with pytest.raises(NotBuilt, match=r"query\[0\].audio"):
        served.search(pb.QueryPart(audio=b"speech"))


def test_a_product_written_is_found_and_one_deleted_is_not(served: Served) -> None:
    lamp = product_pb2.Product(name=f"{PARENT}/products/lamp", title="Reading lamp")
    bad = product_pb2.Product(name=f"{PARENT}/products/bad")
    batch = product_service_pb2.BatchUpsertProductsRequest
    with pytest.raises(InvalidRequest), wire_errors("here"):
        served.products.BatchUpsertProducts(batch(parent=PARENT, products=[lamp, bad]))
    assert "lamp" not in _ids(served.search(pb.QueryPart(text="lamp")))
    served.products.BatchUpsertProducts(batch(parent=PARENT, products=[lamp]))
    assert _ids(served.search(pb.QueryPart(text="lamp")))[0] == "lamp"
    served.products.DeleteProduct(product_service_pb2.DeleteProductRequest(name=lamp.name))
    assert "lamp" not in _ids(served.search(pb.QueryPart(text="lamp")))


def test_metrics_know_the_catalog_and_the_stages(served: Served) -> None:
    served.search(pb.QueryPart(text="pants"))
    read = served.app.metrics.registry.get_sample_value
    assert read("omnishelf_products", {"catalog": "shop"}) == len(PRODUCTS)
    assert (read("omnishelf_search_stage_seconds_count", {"stage": "encode"}) or 0) >= 1


def test_a_second_server_on_the_data_is_refused(served: Served, data: Path) -> None:
    with pytest.raises(AlreadyInUse, match="--server"), build_app(_settings(data)):
        pytest.fail("two processes hold one index")


def test_what_cannot_be_opened_is_said_with_the_remedy(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with (
        pytest.raises(FailedPrecondition),
        build_app(_settings(tmp_path, **{"encoder.bundle": absent})),
    ):
        pytest.fail("there is no such bundle")
    with pytest.raises(ModelRefused), build_app(_settings(tmp_path, **{"ranking.ranker": absent})):
        pytest.fail("there is no such ranker")
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(FailedPrecondition, match="--data"), build_app(_settings(file / "data")):
        pytest.fail("a file is no directory")


def test_an_edited_bundle_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    original = _settings(tmp_path).bundle_directory
    for path in original.iterdir():
        if path.is_file():
            (bundle / path.name).write_bytes(path.read_bytes())
    edited = bytearray((bundle / "text_en.onnx").read_bytes())
    edited[1_000] ^= 1
    (bundle / "text_en.onnx").write_bytes(bytes(edited))
    with (
        pytest.raises(DataCorrupted, match="hash"),
        build_app(_settings(tmp_path, **{"encoder.bundle": bundle})),
    ):
        pytest.fail("the bundle was edited")
