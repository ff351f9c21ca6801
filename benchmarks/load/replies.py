"""What a reply tells of its own making: the time of each stage, and the fallbacks used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from omnishelf.v1 import search_service_pb2 as pb


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One reply's account.

    Attributes:
        stage_seconds: By stage, as the server names them; empty where it tells none.
        fallbacks: Each as ``stage:used:reason``.
    """

    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    fallbacks: tuple[str, ...] = ()


Tell = Callable[[bytes], Told]
"""Reads one reply's bytes, off the clock."""


def told_by_search(reply: bytes) -> Told:
    """Read a serialized `omnishelf.v1.SearchProductsResponse`; nothing where it is none."""
    try:
        response = pb.SearchProductsResponse.FromString(reply)
    except DecodeError:
        return Told()
    return Told(
        stage_seconds={
            each.stage: each.duration.seconds + each.duration.nanos / 1e9
            for each in response.stages
        },
        fallbacks=tuple(f"{each.stage}:{each.used}:{each.reason}" for each in response.fallbacks),
    )


def told_nothing(_reply: bytes) -> Told:
    """For systems whose replies hold no stages: an echo, a peer."""
    return Told()
