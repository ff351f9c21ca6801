"""What is drawn from a catalogue and its judged queries."""

import io
import wave
from collections import Counter
from pathlib import Path

import pytest
from omnishelf.v1 import search_service_pb2 as pb
from PIL import Image

from benchmarks.workloads.draw import drawn, how_drawn, parse_kinds
from benchmarks.workloads.files import file_digest
from benchmarks.workloads.workload import Kind, Workload
from server.errors import InvalidRequest
from server.retrieval.filters.parser import parse_filter
from tests.benchmarks.workloads.small_shop import SmallShop, write_small_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    return write_small_shop(tmp_path_factory.mktemp("shop"))


def of_kind(shop: SmallShop, kind: Kind, *, count: int = 12, **settings: float) -> Workload:
    return drawn(
        {kind: 1.0},
        queries=shop.queries,
        catalogue=shop.catalogue,
        catalog="small",
        count=count,
        **settings,  # type: ignore[arg-type] # seed is whole
    )


def requests(workload: Workload) -> list[pb.SearchProductsRequest]:
    return [pb.SearchProductsRequest.FromString(each.request) for each in workload.questions]


def test_texts_are_the_judged_ones_and_say_which(shop: SmallShop) -> None:
    workload = of_kind(shop, Kind.TEXT, count=4)
    asked = {
        each.query_id: request.query[0].text
        for each, request in zip(workload.questions, requests(workload), strict=True)
    }
    assert asked == {"1": "red mug", "2": "红色的杯子", "3": "lamp", "4": "nothing"}
    assert all(each.parent == "catalogs/small" for each in requests(workload))
    assert all(each.page_size == 20 for each in requests(workload))
    assert workload.data == file_digest(shop.catalogue)
    assert workload.catalog == "small"


def test_pictures_are_products_photographs_but_no_file_of_the_shop(shop: SmallShop) -> None:
    workload = of_kind(shop, Kind.PICTURE, count=6)
    uploads = {each.query[0].image for each in requests(workload)}
    assert len(uploads) == 3, "one for each product with a picture"
    for upload in uploads:
        with Image.open(io.BytesIO(upload)) as opened:
            assert opened.format == "JPEG"
            assert max(opened.size) == 800


def test_mixed_questions_have_words_and_a_picture(shop: SmallShop) -> None:
    for request in requests(of_kind(shop, Kind.MIXED)):
        assert [part.WhichOneof("content") for part in request.query] == ["text", "image"]


def test_filters_are_real_and_pass_some_product(shop: SmallShop) -> None:
    filters = {each.filter for each in requests(of_kind(shop, Kind.FILTERED, count=36))}
    assert filters == {
        "price <= 19.5",  # the median of 8, 9, 30 and 50
        'color = "red"',
        'price <= 19.5 AND color = "red"',
        'color = "blue"',
        'price <= 19.5 AND color = "blue"',
        'category : "Home/Mugs"',
        'price <= 19.5 AND category : "Home/Mugs"',
        'category : "Home/Lamps"',
        'category : "Shoes"',
    }
    assert all(parse_filter(each) for each in filters)


def test_later_pages_wait_for_their_token(shop: SmallShop) -> None:
    workload = of_kind(shop, Kind.PAGED)
    assert {each.kind for each in workload.questions} == {Kind.PAGED}
    assert not any(each.page_token or each.query[0].image for each in requests(workload))


def test_kinds_have_their_shares_and_seeds_decide(shop: SmallShop) -> None:
    kinds = {Kind.TEXT: 2.0, Kind.PAGED: 1.0, Kind.FILTERED: 1.0}

    def draw(seed: int) -> Workload:
        return drawn(
            kinds, queries=shop.queries, catalogue=shop.catalogue, catalog="small", count=10,
            s=1.0, seed=seed,
        )  # fmt: skip

    first = draw(1)
    assert Counter(each.kind for each in first.questions) == {
        Kind.TEXT: 5,  # 5, 2.5 and 2.5: the first of equal remainders gets the one that is left
        Kind.PAGED: 3,
        Kind.FILTERED: 2,
    }
    assert first == draw(1)
    assert first.digest != draw(2).digest


def test_spoken_questions_come_from_a_folder(shop: SmallShop, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(320))
    (tmp_path / "notes.txt").write_text("not asked")
    workload = drawn(
        {Kind.VOICE: 1.0}, queries=shop.queries, catalogue=shop.catalogue, catalog="small",
        count=2, voices=tmp_path,
    )  # fmt: skip
    assert {each.query[0].audio for each in requests(workload)} == {
        (tmp_path / "a.wav").read_bytes()
    }
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    with pytest.raises(InvalidRequest, match=r"b\.wav: it is no WAV file"):
        drawn(
            {Kind.VOICE: 1.0}, queries=shop.queries, catalogue=shop.catalogue, catalog="small",
            voices=tmp_path,
        )  # fmt: skip


def test_a_kind_that_nothing_is_there_for_is_refused(shop: SmallShop, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="kind voice: name a folder of WAV files"):
        of_kind(shop, Kind.VOICE)
    bare = write_small_shop(tmp_path, pictures=0)
    with pytest.raises(InvalidRequest, match=r"kind picture: no product of .* has a picture"):
        of_kind(bare, Kind.PICTURE)
    with pytest.raises(InvalidRequest, match="at least one question"):
        of_kind(shop, Kind.TEXT, count=0)


@pytest.mark.parametrize("text", ["song", "text=much", "text=0", "text=-1", "text=nan", ""])
def test_kinds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="--kinds: "):
        parse_kinds(text)


def test_how_is_a_sentence() -> None:
    told = how_drawn({Kind.TEXT: 3.0}, s=0.9, seed=1)
    assert "text 3; repeats by Zipf's law with exponent 0.9; seed 1" in told
