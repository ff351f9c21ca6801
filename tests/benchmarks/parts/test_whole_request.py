"""Whole requests beside their parts, on real servers of empty answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.echo import Echo, echo
from benchmarks.parts import whole_request
from benchmarks.parts.shop import AskedText, Bare
from server.candidate_finder import Considered


class NotingBare:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.texts = SimpleNamespace(encode=lambda text: self.done.append(f"encode {text}"))
        self.search = SimpleNamespace(
            views=lambda *_: self.done.append("search"),
            side_by_side=lambda *_, **__: self.done.append("side by side"),
        )
        self.booster = SimpleNamespace(predict=lambda *_, **__: self.done.append("predict"))


def asked(text: str) -> AskedText:
    nothing = np.zeros(1, np.float32)
    return AskedText(
        text=text,
        request=text.encode(),
        vector=nothing,
        words={},
        matrix=nothing,
        considered=cast("Considered", None),
    )


def test_every_query_is_asked_and_done_in_parts_in_every_round() -> None:
    bare = NotingBare()
    with echo(Echo(reply_bytes=7)) as one, echo(Echo(reply_bytes=7)) as other:
        found = whole_request.measured(
            [asked("a"), asked("b")],
            fresh=one.address,
            served=other.address,
            bare=cast("Bare", bare),
            rounds=2,
        )
    # Two rounds, and one before them that warms up.
    assert bare.done.count("encode a") == bare.done.count("encode b") == 3
    assert bare.done.count("search") == bare.done.count("predict") == 6
    assert found.reply_bytes == 7
    assert found.over_parts.rounds == 2
    assert set(whole_request.PARTS) < set(found.milliseconds)
    assert "sum_of_parts" in found.milliseconds


def test_stages_are_medians_of_what_replies_tell() -> None:
    def reply(encode_ms: int) -> bytes:
        message = pb.SearchProductsResponse()
        message.stages.add(stage="encode").duration.FromMilliseconds(encode_ms)
        return message.SerializeToString()

    assert whole_request.stages_of([reply(1), reply(9), reply(2)]) == {"encode": 2.0}
