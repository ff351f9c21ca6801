"""How a search may ask to be ranked, and what it may not."""

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from ranker.diversify import Method
from ranker.explain import FEATURE_NAMES
from server.errors import InvalidRequest
from server.query import Query, RankingMode, Shopper, SignalChange
from server.rpc.page_tokens import PageTokens
from server.rpc.signing import TokenSigner
from server.rpc.validate_search import check_search

TOKENS = PageTokens(TokenSigner(b"k" * 32))
PARENT = "catalogs/luma"
PRODUCT = f"{PARENT}/products/p1"
Options = pb.RankingOptions
NAN = float("nan")


def _query(ranking: pb.RankingOptions | None = None, **fields: object) -> Query:
    whole = {"parent": PARENT, "query": [pb.QueryPart(text="a")], "ranking": ranking, **fields}
    request = pb.SearchProductsRequest(**whole)  # type: ignore[arg-type] # fields by keyword
    return check_search(request, dimension=3, tokens=TOKENS).query


def _violations(ranking: pb.RankingOptions) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        _query(ranking)
    return [(each.field, each.reason) for each in caught.value.violations]


def test_nothing_said_is_the_servers_choice() -> None:
    query = _query()
    assert query.mode is RankingMode.MODEL
    assert query.diversifier is Method.MMR
    assert (query.brand_limit, query.category_limit) == (None, None)
    assert (query.feature_overrides, query.signal_changes) == ({}, ())
    assert query.shopper is None
    assert not query.is_trial


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        (Options.MODE_UNSPECIFIED, RankingMode.MODEL),
        (Options.MODE_MODEL, RankingMode.MODEL),
        (Options.MODE_RETRIEVAL, RankingMode.RETRIEVAL),
        (Options.MODE_RULES, RankingMode.RULES),
    ],
)
def test_modes(number: pb.RankingOptions.Mode.ValueType, mode: RankingMode) -> None:
    assert _query(Options(mode=number)).mode is mode


@pytest.mark.parametrize(
    ("number", "method"),
    [
        (Options.DIVERSIFIER_UNSPECIFIED, Method.MMR),
        (Options.DIVERSIFIER_MMR, Method.MMR),
        (Options.DIVERSIFIER_DPP, Method.DPP),
    ],
)
def test_diversifiers(number: pb.RankingOptions.Diversifier.ValueType, method: Method) -> None:
    assert _query(Options(diversifier=number)).diversifier is method


def test_every_option_is_passed_on() -> None:
    ranking = Options(
        brand_limit=3,
        category_limit=100,
        feature_overrides={FEATURE_NAMES[0]: 0.5, FEATURE_NAMES[1]: -2.0},
        signal_changes=[
            pb.SignalChange(product=PRODUCT, price_factor=0.9),
            pb.SignalChange(stock=0),
            pb.SignalChange(price_factor=100, stock=7),
        ],
    )
    query = _query(ranking)
    assert (query.brand_limit, query.category_limit) == (3, 100)
    assert query.feature_overrides == {FEATURE_NAMES[0]: 0.5, FEATURE_NAMES[1]: -2.0}
    assert query.signal_changes == (
        SignalChange(product_id="p1", price_factor=0.9),
        SignalChange(stock=0),
        SignalChange(price_factor=100.0, stock=7),
    )
    assert query.is_trial


@pytest.mark.parametrize(
    ("shopper", "known"),
    [
        (pb.Shopper(user="u"), Shopper(user="u")),
        (pb.Shopper(session="s"), Shopper(session="s")),
        (pb.Shopper(user="u", session="s"), Shopper(user="u", session="s")),
        (pb.Shopper(), None),
    ],
)
def test_shoppers(shopper: pb.Shopper, known: Shopper | None) -> None:
    assert _query(shopper=shopper).shopper == known


@pytest.mark.parametrize(
    ("ranking", "field", "reason"),
    [
        (Options(diversifier=9), "ranking.diversifier", "ENUM_UNKNOWN"),  # type: ignore[arg-type]
        (Options(brand_limit=-1), "ranking.brand_limit", "OUT_OF_RANGE"),
        (Options(brand_limit=101), "ranking.brand_limit", "OUT_OF_RANGE"),
        (Options(category_limit=101), "ranking.category_limit", "OUT_OF_RANGE"),
        (
            Options(feature_overrides={FEATURE_NAMES[0]: NAN}),
            f"ranking.feature_overrides[{FEATURE_NAMES[0]}]",
            "NOT_FINITE",
        ),
        (
            Options(feature_overrides={"prise_level": 1.0}),
            "ranking.feature_overrides[prise_level]",
            "FEATURE_UNKNOWN",
        ),
        (
            Options(feature_overrides={f"f{each}": 1.0 for each in range(101)}),
            "ranking.feature_overrides",
            "TOO_MANY_OVERRIDES",
        ),
        (
            Options(mode=Options.MODE_RULES, feature_overrides={"price_level": 1.0}),
            "ranking.feature_overrides[price_level]",
            "FEATURE_UNKNOWN",
        ),
        (
            Options(signal_changes=[pb.SignalChange(stock=1)] * 101),
            "ranking.signal_changes",
            "TOO_MANY_CHANGES",
        ),
        (
            Options(signal_changes=[pb.SignalChange(product=PRODUCT)]),
            "ranking.signal_changes[0]",
            "CHANGE_EMPTY",
        ),
        (
            Options(signal_changes=[pb.SignalChange(price_factor=0.001)]),
            "ranking.signal_changes[0].price_factor",
            "OUT_OF_RANGE",
        ),
        (
            Options(signal_changes=[pb.SignalChange(price_factor=NAN)]),
            "ranking.signal_changes[0].price_factor",
            "OUT_OF_RANGE",
        ),
        (
            Options(signal_changes=[pb.SignalChange(stock=-1)]),
            "ranking.signal_changes[0].stock",
            "OUT_OF_RANGE",
        ),
        (
            Options(signal_changes=[pb.SignalChange(product="p1", stock=1)]),
            "ranking.signal_changes[0].product",
            "PRODUCT_NAME_INVALID",
        ),
        (
            Options(
                signal_changes=[pb.SignalChange(product="catalogs/other/products/p1", stock=1)]
            ),
            "ranking.signal_changes[0].product",
            "PRODUCT_OTHER_CATALOG",
        ),
    ],
)
def test_what_may_not_be_asked(ranking: pb.RankingOptions, field: str, reason: str) -> None:
    assert _violations(ranking) == [(field, reason)]


def test_a_misspelt_feature_is_told_its_neighbours() -> None:
    with pytest.raises(InvalidRequest, match="price_level"):
        _query(Options(feature_overrides={"prise_level": 1.0}))
    with pytest.raises(InvalidRequest, match="likeness, sales, cheapness, in_stock"):
        _query(Options(mode=Options.MODE_RULES, feature_overrides={"zzz": 1.0}))
