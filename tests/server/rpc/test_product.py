import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from google.type import money_pb2
from omnishelf.v1 import product_pb2
from omnishelf.v1 import product_service_pb2 as pb

from server.errors import FailedPrecondition, InvalidRequest, NotFound
from server.rpc.channel import wire_errors

PARENT = "catalogs/luma"
ID = "3f2c8f0e-9f0b-4c57-9a53-0f6f1d6c2b11"

Served = Any
"""`conftest.Served`, which importlib mode keeps out of reach."""


def _product(product_id: str, **fields: object) -> product_pb2.Product:
    whole = {"name": f"{PARENT}/products/{product_id}", "title": f"Title {product_id}", **fields}
    return product_pb2.Product(**whole)  # type: ignore[arg-type] # fields by keyword


def _upsert(served: Served, *products: product_pb2.Product, **fields: object) -> list[str]:
    whole = {"parent": PARENT, "products": products, **fields}
    request = pb.BatchUpsertProductsRequest(**whole)  # type: ignore[arg-type] # by keyword
    with wire_errors("here"):
        response = served.products.BatchUpsertProducts(request)
    return [product.title for product in response.products]


def _violations(call: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
        call()
    return [(each.field, each.reason) for each in caught.value.violations]


def _reason(status: status_pb2.Status) -> tuple[int, str, list[str]]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return status.code, info.reason, [each.field for each in bad.field_violations]


def test_a_batch_is_written_and_returned_as_stored(served: Served) -> None:
    assert _upsert(served, _product("p2"), _product("p1")) == ["Title p2", "Title p1"]
    found = served.products.GetProduct(pb.GetProductRequest(name=f"{PARENT}/products/p1"))
    assert found.title == "Title p1"


def test_a_batch_names_everything_wrong_and_writes_nothing(served: Served) -> None:
    wrong = [
        _product("p1"),
        product_pb2.Product(name="catalogs/other/products/p2", title="t"),
        _product("p3", price=money_pb2.Money(currency_code="USD", units=1, nanos=-1)),
    ]
    found = _violations(lambda: _upsert(served, *wrong))
    assert [field for field, _ in found] == ["products[1].name", "products[2].price.nanos"]
    assert served.shop.catalogs == {}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            pb.BatchUpsertProductsRequest(parent="luma"),
            [("parent", "CATALOG_NAME_INVALID"), ("products", "PRODUCT_COUNT")],
        ),
        (
            pb.BatchUpsertProductsRequest(parent=PARENT, products=[_product("p")] * 257),
            [("products", "PRODUCT_COUNT")],
        ),
    ],
)
def test_what_a_batch_may_not_be(
    served: Served,
    request_: pb.BatchUpsertProductsRequest,
    expected: list[tuple[str, str]],
) -> None:
    assert _violations(lambda: served.products.BatchUpsertProducts(request_)) == expected


def test_a_batch_sent_again_is_answered_again(served: Served) -> None:
    first = _upsert(served, _product("p1"), request_id=ID)
    served.shop.catalogs["luma"].clear()
    assert _upsert(served, _product("p1"), request_id=ID) == first
    assert served.shop.catalogs["luma"] == {}
    found = _violations(lambda: _upsert(served, _product("p2"), request_id=ID))
    assert found == [("request_id", "REQUEST_ID_REUSED")]


@pytest.mark.parametrize("name", [f"{PARENT}/products/absent", "catalogs/none/products/p1"])
def test_what_is_not_there_is_not_found(served: Served, name: str) -> None:
    _upsert(served, _product("p1"))
    with pytest.raises(NotFound), wire_errors("here"):
        served.products.GetProduct(pb.GetProductRequest(name=name))
    with pytest.raises(NotFound), wire_errors("here"):
        served.products.DeleteProduct(pb.DeleteProductRequest(name=name))
    served.products.DeleteProduct(pb.DeleteProductRequest(name=name, allow_missing=True))


def test_a_name_that_is_none(served: Served) -> None:
    expected = [("name", "PRODUCT_NAME_INVALID")]
    get, delete = pb.GetProductRequest(name="p1"), pb.DeleteProductRequest(name="p1")
    assert _violations(lambda: served.products.GetProduct(get)) == expected
    assert _violations(lambda: served.products.DeleteProduct(delete)) == expected


def test_a_deletion_sent_again_succeeds_again(served: Served) -> None:
    _upsert(served, _product("p1"))
    request = pb.DeleteProductRequest(name=f"{PARENT}/products/p1", request_id=ID)
    served.products.DeleteProduct(request)
    served.products.DeleteProduct(request)
    assert served.shop.catalogs["luma"] == {}


def test_a_catalog_is_listed_page_by_page(served: Served) -> None:
    _upsert(served, *[_product(f"p{place}") for place in range(5)])
    titles: list[list[str]] = []
    token = ""
    while not titles or token:
        page = served.products.ListProducts(
            pb.ListProductsRequest(parent=PARENT, page_size=2, page_token=token)
        )
        titles.append([product.title for product in page.products])
        token = page.next_page_token
    assert titles == [["Title p0", "Title p1"], ["Title p2", "Title p3"], ["Title p4"]]


def test_a_listing_takes_a_hundred_by_default(served: Served) -> None:
    served.shop.catalogs["luma"] = {
        f"p{place:04}": _product(f"p{place:04}").SerializeToString() for place in range(1_100)
    }
    sizes = [
        len(served.products.ListProducts(
            pb.ListProductsRequest(parent=PARENT, page_size=size)).products)
        for size in (0, 1_000, 5_000)
    ]  # fmt: skip
    assert sizes == [100, 1_000, 1_000]


def test_what_a_listing_may_not_ask(served: Served) -> None:
    request = pb.ListProductsRequest(parent="luma", page_size=-1, page_token="never written")  # noqa: S106 - a page token
    assert _violations(lambda: served.products.ListProducts(request)) == [
        ("parent", "CATALOG_NAME_INVALID"),
        ("page_token", "PAGE_TOKEN_INVALID"),
        ("page_size", "OUT_OF_RANGE"),
    ]
    with pytest.raises(NotFound), wire_errors("here"):
        served.products.ListProducts(pb.ListProductsRequest(parent=PARENT))


def test_an_import_answers_every_product(served: Served) -> None:
    requests = [
        pb.ImportProductsRequest(parent=PARENT, product=_product("p1"), row=11),
        pb.ImportProductsRequest(product=product_pb2.Product(name="p2", title="t"), row=12),
        pb.ImportProductsRequest(parent="catalogs/other", product=_product("p3"), row=13),
        pb.ImportProductsRequest(parent=PARENT, product=_product("p4"), row=14),
    ]
    responses = list(served.products.ImportProducts(iter(requests)))
    statuses = [status for response in responses for status in response.statuses]
    assert [(status.name, status.row) for status in statuses] == [
        (f"{PARENT}/products/p1", 11),
        ("p2", 12),
        (f"{PARENT}/products/p3", 13),
        (f"{PARENT}/products/p4", 14),
    ]
    assert [_reason(status.status) for status in statuses] == [
        (0, "", []),
        (3, "PRODUCT_NAME_INVALID", ["name"]),
        (3, "PARENT_CHANGED", ["parent"]),
        (0, "", []),
    ]
    assert sorted(served.shop.catalogs["luma"]) == ["p1", "p4"]


def test_an_import_that_replaces_takes_the_place_when_it_ends_well(served: Served) -> None:
    _upsert(served, _product("old"))
    acknowledged = threading.Semaphore(0)

    def requests() -> Iterator[pb.ImportProductsRequest]:
        for row in range(3):
            yield pb.ImportProductsRequest(
                parent=PARENT, product=_product(f"p{row}"), row=row, replace=row == 0
            )
            assert acknowledged.acquire(timeout=60)
        yield pb.ImportProductsRequest(complete=True)

    for response in served.products.ImportProducts(requests()):
        assert len(response.statuses) == 1
        assert sorted(served.shop.catalogs["luma"]) == ["old"]
        acknowledged.release()
    assert served.shop.catalogs.keys() == {"luma"}
    assert sorted(served.shop.catalogs["luma"]) == ["p0", "p1", "p2"]


def test_a_replacement_that_does_not_say_complete_leaves_what_was(served: Served) -> None:
    _upsert(served, _product("old"))
    requests = [
        pb.ImportProductsRequest(parent=PARENT, product=_product("p1"), replace=True),
        pb.ImportProductsRequest(product=_product("p2"), complete=True),
        pb.ImportProductsRequest(product=_product("p3")),
    ]
    with pytest.raises(FailedPrecondition) as caught, wire_errors("here"):
        list(served.products.ImportProducts(iter(requests)))
    assert caught.value.reason == "IMPORT_INCOMPLETE"
    assert sorted(served.shop.catalogs["luma"]) == ["old"]

    list(served.products.ImportProducts(iter(requests[:2])))
    assert sorted(served.shop.catalogs["luma"]) == ["p1", "p2"]


def test_a_replacement_that_breaks_off_leaves_what_was(served: Served) -> None:
    _upsert(served, _product("old"))
    for _ in range(10):
        held = threading.Event()

        def requests(held: threading.Event = held) -> Iterator[pb.ImportProductsRequest]:
            yield pb.ImportProductsRequest(parent=PARENT, product=_product("p1"), replace=True)
            held.wait(60)

        call = served.products.ImportProducts(requests())
        next(iter(call))
        call.cancel()
        held.set()
        _until_no_call_runs(served)
        left = {name: sorted(held) for name, held in served.shop.catalogs.items()}
        assert left == {"luma": ["old"]}


def test_an_import_needs_its_parent_in_the_first_message(served: Served) -> None:
    requests = [pb.ImportProductsRequest(product=_product("p1"))]
    found = _violations(lambda: list(served.products.ImportProducts(iter(requests))))
    assert found == [("parent", "CATALOG_NAME_INVALID")]
    assert served.shop.catalogs == {}


def test_an_import_acknowledges_before_the_stream_ends(served: Served) -> None:
    acknowledged = threading.Semaphore(0)

    def requests() -> Iterator[pb.ImportProductsRequest]:
        for row in range(3):
            yield pb.ImportProductsRequest(parent=PARENT, product=_product(f"p{row}"), row=row)
            assert acknowledged.acquire(timeout=60)

    rows = []
    for response in served.products.ImportProducts(requests()):
        rows += [status.row for status in response.statuses]
        acknowledged.release()
    assert rows == [0, 1, 2]
    assert served.shop.written == [["p0"], ["p1"], ["p2"]]


def test_a_caller_that_leaves_an_import_frees_its_place(serve: Callable[..., Served]) -> None:
    served = serve(streams=1)
    for _ in range(3):
        held = threading.Event()

        def requests(held: threading.Event = held) -> Iterator[pb.ImportProductsRequest]:
            yield pb.ImportProductsRequest(parent=PARENT, product=_product("p1"))
            held.wait(60)

        call = served.products.ImportProducts(requests())
        first = next(iter(call))
        assert len(first.statuses) == 1
        call.cancel()
        held.set()
        _until_no_call_runs(served)


def test_imports_have_places_of_their_own(serve: Callable[..., Served]) -> None:
    served = serve(calls=1, streams=1)
    held = threading.Event()

    def requests() -> Iterator[pb.ImportProductsRequest]:
        yield pb.ImportProductsRequest(parent=PARENT, product=_product("p1"))
        held.wait(60)

    call = served.products.ImportProducts(requests())
    next(iter(call))
    found = served.products.GetProduct(pb.GetProductRequest(name=f"{PARENT}/products/p1"))
    assert found.title == "Title p1"
    with pytest.raises(grpc.RpcError) as caught:
        list(served.products.ImportProducts(iter([])))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    held.set()
    assert list(call) == []


def _until_no_call_runs(served: Served) -> None:
    waited = threading.Event()
    for _ in range(6_000):
        if served.metrics.registry.get_sample_value("omnishelf_calls_in_flight") == 0:
            return
        waited.wait(0.01)
    pytest.fail("a call that was cancelled still holds its place")
