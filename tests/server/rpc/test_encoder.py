"""The encoder service over gRPC, on a shelf of small encoders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from omnishelf.v1 import encoder_service_pb2 as pb

from server.errors import FailedPrecondition, InvalidRequest, NotFound
from server.rpc.channel import wire_errors
from server.rpc.validate_encoder import bundle_name
from tests.server.encoders.shelf_parts import manifest

FIRST, SECOND = (manifest(name) for name in ("first", "second"))

Served = Any
"""`conftest.Served`, which importlib mode keeps out of reach."""


def _open(served: Served, name: str) -> pb.EncoderBundle:
    with wire_errors("here"):
        request = pb.OpenEncoderBundleRequest(directory_name=name)
        found: pb.EncoderBundle = served.encoders.OpenEncoderBundle(request).encoder_bundle
    return found


def _listed(served: Served) -> dict[str, bool]:
    found = served.encoders.ListEncoderBundles(pb.ListEncoderBundlesRequest()).encoder_bundles
    return {each.name: each.current for each in found}


def _violation(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
        call()
    (violation,) = caught.value.violations
    return violation.field, violation.reason


def test_the_bundles_are_listed_with_what_uses_them(served: Served) -> None:
    held = served.shelf.hold(user="shop")

    (found,) = served.encoders.ListEncoderBundles(pb.ListEncoderBundlesRequest()).encoder_bundles

    held.give_back()
    assert found == pb.EncoderBundle(
        name=bundle_name(FIRST.id),
        dimension=4,
        current=True,
        catalogs=["catalogs/shop"],
        runs_on="in_process",
        has_image_tower=True,
    )


def test_a_bundle_is_opened_beside_promoted_and_the_other_closed(served: Served) -> None:
    (served.folder / "second").mkdir()
    name = bundle_name(SECOND.id)

    opened = _open(served, "second")

    assert (opened.name, opened.current) == (name, False)
    assert served.opening == [sorted([FIRST.id, SECOND.id])]
    assert _listed(served) == {bundle_name(FIRST.id): True, name: False}
    promoted = served.encoders.PromoteEncoderBundle(pb.PromoteEncoderBundleRequest(name=name))
    assert promoted.encoder_bundle.current
    served.encoders.CloseEncoderBundle(pb.CloseEncoderBundleRequest(name=bundle_name(FIRST.id)))
    assert _listed(served) == {name: True}


def test_bundles_are_listed_page_by_page(served: Served) -> None:
    for name in ("b", "c", "d"):
        (served.folder / name).mkdir()
        _open(served, name)
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        request = pb.ListEncoderBundlesRequest(page_size=2, page_token=token)
        page = served.encoders.ListEncoderBundles(request)
        pages.append([each.name.partition("/")[2][0] for each in page.encoder_bundles])
        token = page.next_page_token
    assert pages == [["b", "c"], ["d", "f"]]
    forged = pb.ListEncoderBundlesRequest(page_token="never written")  # noqa: S106 - a page token
    found = _violation(lambda: served.encoders.ListEncoderBundles(forged))
    assert found == ("page_token", "PAGE_TOKEN_INVALID")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../first", "a/b", "/etc", ".hidden", "a\\b", "a\0b", "x" * 129]
)
def test_only_a_folder_of_the_shelf_is_opened(served: Served, name: str) -> None:
    assert _violation(lambda: _open(served, name)) == ("directory_name", "DIRECTORY_NAME_INVALID")
    assert served.opening == []


def test_a_folder_that_is_not_there_names_the_remedy(served: Served) -> None:
    with pytest.raises(NotFound, match=r"encoder\.shelf") as caught:
        _open(served, "absent")
    assert caught.value.reason == "BUNDLE_NOT_FOUND"


def test_what_may_not_be_closed_stays(served: Served) -> None:
    close = pb.CloseEncoderBundleRequest(name=bundle_name(FIRST.id))
    for user, reason in (("shop", "BUNDLE_IN_USE"), (None, "BUNDLE_CURRENT")):
        held = served.shelf.hold(user=user) if user else None
        with pytest.raises(FailedPrecondition) as caught, wire_errors("here"):
            served.encoders.CloseEncoderBundle(close)
        assert caught.value.reason == reason
        if held:
            held.give_back()
    assert _listed(served) == {bundle_name(FIRST.id): True}


def test_a_bundle_that_is_not_open_and_a_name_that_is_none(served: Served) -> None:
    promote = served.encoders.PromoteEncoderBundle
    with pytest.raises(NotFound) as caught, wire_errors("here"):
        promote(pb.PromoteEncoderBundleRequest(name="encoderBundles/absent"))
    assert caught.value.reason == "BUNDLE_NOT_OPEN"
    found = _violation(lambda: promote(pb.PromoteEncoderBundleRequest(name="first")))
    assert found == ("name", "BUNDLE_NAME_INVALID")
