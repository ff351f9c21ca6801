"""What a search leaves behind to learn from, and whose facts it was ranked by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranker.columns import CandidateColumns, Float32Array, PersonFacts, QueryFacts
from ranker.features.schema import FEATURES, compute, fingerprint
from server.deadline import Deadline
from server.errors import Unavailable
from server.query import Query, RankingMode, SearchResult, Shopper, SignalChange
from server.recording import RecordingOptions
from server.rules.rule import Pin
from server.signals.reader import TableReader
from server.stages import FallbackUsed
from tests.server.pipeline.conftest import Make, Rooms
from tests.server.pipeline.parts import Firing, asked, words_of

PERSON = PersonFacts(
    events=2.0,
    vector=np.zeros(8, np.float32),
    brands=np.empty(0, np.int32),
    brand_shares=np.empty(0, np.float32),
    categories=np.empty(0, np.int32),
    category_shares=np.empty(0, np.float32),
    log_price=3.0,
    log_price_spread=0.5,
    bought_groups=np.empty(0, np.int32),
)


class Model:
    """A ranker of the served schema that likes what is cheap."""

    id = "model@1"

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        return compute(replace(query, person=None), candidates)

    def score(self, matrix: Float32Array) -> Float32Array:
        column = [each.name for each in FEATURES].index("price_level")
        scores: Float32Array = -np.nan_to_num(matrix[:, column])
        return scores

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        return {"price": self.score(matrix), "bias": np.zeros(len(matrix), np.float32)}


class Known:
    """Knows one shopper, and fails for another."""

    def facts(
        self, reader: TableReader, catalog: str, *, user: str, session: str, now_seconds: float
    ) -> PersonFacts | None:
        if user == "broken":
            raise Unavailable("away", reason="STORE_AWAY")
        assert (catalog, session) == ("shop", "s1")
        assert len(reader) == 4
        assert now_seconds > 1.7e9
        return PERSON if user == "ann" else None


ANN = Shopper(user="ann", session="s1")
QUERY = asked(words_of("mug"), shopper=ANN)


def _search(make: Make, query: Query = QUERY, **options: object) -> SearchResult:
    return make(Model(), **options).search(query, deadline=Deadline.never())


def test_a_search_is_recorded_as_it_was_answered(make: Make, rooms: Rooms) -> None:
    result = _search(make)
    (record,) = rooms.noted
    assert record.search_id == result.search_id
    assert record.shown == tuple(hit.product_id for hit in result.hits)
    assert record.features.shape == (4, len(FEATURES))
    assert (record.catalog, record.user, record.session) == ("shop", "ann", "s1")
    assert record.text == words_of("mug").text
    assert (record.ranker, record.fingerprint) == ("model@1", fingerprint())
    assert record.encoder_bundle == result.encoder_bundle
    assert record.time_seconds > 1.7e9
    assert record.swapped is None


def test_all_columns_give_the_matrix_and_the_order_back(make: Make, rooms: Rooms) -> None:
    rooms.recording = RecordingOptions(columns_share=1.0, places=2)
    rooms.rules = Firing(Pin(products=("lamp",), position=1))
    result = _search(make)
    (record,) = rooms.noted
    ranked = record.ranked
    assert ranked is not None
    assert record.shown == tuple(hit.product_id for hit in result.hits[:2])
    again = Model().features(ranked.facts, ranked.columns)
    assert again.tobytes() == ranked.matrix.tobytes()
    assert Model().score(again).tobytes() == ranked.scores.tobytes(), "without what rules added"
    assert record.features.tobytes() == ranked.matrix[ranked.order[:2]].tobytes()


def test_shares_say_how_much_is_kept(make: Make, rooms: Rooms) -> None:
    rooms.recording = RecordingOptions(search_share=0.0)
    _search(make)
    assert rooms.noted == []
    rooms.recording = RecordingOptions(columns_share=0.0)
    _search(make)
    assert rooms.noted[0].ranked is None


def test_what_no_model_ordered_has_no_fingerprint(make: Make, rooms: Rooms) -> None:
    for mode in (RankingMode.RETRIEVAL, RankingMode.RULES):
        _search(make, replace(QUERY, mode=mode))
    assert [(each.ranker, each.fingerprint) for each in rooms.noted] == [
        ("retrieval", ""),
        ("rules", ""),
    ]


@pytest.mark.parametrize(
    "trial",
    [
        {"signal_changes": (SignalChange(price_factor=0.5),)},
        {"feature_overrides": {"price_level": 0.0}},
    ],
)
def test_trials_are_neither_recorded_nor_swapped(
    make: Make, rooms: Rooms, trial: dict[str, object]
) -> None:
    query = replace(QUERY, **trial)  # type: ignore[arg-type] # fields by keyword
    first = [hit.product_id for hit in _search(make, query, swap_share=1.0).hits]
    assert rooms.noted == []
    assert first == [hit.product_id for hit in _search(make, query).hits]


def test_a_swap_is_shown_and_recorded(make: Make, rooms: Rooms) -> None:
    plain = [hit.product_id for hit in _search(make, variety=0.0).hits]
    swapped = [hit.product_id for hit in _search(make, variety=0.0, swap_share=1.0).hits]
    _, record = rooms.noted
    assert record.swapped is not None
    first, other = record.swapped
    plain[first], plain[other] = plain[other], plain[first]
    assert swapped == plain == list(record.shown)


@pytest.mark.parametrize(
    "fields",
    [{"mode": RankingMode.RETRIEVAL}, {"mode": RankingMode.RULES}, {"explain": True}],
)
def test_what_is_never_swapped(make: Make, rooms: Rooms, fields: dict[str, object]) -> None:
    _search(make, replace(QUERY, **fields), swap_share=1.0)  # type: ignore[arg-type]
    assert rooms.noted[0].swapped is None


def test_a_pin_is_never_swapped_away(make: Make, rooms: Rooms) -> None:
    rooms.rules = Firing(Pin(products=("lamp",), position=1))
    for _ in range(5):
        assert _search(make, swap_share=1.0).hits[0].product_id == "lamp"
    assert all(each.swapped is None for each in rooms.noted)


@pytest.mark.parametrize(
    ("shopper", "person"),
    [(ANN, PERSON), (Shopper(user="bob", session="s1"), None), (None, None)],
)
def test_who_asks_is_known_to_the_features(
    make: Make, rooms: Rooms, shopper: Shopper | None, person: PersonFacts | None
) -> None:
    rooms.persons = Known()
    rooms.recording = RecordingOptions(columns_share=1.0)
    _search(make, replace(QUERY, shopper=shopper))
    ranked = rooms.noted[0].ranked
    assert ranked is not None
    assert ranked.facts.person is person


def test_a_profile_that_cannot_be_had_is_left_out_and_named(make: Make, rooms: Rooms) -> None:
    rooms.persons = Known()
    result = _search(make, replace(QUERY, shopper=Shopper(user="broken")))
    assert len(result.hits) == 4
    assert result.fallbacks == (
        FallbackUsed(stage="signals", used="no_profile", reason="STORE_AWAY"),
    )
