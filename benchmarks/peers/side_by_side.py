"""Ours and another embedding server under the same load: one text at a time, eight callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.closed_loop import Load, closed_loop
from benchmarks.peers.infinity import ENVIRONMENT, InfinityClient, infinity
from exporter.spec import TextTower, read_manifest
from server.deadline import Deadline
from server.encoders.protocol import Encoder

CALLERS = 8
SECONDS = 4.0
NEVER = Deadline.never()

Caller = Callable[[int], object]


def side_by_side(
    bundle: Path, *, encoders: Mapping[str, Encoder], folder: Path, rounds: int
) -> tuple[dict[str, Any], str]:
    """Requests a second and p99 by name, and what was compared or why it could not be.

    Every server runs in turn in each round; the others stay up and idle. ``encoders`` are called
    as a library by eight threads of this process; infinity is asked over HTTP by as many.
    """
    tower = read_manifest(bundle).text[-1]
    callers = {name: [_caller(encoder)] * CALLERS for name, encoder in encoders.items()}
    if not (ENVIRONMENT / "bin" / "infinity_emb").is_file():
        loads = _in_turn(callers, rounds=rounds)
        return loads, f"infinity not measured: no {ENVIRONMENT}; make it with `make peers`"
    with infinity(bundle, tower, folder=folder) as server:
        clients = [server.connect() for _ in range(CALLERS)]
        try:
            callers["infinity"] = [_client(each) for each in clients]
            loads = _in_turn(callers, rounds=rounds)
        finally:
            for client in clients:
                client.close()
    return loads, _compared(tower)


def _in_turn(callers: Mapping[str, list[Caller]], *, rounds: int) -> dict[str, Any]:
    seen: dict[str, list[Load]] = {name: [] for name in callers}
    for _ in range(rounds):
        for name, group in callers.items():
            seen[name].append(closed_loop(group, seconds=SECONDS))
    return {
        name: {
            "requests_per_second": round(median(load.requests_per_second for load in loads), 1),
            "p99_ms": round(median(load.p99_ms for load in loads), 2),
        }
        for name, loads in seen.items()
    }


def _caller(encoder: Encoder) -> Caller:
    return lambda number: encoder.encode_texts([_text(number)], deadline=NEVER)


def _client(client: InfinityClient) -> Caller:
    return lambda number: client.encode(_text(number))


def _text(number: int) -> str:
    return f"red running shoes for women {number}"


def _compared(tower: TextTower) -> str:
    return (
        f"{tower.file}, the same file for all (one node more for infinity, which pools itself), "
        f"{CALLERS} callers in a closed loop, one text a request, the same cores for callers and "
        "servers; ours in-process is called as a library, ours through Triton over gRPC, infinity "
        "over HTTP with its own batching and its defaults"
    )
