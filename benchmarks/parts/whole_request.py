"""Whole requests to a served Omnishelf over the sum of their bare parts and an empty echo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import numpy as np

from benchmarks.load.echo import Echo, echo
from benchmarks.load.grpc_target import SEARCH
from benchmarks.load.replies import told_by_search
from benchmarks.parts.shop import AskedText, Bare
from benchmarks.parts.times import Job, Times, in_turn
from benchmarks.results.intervals import Estimate

PARTS = ("encode", "search", "predict", "echo")
_VIEWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRequest:
    """What whole requests took beside their parts.

    Attributes:
        over_parts: Of queries that the server encodes, over the parts one after the other.
        over_side_by_side: The same with the bare searches of the views at one time.
        repeated_over_parts: Of queries whose vectors the server still holds, over the same sum.
        milliseconds: Medians of all of them.
        stages_ms: What the server's replies told of their stages, medians.
        reply_bytes: The median size of a reply, and the size of the echo's.
    """

    over_parts: Estimate
    over_side_by_side: Estimate
    repeated_over_parts: Estimate
    milliseconds: Mapping[str, float]
    stages_ms: Mapping[str, float]
    reply_bytes: int


def measured(
    asked: Sequence[AskedText], *, fresh: str, served: str, bare: Bare, rounds: int
) -> WholeRequest:
    """Ask both servers and do the parts, in blocks, in turn.

    Args:
        asked: At least one query.
        fresh: Address of a server that holds no vectors of earlier queries.
        served: Address of one as it ships, which does.
        bare: The parts.
        rounds: How many are kept.
    """
    replies: dict[int, bytes] = {}
    with (
        grpc.insecure_channel(fresh) as new,
        grpc.insecure_channel(served) as again,
        ThreadPoolExecutor(_VIEWS) as pool,
    ):
        asking = _asking(new, asked, replies)
        for number in range(len(asked)):
            asking(number)
        size = int(np.median([len(each) for each in replies.values()]))
        with echo(Echo(reply_bytes=size)) as empty, grpc.insecure_channel(empty.address) as channel:
            times = in_turn(
                {
                    "request": asking,
                    "repeated": _asking(again, asked, {}),
                    "encode": lambda n: bare.texts.encode(asked[n].text),
                    "search": lambda n: bare.search.views(asked[n].vector, asked[n].words),
                    "side_by_side": lambda n: bare.search.side_by_side(
                        asked[n].vector, asked[n].words, pool=pool
                    ),
                    "predict": lambda n: bare.booster.predict(asked[n].matrix, num_threads=1),
                    "echo": _asking(channel, asked, {}),
                },
                rounds=rounds,
                jobs=len(asked),
                blocks=True,
            )
    return WholeRequest(
        over_parts=times.ratio("request", PARTS),
        over_side_by_side=times.ratio("request", ("encode", "side_by_side", "predict", "echo")),
        repeated_over_parts=times.ratio("repeated", PARTS),
        milliseconds=_with_sum(times),
        stages_ms=stages_of(list(replies.values())),
        reply_bytes=size,
    )


def stages_of(replies: Sequence[bytes]) -> dict[str, float]:
    """Medians of the stages that replies tell of, in milliseconds, in the order they ran."""
    told = [told_by_search(reply).stage_seconds for reply in replies]
    names = dict.fromkeys(name for each in told for name in each)
    return {
        name: round(float(np.median([each.get(name, 0.0) for each in told])) * 1e3, 4)
        for name in names
    }


def _asking(channel: grpc.Channel, asked: Sequence[AskedText], replies: dict[int, bytes]) -> Job:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        SEARCH, request_serializer=None, response_deserializer=None
    )

    def ask(number: int) -> None:
        replies[number] = call(asked[number].request)

    return ask


def _with_sum(times: Times) -> dict[str, float]:
    """The medians, and that of every query's own sum of parts."""
    total = np.sum([times.seconds[name] for name in PARTS], axis=0)
    return times.milliseconds() | Times(seconds={"sum_of_parts": total}).milliseconds()
