"""Nothing that tells who asked survives a recording, and how it was asked does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import InvalidRequest
from server.retrieval.filters.parser import parse_filter
from server.workload.line import Absent
from server.workload.redaction import (
    DROPPED,
    KEPT,
    MARK,
    kind_of,
    redacted,
    redacted_filter,
    redacted_words,
)

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
SIX_DIGITS = re.compile(r"\d{6}")
# Words with what must not survive mixed in, glued to whatever stands beside it.
PIECES = st.one_of(
    st.text(max_size=8),
    st.from_regex(r"[a-z.]{1,6}@[a-z]{1,6}\.(org|cn)", fullmatch=True),
    st.from_regex(r"\d{1,12}", fullmatch=True),
    st.sampled_from(["红色", " ", "-", ".", "@", "＠", "１２３４５６７"]),
)
WORDS = st.lists(PIECES, max_size=12).map("".join)


@given(WORDS)
def test_no_address_and_no_long_number_survives(words: str) -> None:
    left = redacted_words(words)
    assert not ADDRESS.search(left)
    assert not SIX_DIGITS.search(left)
    assert redacted_words(left) == left


@given(st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="@＠")))
def test_words_without_either_stay_as_they_are(words: str) -> None:
    assert redacted_words(words) == words


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("size 42 red mug", "size 42 red mug"),
        ("model 12345", "model 12345"),
        ("order 123456", "order …"),
        ("4111 1111 1111 1111", "…"),
        ("+49 (30) 901-820 please", "+… please"),
        ("联系ann@example.org谢谢", "…"),
        ("手机１３８００１３８０００", "手机…"),
        ("me＠example.org mug", "… mug"),
    ],
)
def test_what_becomes_of_words(words: str, left: str) -> None:
    assert redacted_words(words) == left


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(WORDS.filter(str.isprintable).filter(str.strip))
def test_a_filter_can_still_be_read_and_names_nobody(value: str) -> None:
    text = f"price < 10 AND attributes.owner = {quoted(value)} OR NOT brand = {quoted(value)}"
    try:
        parse_filter(text)
    except InvalidRequest:
        return  # a server answers no such filter
    left = redacted_filter(text)
    assert left.startswith("price < 10 AND")
    parse_filter(left)
    assert not ADDRESS.search(left)
    assert not SIX_DIGITS.search(left)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("price <= 1500000.50 AND stock > 0", "price <= 1500000.50 AND stock > 0"),
        ('id = "12345678" color = "a@b"', 'id = "12345678" color = "…"'),
        ("brand = 5551234567", 'brand = "…"'),
        ("-price > -1000000 brand:'x@y.z'", '-price > -1000000 brand:"…"'),
        ('attributes."a@b" = "x"', 'attributes."…" = "x"'),
        ('color = "unclosed x@y.z', ""),
    ],
)
def test_what_becomes_of_filters(text: str, left: str) -> None:
    assert redacted_filter(text) == left


def test_every_field_of_the_api_is_kept_or_dropped_on_purpose() -> None:
    fields = {field.name for field in pb.SearchProductsRequest.DESCRIPTOR.fields}
    assert fields == KEPT | DROPPED
    contents = {field.name for field in pb.QueryPart.DESCRIPTOR.oneofs_by_name["content"].fields}
    assert contents == {"text", "image", "audio", "video", "product", "vector"}


def test_who_asked_is_left_out_and_how_stays() -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    request = pb.SearchProductsRequest(
        parent="catalogs/shop",
        query=[
            pb.QueryPart(text="mug for ann@example.org", weight=2.0),
            pb.QueryPart(image=png),
            pb.QueryPart(image=b"broken"),
            pb.QueryPart(vector=pb.Vector(values=[1.0, 2.0, 3.0])),
            pb.QueryPart(product="catalogs/shop/products/12345678", weight=-1.0),
        ],
        filter='color = "red"',
        page_size=30,
        page_token="secret",  # noqa: S106 - a token of a test
        facets=[pb.FacetSpec(field="brand")],
        collapse=pb.CollapseSpec(limit=2),
        view=pb.VIEW_TEXT,
        product_detail=pb.PRODUCT_DETAIL_FULL,
        ranking=pb.RankingOptions(variety=0.5, brand_limit=3),
        shopper=pb.Shopper(user="u1", session="s1"),
        experiment_unit="u1",
        explain=True,
    )
    before = request.SerializeToString()
    line = redacted(request)
    assert request.SerializeToString() == before
    assert line.kind == "paged"
    assert line.request == pb.SearchProductsRequest(
        parent="catalogs/shop",
        query=[
            pb.QueryPart(text=f"mug for {MARK}", weight=2.0),
            pb.QueryPart(),
            pb.QueryPart(),
            pb.QueryPart(),
            pb.QueryPart(product="catalogs/shop/products/12345678", weight=-1.0),
        ],
        filter='color = "red"',
        page_size=30,
        facets=[pb.FacetSpec(field="brand")],
        collapse=pb.CollapseSpec(limit=2),
        view=pb.VIEW_TEXT,
        product_detail=pb.PRODUCT_DETAIL_FULL,
        ranking=pb.RankingOptions(variety=0.5, brand_limit=3),
        explain=True,
    )
    assert line.absent == (
        Absent(part=1, content="image", size=24, width=640, height=480),
        Absent(part=2, content="image", size=6),
        Absent(part=3, content="vector", size=3),
    )


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({"query": [{"text": "mug"}]}, "text"),
        ({"query": [{"product": "x"}]}, "text"),
        ({"query": [{"image": b"x"}]}, "picture"),
        ({"query": [{"image": b"x"}, {"text": "mug"}], "filter": "price < 2"}, "mixed"),
        ({"query": [{"audio": b"x"}, {"text": "mug"}]}, "voice"),
        ({"query": [{"text": "mug"}], "filter": "price < 2"}, "filtered"),
        ({"query": [{"image": b"x"}], "page_token": "t"}, "paged"),
    ],
)
def test_kinds(request_: dict[str, object], kind: str) -> None:
    assert kind_of(pb.SearchProductsRequest(**request_)) == kind  # type: ignore[arg-type]
