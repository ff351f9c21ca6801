"""The whole server's loop: what shoppers do is recorded, counted, used, steered and explained."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf import timestamp_pb2
from google.type import money_pb2
from omnishelf.v1 import (
    feedback_service_pb2,
    feedback_service_pb2_grpc,
    product_pb2,
    product_service_pb2,
    product_service_pb2_grpc,
    rule_service_pb2,
    rule_service_pb2_grpc,
    search_service_pb2_grpc,
)
from omnishelf.v1 import search_service_pb2 as pb

from server.app import App, build_app
from server.commands.explain import explain
from server.errors import InvalidRequest, NotFound
from server.feedback.search_store import SearchStore
from server.rpc.channel import open_channel, wire_errors
from server.settings import load_settings

PARENT = "catalogs/shop"
TITLES = ("Yoga pants", "Running shoes", "Hiking pants", "Wool socks")
SECONDS = 60.0
RULES = pb.RankingOptions(mode=pb.RankingOptions.MODE_RULES, variety=0.0)


def _product(place: int, title: str) -> product_pb2.Product:
    return product_pb2.Product(
        name=_name(place),
        title=title,
        price=money_pb2.Money(currency_code="USD", units=20 + 10 * place),
        stock=place,
        category_paths=["Women/Wear"],
    )


def _name(place: int) -> str:
    return f"{PARENT}/products/p{place}"


@dataclass(frozen=True, kw_only=True)
class Served:
    app: App
    address: str
    channel: grpc.Channel

    def search(self, **fields: object) -> pb.SearchProductsResponse:
        request = pb.SearchProductsRequest(
            **{"parent": PARENT, "query": [pb.QueryPart(text="pants")], **fields}  # type: ignore[arg-type]
        )
        with wire_errors("here"):
            stub = search_service_pb2_grpc.SearchServiceStub(self.channel)
            return stub.SearchProducts(request, timeout=SECONDS)

    @property
    def feedback(self) -> feedback_service_pb2_grpc.FeedbackServiceStub:
        return feedback_service_pb2_grpc.FeedbackServiceStub(self.channel)

    @property
    def rules(self) -> rule_service_pb2_grpc.RuleServiceStub:
        return rule_service_pb2_grpc.RuleServiceStub(self.channel)

    def clicks(self) -> float:
        """Clicks of the first product, as the ranker sees them."""
        table = self.app.catalogs.get("shop").table.reader()
        return float(table.numbers(table.rows(["p0"]))[-3, 0])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    flags = {
        "data": tmp_path_factory.mktemp("learning"),
        "server.port": 0,
        "ranking.enabled": False,
        "feedback.columns_share": 1.0,
    }
    with build_app(load_settings(flags=flags)) as app:
        address = app.start()
        with open_channel(address) as channel:
            product_service_pb2_grpc.ProductServiceStub(channel).BatchUpsertProducts(
                product_service_pb2.BatchUpsertProductsRequest(
                    parent=PARENT, products=[_product(*each) for each in enumerate(TITLES)]
                )
            )
            yield Served(app=app, address=address, channel=channel)


def _soon(holds: Callable[[], bool]) -> bool:
    """Whether something holds within the time allowed; looked at until it does."""
    until = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _ids(response: pb.SearchProductsResponse) -> list[str]:
    return [hit.product.name.rpartition("/")[2] for hit in response.hits]


def _click(event_id: str, search_id: str, *, user: str) -> feedback_service_pb2.Event:
    return feedback_service_pb2.Event(
        event_id=event_id,
        type=feedback_service_pb2.EVENT_TYPE_CLICK,
        product=_name(0),
        time=timestamp_pb2.Timestamp(seconds=int(time.time())),
        search_id=search_id,
        position=1,
        user=user,
        session="s1",
    )


def test_a_click_is_counted_and_a_forgotten_shopper_is_gone(served: Served) -> None:
    shopper = pb.Shopper(user="ann", session="s1")
    response = served.search(shopper=shopper)
    served.app.learning.searches.flush()
    searches = SearchStore(served.app.store)
    record = searches.get(response.search_id)
    assert record is not None
    assert list(record.shown) == _ids(response)
    assert (record.user, record.session, record.text) == ("ann", "s1", "pants")
    assert record.ranked is not None
    before = served.clicks()
    events = [_click("e1", response.search_id, user="ann")] * 2
    recorded = served.feedback.RecordEvents(
        feedback_service_pb2.RecordEventsRequest(parent=PARENT, events=events)
    )
    assert recorded.recorded_count == 1
    assert _soon(lambda: served.clicks() == before + 1)
    served.search(shopper=shopper)
    served.app.learning.searches.flush()
    forgotten = served.feedback.ForgetUser(feedback_service_pb2.ForgetUserRequest(user="ann"))
    assert forgotten.remaining_count == 0
    assert searches.get(response.search_id) is None


def test_who_clicked_is_known_at_the_next_search(served: Served) -> None:
    event = _click("e2", "", user="bob")
    served.feedback.RecordEvents(
        feedback_service_pb2.RecordEventsRequest(parent=PARENT, events=[event])
    )
    response = served.search(shopper=pb.Shopper(user="bob"))
    served.app.learning.searches.flush()
    record = SearchStore(served.app.store).get(response.search_id)
    assert record is not None
    assert record.ranked is not None
    person = record.ranked.facts.person
    assert person is not None
    assert person.events > 0


def test_a_rule_is_served_from_when_it_is_written_to_when_it_is_removed(served: Served) -> None:
    name = f"{PARENT}/rules/socks-first"
    rule = rule_service_pb2.Rule(
        name=name,
        condition=rule_service_pb2.RuleCondition(queries=["PANTS "]),
        pin=rule_service_pb2.PinAction(products=[_name(3)]),
    )
    served.rules.PutRule(rule_service_pb2.PutRuleRequest(rule=rule))
    pinned = served.search(explain=True)
    assert _ids(pinned)[0] == "p3"
    assert list(pinned.hits[0].rules) == [pb.FiredRule(name=name, action="pin")]
    assert _ids(served.search(filter="stock < 3"))[0] != "p3"
    second = served.search(explain=True, page_size=1)
    third = served.search(explain=True, page_size=1, page_token=second.next_page_token)
    assert [len(page.hits[0].rules) for page in (second, third)] == [1, 0]
    served.rules.DeleteRule(rule_service_pb2.DeleteRuleRequest(name=name))
    assert _ids(served.search())[0] != "p3"


def _explained(served: Served, **fields: object) -> pb.ExplainRankingResponse:
    search = pb.SearchProductsRequest(
        parent=PARENT, query=[pb.QueryPart(text="pants")], ranking=RULES
    )
    request = pb.ExplainRankingRequest(search=search, **fields)  # type: ignore[arg-type]
    with wire_errors("here"):
        return search_service_pb2_grpc.SearchServiceStub(served.channel).ExplainRanking(request)


def test_an_explanation_agrees_with_the_search(served: Served) -> None:
    hits = served.search(ranking=RULES).hits
    for hit in hits:
        explained = _explained(served, product=hit.product.name)
        assert explained.product.position == hit.position
        assert explained.product.score == pytest.approx(hit.score)
        parts = sum(each.value for each in explained.product.contributions)
        assert parts == pytest.approx(hit.score, abs=1e-4)
        assert explained.summary
    sold_out = _explained(served, product=_name(0))
    assert [each.change.stock for each in sold_out.trials if each.change.HasField("stock")] == [1]
    with pytest.raises(NotFound) as caught:
        _explained(served, product=f"{PARENT}/products/ghost")
    assert caught.value.reason == "NOT_A_CANDIDATE"


def test_the_command_explains(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    explain("pants", product="p0", other="p1", catalog="shop", server=served.address)
    assert "p0 stands" in capsys.readouterr().out
    explain(
        "pants", product="p0", catalog="shop", stock=[4], json_output=True, server=served.address
    )
    printed = capsys.readouterr().out
    # The server of this test logs to the same place.
    document = json.loads(printed[printed.index("{\n") :])
    assert document["product"]["product"] == _name(0)
    assert document["trials"][0]["change"]["stock"] == 4


def test_the_ranker_served_decides_which_features_may_be_overruled(served: Served) -> None:
    options = pb.RankingOptions(feature_overrides={"price_level": 1.0})
    with pytest.raises(InvalidRequest) as caught:
        served.search(ranking=options)
    assert caught.value.reason == "FEATURE_UNKNOWN", "retrieval order is served here"


def test_the_ranker_is_named_and_can_be_asked_for(served: Served) -> None:
    assert served.app.ranker.id == "retrieval"
    assert served.search(ranking=RULES).served_by.ranker == "rules"


def test_what_runs_the_ranker_is_published(served: Served) -> None:
    read = served.app.metrics.registry.get_sample_value
    engine = {"ranker": "retrieval", "engine": "none", "reason": ""}
    assert read("omnishelf_ranker_engine_info", engine) == 1
