"""Whole requests beside their parts, on real servers of empty answers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.echo import Echo, echo
from benchmarks.load.interleaving import Bench
from benchmarks.load.systems import empty_echo
from benchmarks.parts import slowest_part, whole_request
from benchmarks.parts.capacity import Capacity
from benchmarks.parts.shop import AskedText, Bare
from benchmarks.workloads.workload import Kind, Question, Workload
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


def test_the_slowest_part_is_that_of_each_round() -> None:
    class Told:
        """Capacities that are known: of two rounds, the search is slowest in both."""

        def a_second(self, part: str, *, seconds: float) -> float:
            return {"encode": 3e-6, "search": 1e-6, "predict": 2e-6}[part]

    workload = Workload(
        name="one", catalog="shop", data="", questions=(Question(kind=Kind.TEXT, request=b"a"),)
    )
    with echo() as ours, echo() as empty, Bench() as bench:
        for name, server in (("ours", ours), ("echo", empty)):
            system = empty_echo(server.address, pid=server.pid, on_wire=lambda _: [b"a"])
            bench.add(replace(system, name=name))
        found = slowest_part.measured(
            bench, workload, ours="ours", echo="echo", parts=cast("Capacity", Told()),
            callers=1, rounds=2, seconds=0.1,
        )  # fmt: skip
    assert found.slowest == "search"
    assert found.over_slowest.median > 1
    assert set(found.a_second) == {"ours", "echo", "encode", "search", "predict"}
