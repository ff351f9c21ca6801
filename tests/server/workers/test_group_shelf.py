from __future__ import annotations

from pathlib import Path

import pytest

from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.errors import FailedPrecondition, NotFound
from server.workers.group_shelf import GroupShelf, take
from server.workers.messages import ShelfChange, ShelfStep


def _no_bundle(_directory: Path) -> None:
    raise FailedPrecondition("there is no bundle", reason="BUNDLE_MISSING")


@pytest.fixture
def shelf() -> EncoderShelf:
    return EncoderShelf(open_encoder=_no_bundle, recorder=RequestRecorder())  # type: ignore[arg-type]


def test_what_is_refused_here_nobody_else_is_asked_for(shelf: EncoderShelf, tmp_path: Path) -> None:
    asked: list[ShelfStep] = []
    group = GroupShelf(shelf, have_all_take=asked.append)
    with pytest.raises(FailedPrecondition):
        group.open(tmp_path)
    with pytest.raises(NotFound):
        group.promote("unknown")
    with pytest.raises(NotFound):
        group.close("unknown")
    assert not asked
    assert group.bundles() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (ShelfChange.OPEN, "there is no bundle"),
        (ShelfChange.PROMOTE, "no open bundle 'x'"),
        (ShelfChange.CLOSE, "no open bundle 'x'"),
    ],
)
def test_what_another_did_and_this_one_cannot_is_told(
    shelf: EncoderShelf, change: ShelfChange, says: str
) -> None:
    opened: list[None] = []
    step = ShelfStep(change=change, bundle="x")
    assert says in take(step, shelf=shelf, opened=lambda: opened.append(None))
    assert not opened
