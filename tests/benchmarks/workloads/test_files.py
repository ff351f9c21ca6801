"""Workloads in files: what is written is what is read."""

from pathlib import Path

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.workloads.files import (
    addressed,
    dropped_searches,
    read_workload,
    write_workload,
)
from benchmarks.workloads.photographs import Photographs
from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import AlreadyInUse, InvalidRequest
from server.workload.line import (
    Absent,
    EndLine,
    Header,
    QuestionLine,
    end_json,
    header_json,
    question_json,
)
from tests.benchmarks.workloads.small_shop import picture


def question(kind: Kind, *parts: pb.QueryPart, due: float | None = None) -> Question:
    request = pb.SearchProductsRequest(parent="catalogs/small", query=parts)
    return Question(
        kind=kind, request=request.SerializeToString(deterministic=True), due_seconds=due
    )


WORKLOAD = Workload(
    name="small",
    catalog="small",
    data="ab" * 32,
    questions=(
        question(Kind.TEXT, pb.QueryPart(text="红色 mug")),
        question(Kind.PICTURE, pb.QueryPart(image=picture(shade=1))),
        question(Kind.MIXED, pb.QueryPart(text="x"), pb.QueryPart(image=picture(shade=1))),
        question(Kind.PICTURE, pb.QueryPart(image=b"no picture")),
    ),
)


def test_a_workload_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    write_workload(WORKLOAD, path, how="by hand")
    read = read_workload(path)
    assert read == WORKLOAD
    assert read.digest == WORKLOAD.digest
    endings = sorted(each.suffix for each in (tmp_path / "small.media").iterdir())
    assert endings == [".picture", ".png"], "each picture once"


def test_a_file_is_replaced_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    write_workload(WORKLOAD, path)
    with pytest.raises(AlreadyInUse, match="--replace"):
        write_workload(WORKLOAD, path)
    mine = tmp_path / "small.media" / "mine.png"
    mine.write_bytes(b"mine")
    fewer = Workload(name="few", catalog="small", data="", questions=WORKLOAD.questions[:2])
    write_workload(fewer, path, replace_existing=True)
    assert read_workload(path) == fewer
    assert sorted(each.suffix for each in mine.parent.iterdir()) == [".png", ".png"]
    assert mine.exists()
    assert not list(tmp_path.glob(".*")), "nothing unfinished is left"


def test_another_catalog_is_asked_with_its_own_products(tmp_path: Path) -> None:
    request = pb.SearchProductsRequest(
        parent="catalogs/small",
        query=[pb.QueryPart(product="catalogs/small/products/mug")],
        ranking=pb.RankingOptions(
            signal_changes=[pb.SignalChange(product="catalogs/small/products/mug", stock=1)]
        ),
    )
    serialized = request.SerializeToString(deterministic=True)
    workload = Workload(
        name="x", catalog="small", data="",
        questions=(Question(kind=Kind.TEXT, request=serialized),),
    )  # fmt: skip
    elsewhere = addressed(workload, catalog="bench")
    made = pb.SearchProductsRequest.FromString(elsewhere.questions[0].request)
    assert elsewhere.catalog == "bench"
    assert made.parent == "catalogs/bench"
    assert made.query[0].product == "catalogs/bench/products/mug"
    assert made.ranking.signal_changes[0].product == "catalogs/bench/products/mug"
    write_workload(workload, tmp_path / "x.jsonl")
    assert read_workload(tmp_path / "x.jsonl", catalog="bench") == elsewhere
    assert addressed(workload, catalog="small") is workload


def recording(path: Path, *lines: QuestionLine) -> Path:
    end = EndLine(recorded=len(lines), dropped=3)
    text = [header_json(Header(name="shop")), *map(question_json, lines), end_json(end), ""]
    path.write_text("\n".join(text), "utf-8")
    return path


def line(catalog: str, *parts: pb.QueryPart, absent: tuple[Absent, ...] = ()) -> QuestionLine:
    request = pb.SearchProductsRequest(parent=f"catalogs/{catalog}", query=parts)
    return QuestionLine(kind="picture", request=request, due_seconds=0.5, absent=absent)


def test_pictures_of_the_catalogue_stand_in_for_those_not_kept(tmp_path: Path) -> None:
    absent = Absent(part=0, content="image", size=900, width=30, height=20)
    path = recording(tmp_path / "shop.jsonl", line("shop", pb.QueryPart(), absent=(absent,)))
    with pytest.raises(InvalidRequest, match="the recording did not keep its pictures"):
        read_workload(path)
    workload = read_workload(path, stand_in=Photographs([picture(shade=9)]).like)
    sent = pb.SearchProductsRequest.FromString(workload.questions[0].request).query[0].image
    assert sent.startswith(b"\xff\xd8\xff")
    assert (workload.catalog, workload.questions[0].due_seconds) == ("shop", 0.5)
    assert dropped_searches(path) == 3


def test_a_recording_of_two_catalogs_asks_for_one(tmp_path: Path) -> None:
    words = pb.QueryPart(text="mug")
    path = recording(tmp_path / "shop.jsonl", line("one", words), line("two", words))
    with pytest.raises(InvalidRequest, match=r"catalogs/one, catalogs/two.*say which"):
        read_workload(path)
    workload = read_workload(path, catalog="one")
    first, second = workload.questions
    assert first.request == second.request
    assert first.request is second.request, "repeats share their bytes"


def test_nothing_is_read_of_a_file_with_a_bad_line(tmp_path: Path) -> None:
    path = recording(tmp_path / "shop.jsonl", line("one", pb.QueryPart(text="mug")))
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(InvalidRequest, match="line 4: not JSON"):
        read_workload(path)
