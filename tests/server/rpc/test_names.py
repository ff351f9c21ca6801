import pytest

from server.errors import InvalidRequest
from server.rpc.names import parse_catalog_name, parse_product_name


@pytest.mark.parametrize("catalog", ["luma", "A", "x" * 128, "shop.v2_new-1"])
def test_catalog_names(catalog: str) -> None:
    assert parse_catalog_name(f"catalogs/{catalog}", field="parent") == catalog


@pytest.mark.parametrize(
    "name",
    ["", "luma", "catalogs/", "catalogs/1st", "catalogs/" + "x" * 129, "catalogs/a/products/b",
     "catalogs/lu ma", "catalogs/luma\n", "catalogs/луна", "CATALOGS/luma"],
)  # fmt: skip
def test_what_is_no_catalog_name(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_catalog_name(name, field="parent")
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("parent", "CATALOG_NAME_INVALID")


def test_a_product_name() -> None:
    name = parse_product_name("catalogs/luma/products/7.a_-", field="name")
    assert (name.catalog, name.product_id) == ("luma", "7.a_-")


@pytest.mark.parametrize(
    ("name", "catalog", "reason"),
    [
        ("", None, "PRODUCT_NAME_INVALID"),
        ("catalogs/luma", None, "PRODUCT_NAME_INVALID"),
        ("catalogs/luma/products/", None, "PRODUCT_NAME_INVALID"),
        ("catalogs/luma/products/a/b", None, "PRODUCT_NAME_INVALID"),
        ("catalogs/luma/products/" + "x" * 129, None, "PRODUCT_NAME_INVALID"),
        ("catalogs/luma/products/\n", None, "PRODUCT_NAME_INVALID"),
        ("catalogs/luma/products/a", "other", "PRODUCT_OTHER_CATALOG"),
    ],
)
def test_what_is_no_product_name(name: str, catalog: str | None, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_product_name(name, field="query[0].product", catalog=catalog)
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("query[0].product", reason)
