"""What stands in for what a recording did not keep."""

import io

import numpy as np
import pytest
from omnishelf.v1 import search_service_pb2 as pb
from PIL import Image

from server.workload.line import Absent, LineRefused, QuestionLine
from server.workload.stand_in import filled, painted


def test_a_painted_picture_has_the_recorded_pixels() -> None:
    made = painted(Absent(part=0, content="image", size=9_000, width=123, height=45))
    with Image.open(io.BytesIO(made)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (123, 45))
        assert np.asarray(picture).std() > 10, "it shows something"


@pytest.mark.parametrize(
    ("absent", "reason"),
    [
        (Absent(part=0, content="audio", size=9), "ABSENT_UNKNOWN"),
        (Absent(part=0, content="image", size=9), "ABSENT_INVALID"),
        (Absent(part=0, content="image", size=9, width=20_000, height=20_000), "ABSENT_INVALID"),
    ],
)
def test_what_cannot_be_painted_is_refused(absent: Absent, reason: str) -> None:
    with pytest.raises(LineRefused) as caught:
        painted(absent)
    assert caught.value.reason == reason


def test_absent_parts_are_filled_and_the_line_stays() -> None:
    request = pb.SearchProductsRequest(
        query=[pb.QueryPart(text="mug"), pb.QueryPart(weight=0.5), pb.QueryPart()]
    )
    absent = (
        Absent(part=1, content="image", size=7, width=3, height=2),
        Absent(part=2, content="vector", size=4),
    )
    line = QuestionLine(kind="mixed", request=request, absent=absent)
    made = filled(line, stand_in=lambda each: b"x" * each.size)
    assert made.query[1] == pb.QueryPart(image=b"xxxxxxx", weight=0.5)
    assert len(made.query[2].vector.values) == 4
    assert all(made.query[2].vector.values)
    assert made == filled(line, stand_in=lambda each: b"x" * each.size), "the same each time"
    assert request.query[1] == pb.QueryPart(weight=0.5)


def test_an_absent_part_that_there_is_not_is_refused() -> None:
    line = QuestionLine(
        kind="picture",
        request=pb.SearchProductsRequest(),
        absent=(Absent(part=0, content="image", size=7, width=3, height=2),),
    )
    with pytest.raises(LineRefused, match="there is no such part"):
        filled(line, stand_in=painted)
