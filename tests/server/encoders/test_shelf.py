from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from server.arrays import Float32Array
from server.deadline import Deadline
from server.encoders.cache import CachedEncoder, VectorCache
from server.encoders.protocol import Encoder
from server.encoders.recorder import RequestRecorder
from server.encoders.samples import TEXTS
from server.encoders.shelf import EncoderShelf
from server.errors import FailedPrecondition, NotFound, Unavailable
from tests.server.encoders.shelf_parts import SIDE, SmallEncoder, manifest

A, B = manifest("a"), manifest("b")
NEVER = Deadline.never()


class Opening:
    """Opens small encoders by the names of their folders, and keeps them at hand."""

    def __init__(self) -> None:
        self.made: list[SmallEncoder] = []
        self.change: Callable[[SmallEncoder], None] = lambda _: None

    def __call__(self, directory: Path) -> SmallEncoder:
        encoder = SmallEncoder(manifest(directory.name))
        self.change(encoder)
        self.made.append(encoder)
        return encoder


@pytest.fixture
def opening() -> Opening:
    return Opening()


@pytest.fixture
def recorder() -> RequestRecorder:
    return RequestRecorder()


@pytest.fixture
def shelf(opening: Opening, recorder: RequestRecorder) -> EncoderShelf:
    made = EncoderShelf(open_encoder=opening, recorder=recorder)
    made.open(Path("a"))
    return made


def used(shelf: EncoderShelf, bundle_id: str | None = None) -> Encoder:
    held = shelf.hold(bundle_id, user="shop")
    with held.lease() as encoder:
        held.give_back()
        return encoder


def test_the_first_bundle_is_current_and_others_stand_beside_it(
    shelf: EncoderShelf, opening: Opening
) -> None:
    assert shelf.open(Path("b")) == B
    assert shelf.ids() == [A.id, B.id]
    assert shelf.current == A
    assert used(shelf) is used(shelf, A.id) is opening.made[0]
    assert used(shelf, B.id) is opening.made[1]

    shelf.promote(B.id)

    assert (shelf.current, used(shelf)) == (B, opening.made[1])
    assert [(each.manifest, each.current) for each in shelf.bundles()] == [(A, False), (B, True)]


def test_a_bundle_is_warmed_with_samples_and_with_what_was_asked(
    shelf: EncoderShelf, opening: Opening, recorder: RequestRecorder
) -> None:
    recorder.text("a question of today")
    recorder.picture(np.full((SIDE, SIDE, 3), 9, np.uint8))
    recorder.picture(np.zeros((SIDE + 1, SIDE, 3), np.uint8))

    shelf.open(Path("b"))

    assert opening.made[1].asked == [[*TEXTS, "a question of today"]]
    assert opening.made[1].pictures == [3]
    assert any(text.isascii() for text in TEXTS)
    assert any("\u4e00" <= letter <= "\u9fff" for text in TEXTS for letter in text)


def _one_vector(encoder: SmallEncoder) -> None:
    encoder._vectors = lambda contents, _: np.tile(  # type: ignore[method-assign, assignment]
        np.array([1, 0, 0, 0], np.float32), (len(contents), 1)
    )


def _long_vectors(encoder: SmallEncoder) -> None:
    whole = encoder._vectors
    encoder._vectors = lambda contents, until: 2 * whole(contents, until)  # type: ignore[method-assign, assignment]


def _wide_pictures(encoder: SmallEncoder) -> None:
    def wide(pixels: object, **_: object) -> Float32Array:
        return np.eye(5, dtype=np.float32)[: len(pixels)]  # type: ignore[arg-type]

    encoder.encode_pictures = wide  # type: ignore[method-assign]


def _away(encoder: SmallEncoder) -> None:
    def fail(_: Deadline) -> None:
        raise Unavailable("away", reason="TRITON_UNREACHABLE")

    encoder.before = fail


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_one_vector, "BUNDLE_CHECK_FAILED"),
        (_long_vectors, "ENCODER_NOT_UNIT"),
        (_wide_pictures, "ENCODER_WRONG_SHAPE"),
        (_away, "TRITON_UNREACHABLE"),
    ],
)
def test_a_bundle_that_fails_its_try_is_not_opened_and_the_others_go_on(
    shelf: EncoderShelf,
    opening: Opening,
    change: Callable[[SmallEncoder], None],
    reason: str,
) -> None:
    opening.change = change
    with pytest.raises((FailedPrecondition, Unavailable)) as caught:
        shelf.open(Path("b"))
    assert caught.value.reason == reason
    assert opening.made[1].closings == 1
    assert shelf.ids() == [A.id]
    assert used(shelf).encode_texts(["a"], deadline=NEVER).shape == (1, 4)


def test_a_new_copy_takes_the_place_once_the_answers_agree(
    shelf: EncoderShelf, opening: Opening
) -> None:
    held = shelf.hold(user="shop")
    with held.lease() as before:
        shelf.open(Path("a"))
        assert used(shelf) is opening.made[1]
        assert before is opening.made[0]
        before.encode_texts(["still open"], deadline=NEVER)
        assert opening.made[0].closings == 0
    assert opening.made[0].closings == 1
    with held.lease() as after:
        assert after is opening.made[1]
    assert shelf.bundle(A.id).users == ("shop",)


def test_a_copy_that_disagrees_is_refused(shelf: EncoderShelf, opening: Opening) -> None:
    opening.change = lambda encoder: setattr(encoder, "turned", True)
    with pytest.raises(FailedPrecondition, match="differ") as caught:
        shelf.open(Path("a"))
    assert caught.value.reason == "BUNDLE_CHECK_FAILED"
    assert used(shelf) is opening.made[0]
    assert [each.closings for each in opening.made] == [0, 1]


def test_a_copy_is_tried_past_the_cache() -> None:
    cache, recorder, turned = VectorCache(100_000), RequestRecorder(), [False]

    def opened(directory: Path) -> Encoder:
        encoder = SmallEncoder(manifest(directory.name))
        encoder.turned = turned[0]
        return CachedEncoder(encoder, cache=cache, recorder=recorder)

    shelf = EncoderShelf(open_encoder=opened, recorder=recorder)
    shelf.open(Path("a"))
    used(shelf).encode_texts(TEXTS, deadline=NEVER)
    turned[0] = True
    with pytest.raises(FailedPrecondition):
        shelf.open(Path("a"))
    assert recorder.texts() == TEXTS


def test_what_is_used_or_current_is_not_closed(shelf: EncoderShelf, opening: Opening) -> None:
    shelf.open(Path("b"))
    held = [shelf.hold(B.id, user="shop"), shelf.hold(B.id, user="shop")]
    for bundle_id, reason in ((A.id, "BUNDLE_CURRENT"), (B.id, "BUNDLE_IN_USE")):
        with pytest.raises(FailedPrecondition) as caught:
            shelf.close(bundle_id)
        assert caught.value.reason == reason
    held[0].give_back()
    held[0].give_back()
    with pytest.raises(FailedPrecondition, match="shop"):
        shelf.close(B.id)

    held[1].leave()
    shelf.close(B.id)

    assert opening.made[1].closings == 0, "whoever holds it may end with it"
    with held[1].lease() as encoder:
        encoder.encode_texts(["the last"], deadline=NEVER)
    held[1].give_back()
    assert opening.made[1].closings == 1
    for ask in (shelf.promote, shelf.close, shelf.bundle, lambda each: shelf.hold(each, user="s")):
        with pytest.raises(NotFound):
            ask(B.id)


def test_at_the_end_all_are_closed(shelf: EncoderShelf, opening: Opening) -> None:
    shelf.open(Path("b"))
    shelf.close_all()
    shelf.close_all()
    assert [each.closings for each in opening.made] == [1, 1]
    with pytest.raises(NotFound):
        _ = shelf.current


def test_bundles_come_and_go_under_those_who_use_them(
    shelf: EncoderShelf, opening: Opening
) -> None:
    """A closed `SmallEncoder` that is asked fails."""
    held = shelf.hold(user="shop")
    stop = threading.Event()
    failures: list[BaseException] = []

    def use() -> None:
        while not stop.is_set():
            try:
                with held.lease() as encoder:
                    encoder.encode_texts(["a"], deadline=NEVER)
            except BaseException as error:  # noqa: BLE001 - the main thread shows it
                failures.append(error)
                return

    threads = [threading.Thread(target=use, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        shelf.open(Path("a"))
    stop.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert [each.closings for each in opening.made] == [1] * 30 + [0]
