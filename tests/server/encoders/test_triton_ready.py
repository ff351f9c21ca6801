"""A Triton is called ready when every tower of this very bundle has answered rightly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from server.deadline import Deadline
from server.encoders.triton_connection import Message
from server.encoders.triton_ready import trials
from server.errors import DeadlineExceeded, FailedPrecondition, OmnishelfError, Unavailable
from tests.server.encoders.triton_double import (
    MANIFEST,
    NAMES,
    TritonDouble,
    asking,
    embedding,
    serving,
)

SOON = 60.0


def nan_rows(request: Message) -> Message:
    shape = (request.inputs[0].shape[0], MANIFEST.dimension)
    return embedding(np.full(shape, np.nan, np.float32))


def empty_content(request: Message) -> Message:
    """What the Python backend answers in an environment with numpy 2."""
    response = pb.ModelInferResponse(model_name=request.model_name)
    response.outputs.add(name="embedding", datatype="FP32", shape=[1, MANIFEST.dimension])
    response.raw_output_contents.append(b"")
    return response


@pytest.fixture
def double() -> Iterator[TritonDouble]:
    with serving(TritonDouble()) as served:
        yield served


def refusal(double: TritonDouble) -> OmnishelfError:
    with asking(double) as encoder, pytest.raises(OmnishelfError) as caught:
        encoder.ready(Deadline.after(SOON))
    return caught.value


def test_every_tower_is_asked_once(double: TritonDouble) -> None:
    with asking(double) as encoder:
        encoder.ready(Deadline.after(SOON))
    assert [request.model_name for request in double.seen] == NAMES


@pytest.mark.parametrize(
    ("field", "value", "kind", "reason"),
    [
        ("live", False, Unavailable, "TRITON_NOT_READY"),
        ("states", {}, Unavailable, "TRITON_MODEL_MISSING"),
        ("states", dict.fromkeys(NAMES, "UNAVAILABLE"), Unavailable, "TRITON_NOT_READY"),
        ("bundle", "starter_00000000", FailedPrecondition, "TRITON_OTHER_BUNDLE"),
        ("bundle", "", FailedPrecondition, "TRITON_OTHER_BUNDLE"),
        ("version", "2.39.0", FailedPrecondition, "TRITON_VERSION"),
        ("version", "nightly", FailedPrecondition, "TRITON_VERSION"),
        ("max_batch_size", 8, FailedPrecondition, "TRITON_BATCH"),
    ],
)
def test_another_triton_is_refused_with_the_reason(
    double: TritonDouble, field: str, value: object, kind: type[OmnishelfError], reason: str
) -> None:
    setattr(double, field, value)
    error = refusal(double)
    assert (type(error), error.reason) == (kind, reason)
    assert not double.seen


@pytest.mark.parametrize(("version", "taken"), [("2.40.0", True), ("3.0.0", True)])
def test_a_newer_version_is_taken(double: TritonDouble, version: str, taken: bool) -> None:  # noqa: FBT001 - a table row
    double.version = version
    with asking(double) as encoder:
        encoder.ready(Deadline.after(SOON))
    assert bool(double.seen) is taken


@pytest.mark.parametrize("answer", [nan_rows, empty_content])
def test_ready_but_wrong_is_not_ready(
    double: TritonDouble, answer: Callable[[Message], Message]
) -> None:
    double.answer = answer
    error = refusal(double)
    assert (type(error), error.reason) == (Unavailable, "TRITON_WRONG_ANSWER")
    assert "make triton" in error.message


def test_a_failing_tower_keeps_its_own_reason(double: TritonDouble) -> None:
    double.refuse = (grpc.StatusCode.INTERNAL, "the model's own text")
    error = refusal(double)
    assert (type(error), error.reason) == (Unavailable, "TRITON_FAILED")
    assert "own text" not in error.message


def test_models_are_unloaded_and_loaded_again(double: TritonDouble) -> None:
    with asking(double) as encoder:
        encoder.unload_models(Deadline.after(SOON))
        assert set(double.states.values()) == {"UNAVAILABLE"}
        encoder.load_models(Deadline.after(SOON))
        encoder.ready(Deadline.after(SOON))


def test_what_cannot_be_loaded_says_what_to_do(double: TritonDouble) -> None:
    double.states.clear()
    with asking(double) as encoder:
        with pytest.raises(FailedPrecondition, match="omnishelf triton publish") as caught:
            encoder.load_models(Deadline.after(SOON))
        assert caught.value.reason == "TRITON_LOAD"
        with pytest.raises(DeadlineExceeded):
            encoder.load_models(Deadline.after(0))


def test_a_trial_has_the_shape_that_its_tower_takes() -> None:
    fixed = replace(MANIFEST.text[0], padding="fixed", max_tokens=77)
    (text, picture) = trials(replace(MANIFEST, text=(fixed,)))
    assert {name: array.shape for name, array in text.inputs.items()} == {
        "input_ids": (1, 77),
        "attention_mask": (1, 77),
    }
    assert MANIFEST.image is not None
    shape = (1, MANIFEST.image.height, MANIFEST.image.width, 3)
    assert picture.inputs["pixels"].shape == shape
