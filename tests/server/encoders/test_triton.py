"""The Triton client against a double that errs as no real Triton can be made to."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb

from exporter.spec import STARTER_DIRECTORY
from server.arrays import UInt8Array
from server.deadline import Cancellation, Deadline
from server.encoders.triton import TritonEncoder, TritonOptions
from server.errors import DataCorrupted, DeadlineExceeded, FailedPrecondition, Unavailable
from tests.server.encoders.triton_double import MANIFEST, TritonDouble, asking, one_hot, serving

SOON = 60.0


@pytest.fixture
def double() -> Iterator[TritonDouble]:
    with serving(TritonDouble()) as served:
        yield served


def pictures(*values: int) -> UInt8Array:
    """Pictures each of one value, which the double answers with a 1 at that place."""
    assert MANIFEST.image is not None
    shape = (len(values), MANIFEST.image.height, MANIFEST.image.width, 3)
    filled = np.empty(shape, np.uint8)
    filled[:] = np.array(values, np.uint8).reshape(-1, 1, 1, 1)
    return filled


def test_a_batch_is_split_and_joined_in_order(double: TritonDouble) -> None:
    with asking(double, rows_a_request=2) as encoder:
        vectors = encoder.encode_pictures(pictures(5, 3, 9, 1, 7), deadline=Deadline.after(SOON))
    np.testing.assert_array_equal(vectors, one_hot([5, 3, 9, 1, 7]))
    assert sorted(request.inputs[0].shape[0] for request in double.seen) == [1, 2, 2]


def test_texts_go_to_the_tower_of_their_script(double: TritonDouble) -> None:
    with asking(double) as encoder:
        texts = ["red shoes", "红色的杯子", "mug"]
        assert encoder.encode_texts(texts, deadline=Deadline.after(SOON)).shape == (3, 384)
    rows = {request.model_name: request.inputs[0].shape[0] for request in double.seen}
    assert rows == {f"{MANIFEST.id}_text_en": 2, f"{MANIFEST.id}_text_zh": 1}


def test_nothing_in_asks_nothing(double: TritonDouble) -> None:
    with asking(double) as encoder:
        assert encoder.encode_texts([], deadline=Deadline.after(SOON)).shape == (0, 384)
        assert encoder.encode_pictures(pictures(), deadline=Deadline.after(SOON)).shape == (0, 384)
    assert not double.seen


@pytest.mark.parametrize("shared_memory", ["off", "on"])
def test_every_thread_gets_its_own_answers(double: TritonDouble, shared_memory: str) -> None:
    with asking(double, max_in_flight=3, rows_a_request=1, shared_memory=shared_memory) as encoder:  # type: ignore[arg-type] # a table row

        def ask(value: int) -> bool:
            places = [value, value + 100, value + 50]
            pixels = pictures(*places)
            answer = encoder.encode_pictures(pixels, deadline=Deadline.after(SOON))
            return bool(np.array_equal(answer, one_hot(places)))

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(40)))
    assert 1 <= double.most_under_way <= 3


def test_callers_with_more_requests_than_slots_all_end(double: TritonDouble) -> None:
    with (
        asking(double, max_in_flight=1, rows_a_request=1) as encoder,
        ThreadPoolExecutor(4) as threads,
    ):
        answers = threads.map(
            lambda _: encoder.encode_pictures(pictures(*[4] * 9), deadline=Deadline.after(SOON)),
            range(4),
        )
        assert all(np.array_equal(answer, one_hot([4] * 9)) for answer in answers)
    assert double.most_under_way == 1


@pytest.mark.parametrize(
    "hang_at", [pytest.param(False, id="under way"), pytest.param(True, id="waiting for a slot")]
)
def test_no_caller_waits_longer_than_the_deadline(
    double: TritonDouble,
    hang_at: bool,  # noqa: FBT001 - a table row
) -> None:
    double.hold = threading.Event()
    with asking(double, max_in_flight=1) as encoder, ThreadPoolExecutor(1) as other:
        if hang_at:
            other.submit(encoder.encode_texts, ["a"], deadline=Deadline.after(SOON))
            double_has_it(double)
        deadline = Deadline.after(0.3)
        with pytest.raises(DeadlineExceeded) as caught:
            encoder.encode_texts(["late"], deadline=deadline)
        assert deadline.remaining_seconds() == 0
        assert Deadline.after(0).at_seconds - deadline.at_seconds < SOON / 2
        assert caught.value.reason == ("TRITON_BUSY" if hang_at else "DEADLINE_EXCEEDED")
        double.hold.set()


def double_has_it(double: TritonDouble) -> None:
    """Return once a request is under way."""
    waiting = Deadline.after(SOON)
    while not double.under_way:
        waiting.check("the double was asked")


@pytest.mark.parametrize("cancel_calls", [False, True])
@pytest.mark.parametrize("max_in_flight", [1, 4])
def test_a_caller_who_leaves_waits_no_longer(
    double: TritonDouble, *, max_in_flight: int, cancel_calls: bool
) -> None:
    double.hold = threading.Event()
    cancellation = Cancellation()
    with asking(
        double, rows_a_request=1, max_in_flight=max_in_flight, cancel_calls=cancel_calls
    ) as encoder:
        with ThreadPoolExecutor(1) as asker:
            asked = asker.submit(
                encoder.encode_pictures,
                pictures(1, 2, 3, 4),
                deadline=Deadline.after(SOON, cancellation=cancellation),
            )
            double_has_it(double)
            cancellation.cancel()
            with pytest.raises(DeadlineExceeded) as caught:
                asked.result(timeout=SOON)
        assert caught.value.reason == "CALLER_LEFT"
        if cancel_calls:
            assert double.left.acquire(timeout=SOON), "Triton has heard of it"
        double.hold.set()
        answer = encoder.encode_pictures(pictures(8), deadline=Deadline.after(SOON))
    np.testing.assert_array_equal(answer, one_hot([8]))


def test_a_request_that_was_left_keeps_its_slot_until_its_end(double: TritonDouble) -> None:
    double.hold = threading.Event()
    cancellation = Cancellation()
    leaving = Deadline.after(SOON, cancellation=cancellation)
    with asking(double, max_in_flight=1) as encoder:
        with ThreadPoolExecutor(1) as asker:
            asked = asker.submit(encoder.encode_texts, ["a"], deadline=leaving)
            double_has_it(double)
            cancellation.cancel()
            with pytest.raises(DeadlineExceeded, match="left"):
                asked.result(timeout=SOON)
        with pytest.raises(DeadlineExceeded) as caught:
            encoder.encode_texts(["a"], deadline=Deadline.after(0.1))
        assert caught.value.reason == "TRITON_BUSY"
        assert len(double.seen) == 1
        double.hold.set()
        encoder.encode_texts(["a"], deadline=Deadline.after(SOON))


def test_triton_learns_how_long_a_request_may_wait(double: TritonDouble) -> None:
    with asking(double, call_seconds=90.0) as encoder:
        encoder.encode_texts(["a"], deadline=Deadline.after(40.0))
        encoder.encode_texts(["a"], deadline=Deadline.never())
    short, long = (request.parameters["timeout"].int64_param for request in double.seen)
    assert 1_000_000 < short <= 40_000_000
    assert 41_000_000 < long <= 90_000_000


def test_a_triton_that_hangs_is_away_for_who_would_wait_for_ever(double: TritonDouble) -> None:
    double.hold = threading.Event()
    with asking(double, call_seconds=0.2) as encoder, pytest.raises(Unavailable) as caught:
        encoder.encode_texts(["a"], deadline=Deadline.never())
    assert caught.value.reason == "TRITON_UNREACHABLE"


def test_where_nothing_listens_the_error_comes_at_once() -> None:
    options = TritonOptions(address="127.0.0.1:1")
    encoder = TritonEncoder(STARTER_DIRECTORY, options=options)
    deadline = Deadline.after(SOON)
    for ask in (
        lambda: encoder.encode_texts(["a"], deadline=deadline),
        lambda: encoder.ready(deadline),
    ):
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1") as caught:
            ask()
        assert caught.value.reason == "TRITON_UNREACHABLE"
    assert deadline.allows(SOON / 2)
    encoder.close()


def test_what_was_closed_says_so_and_may_be_closed_again(double: TritonDouble) -> None:
    with asking(double) as encoder:
        encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
        encoder.close()
        with pytest.raises(Unavailable, match="closed"):
            encoder.encode_texts(["a"], deadline=Deadline.after(SOON))


def test_the_towers_may_be_elsewhere_but_the_tokenizers_must_be_right(tmp_path: Path) -> None:
    bundle = Path(
        shutil.copytree(STARTER_DIRECTORY, tmp_path / "b", ignore=shutil.ignore_patterns("*.onnx"))
    )
    options = TritonOptions(address="127.0.0.1:1")
    TritonEncoder(bundle, options=options).close()
    tokenizer = bundle / MANIFEST.text[0].tokenizer
    tokenizer.write_text(tokenizer.read_text("utf-8") + " ", "utf-8")
    with pytest.raises(DataCorrupted) as caught:
        TritonEncoder(bundle, options=options)
    assert caught.value.reason == "BUNDLE_HASH"
    with pytest.raises(FailedPrecondition):
        TritonEncoder(tmp_path, options=options)


def test_a_right_answer_of_the_wrong_request_is_no_vector(double: TritonDouble) -> None:
    double.answer = lambda _: pb.ModelInferResponse(model_name="m")
    with asking(double) as encoder, pytest.raises(Unavailable) as caught:
        encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
    assert caught.value.reason == "ENCODER_WRONG_SHAPE"
