"""Pictures through shared memory: where it is used, what is left, and what comes of refusals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from server.arrays import UInt8Array
from server.deadline import Deadline
from server.encoders.triton_connection import TritonConnection
from server.encoders.triton_memory import SHARED_FROM_BYTES, Mode, Region, Regions
from server.errors import FailedPrecondition, Unavailable
from tests.server.encoders.test_triton import pictures
from tests.server.encoders.triton_double import TritonDouble, asking, one_hot, serving

SHARED = Path("/dev/shm")  # noqa: S108 - the system's shared memory is what is meant
SOON = 60.0

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the system has no /dev/shm")


@pytest.fixture
def double() -> Iterator[TritonDouble]:
    with serving(TritonDouble()) as served:
        yield served


def named() -> list[Path]:
    return list(SHARED.glob(f"omnishelf-{os.getpid()}-*"))


def asked_through_a_region(double: TritonDouble) -> list[bool]:
    # Asking a protobuf map for what it lacks puts it there, so the text is what counts.
    names = [request.inputs[0].parameters["shared_memory_region"] for request in double.seen]
    return [bool(name.string_param) for name in names]


@pytest.mark.parametrize(
    ("address", "mode", "used"),
    [
        ("127.0.0.1:8001", "auto", True),
        ("127.0.0.53:8001", "auto", True),
        ("localhost:8001", "auto", True),
        ("[::1]:8001", "auto", True),
        ("ipv6:[::1]:8001", "auto", True),
        ("ipv4:127.0.0.1:8001", "auto", True),
        ("unix:/run/triton.sock", "on", True),
        ("dns:///localhost:8001", "auto", True),
        ("triton:8001", "auto", False),
        ("127.example.org:8001", "auto", False),
        ("localhost.example.org:8001", "auto", False),
        ("10.0.127.1:8001", "auto", False),
        ("127.0.0.1:8001", "off", False),
    ],
)
def test_memory_is_shared_with_this_host_alone(address: str, mode: Mode, used: bool) -> None:  # noqa: FBT001 - a table row
    connection = TritonConnection(address, call_seconds=1)
    regions = Regions(connection, mode=mode)
    assert regions.takes(SHARED_FROM_BYTES) is used
    assert not regions.takes(SHARED_FROM_BYTES - 1)
    connection.close()


def test_memory_cannot_be_shared_with_a_triton_elsewhere() -> None:
    connection = TritonConnection("triton:8001", call_seconds=1)
    with pytest.raises(FailedPrecondition, match="triton:8001") as caught:
        Regions(connection, mode="on")
    assert caught.value.reason == "TRITON_SHARED_MEMORY"
    connection.close()


@given(arrays(np.uint8, array_shapes(max_dims=4, max_side=9)), st.booleans())
def test_what_is_written_is_what_is_read(array: UInt8Array, turned: bool) -> None:  # noqa: FBT001 - drawn
    array = array.T if turned else array
    region = Region(array.nbytes + 3)
    path = SHARED / region.name
    region.write(array)
    content = path.read_bytes()
    region.unlink()
    region.unlink()
    assert content == array.tobytes() + b"\0\0\0"
    assert not path.exists()


def test_more_than_there_is_leaves_nothing() -> None:
    before = named()
    with pytest.raises(OSError, match=r"."):
        Region(2**50)
    assert named() == before


def test_a_picture_goes_through_a_region_and_no_name_is_left(double: TritonDouble) -> None:
    before = named()
    with asking(double) as encoder:
        for values in ([3], [4], [5, 6, 7], [8]):
            answer = encoder.encode_pictures(pictures(*values), deadline=Deadline.after(SOON))
            np.testing.assert_array_equal(answer, one_hot(values))
        encoder.encode_texts(["a text is sent"], deadline=Deadline.after(SOON))
        assert named() == before
        assert len(double.regions) <= 2
    assert asked_through_a_region(double) == [True, True, True, True, False]
    assert not double.regions, "closing has had them unregistered"


def test_after_a_restart_the_same_call_is_answered_and_later_ones_share_again(
    double: TritonDouble,
) -> None:
    with asking(double) as encoder:
        encoder.encode_pictures(pictures(1), deadline=Deadline.after(SOON))
        double.regions.clear()
        for value in (2, 3):
            answer = encoder.encode_pictures(pictures(value), deadline=Deadline.after(SOON))
            np.testing.assert_array_equal(answer, one_hot([value]))
        assert encoder.shares_memory
    assert asked_through_a_region(double) == [True, True, False, True]


def test_a_triton_that_never_knows_what_it_took_is_sent_pictures(double: TritonDouble) -> None:
    class Forgetful(dict):  # type: ignore[type-arg] # keeps nothing
        def __setitem__(self, name: object, region: object) -> None: ...

    double.regions = Forgetful()
    with asking(double) as encoder:
        for value in (2, 3):
            answer = encoder.encode_pictures(pictures(value), deadline=Deadline.after(SOON))
            np.testing.assert_array_equal(answer, one_hot([value]))
        assert not encoder.shares_memory
    assert asked_through_a_region(double) == [True, False, False]


def test_where_triton_refuses_auto_sends_and_on_says_why(double: TritonDouble) -> None:
    double.takes_regions = False
    with asking(double, shared_memory="auto") as encoder:
        encoder.ready(Deadline.after(SOON))
        assert not encoder.shares_memory
    with asking(double, shared_memory="on") as encoder:
        with pytest.raises(Unavailable, match="the same user") as caught:
            encoder.ready(Deadline.after(SOON))
        assert caught.value.reason == "TRITON_SHARED_MEMORY"
    assert not named()


def test_where_the_system_has_no_room_pictures_are_sent(
    double: TritonDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.encoders.triton_memory._FOLDER", SHARED / "not-there")
    with asking(double) as encoder:
        assert not encoder.shares_memory
        answer = encoder.encode_pictures(pictures(2), deadline=Deadline.after(SOON))
    np.testing.assert_array_equal(answer, one_hot([2]))
