"""Messages to and from a tower: what is written, and what passes for an answer."""

from __future__ import annotations

import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from server.encoders.triton_connection import Message
from server.encoders.triton_memory import Region
from server.encoders.triton_message import Job, request_of, rows_of
from server.errors import Unavailable

UNIT = np.array([[0.6, 0.8], [1.0, 0.0]], np.float32)


def answer(
    content: bytes = UNIT.tobytes(),
    *,
    name: str = "embedding",
    datatype: str = "FP32",
    shape: tuple[int, ...] = (2, 2),
) -> Message:
    response = pb.ModelInferResponse(model_name="m")
    response.outputs.add(name=name, datatype=datatype, shape=shape)
    response.raw_output_contents.append(content)
    return response


def test_a_text_is_sent_whole() -> None:
    ids = np.array([[1, 2, 3]], np.int64)
    mask = np.ones_like(ids)
    job = Job(
        model="starter_text",
        to="encode texts",
        inputs={"input_ids": ids, "attention_mask": mask},
        rows=np.zeros(1, np.int64),
    )
    request = request_of(job, region=None, seconds=0.25)
    assert request.model_name == "starter_text"
    assert request.parameters["timeout"].int64_param == 250_000
    assert [(each.name, each.datatype, list(each.shape)) for each in request.inputs] == [
        ("input_ids", "INT64", [1, 3]),
        ("attention_mask", "INT64", [1, 3]),
    ]
    assert list(request.raw_input_contents) == [ids.tobytes(), mask.tobytes()]
    assert [each.name for each in request.outputs] == ["embedding"]


def test_a_shared_picture_is_named_and_not_sent() -> None:
    pixels = np.zeros((1, 2, 2, 3), np.uint8)
    job = Job(
        model="starter_image",
        to="encode pictures",
        inputs={"pixels": pixels},
        rows=np.zeros(1, np.int64),
    )
    region = Region(100)
    region.unlink()
    (tensor,) = (request := request_of(job, region=region, seconds=1e-9)).inputs
    assert tensor.datatype == "UINT8"
    assert tensor.parameters["shared_memory_region"].string_param == region.name
    assert tensor.parameters["shared_memory_byte_size"].int64_param == 12
    assert not request.raw_input_contents
    assert request.parameters["timeout"].int64_param == 1, "0 would be no limit"


def test_unit_rows_are_read_as_they_are() -> None:
    np.testing.assert_array_equal(rows_of(answer(), count=2, dimension=2), UNIT)


def test_the_output_is_found_by_its_name() -> None:
    response = pb.ModelInferResponse(model_name="m")
    response.outputs.add(name="pooled", datatype="FP32", shape=[1])
    response.outputs.add(name="embedding", datatype="FP32", shape=[2, 2])
    response.raw_output_contents.extend([b"\0\0\0\0", UNIT.tobytes()])
    np.testing.assert_array_equal(rows_of(response, count=2, dimension=2), UNIT)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(pb.ModelInferResponse(), id="nothing"),
        pytest.param(answer(b""), id="empty"),
        pytest.param(answer(UNIT.tobytes()[:-4]), id="short"),
        pytest.param(answer(name="other"), id="another output"),
        pytest.param(answer(datatype="FP16"), id="another type"),
        pytest.param(answer(shape=(1, 4)), id="another shape"),
        pytest.param(answer(UNIT.tobytes() * 2, shape=(4, 2)), id="too many"),
    ],
)
def test_what_has_another_shape_is_refused(response: Message) -> None:
    with pytest.raises(Unavailable) as caught:
        rows_of(response, count=2, dimension=2)
    assert caught.value.reason == "ENCODER_WRONG_SHAPE"


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 0.5])
def test_what_is_no_unit_vector_is_refused(value: float) -> None:
    rows = UNIT.copy()
    rows[1, 0] = value
    with pytest.raises(Unavailable) as caught:
        rows_of(answer(rows.tobytes()), count=2, dimension=2)
    assert caught.value.reason == "ENCODER_NOT_UNIT"
