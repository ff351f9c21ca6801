"""What one rank call costs: over bare prediction, by engine, on a busy machine, and its signals."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import lightgbm
import numpy as np

from benchmarks.interleaved import Rounds, interleaved, median_of, milliseconds
from benchmarks.judged_shop import JudgedCandidates
from ranker.columns import Float32Array
from ranker.errors import RankingError
from ranker.model import BoostedRanker
from ranker.onnx_engine import OnnxTrees
from ranker.onnx_file import to_onnx
from ranker.protocol import Ranker
from server.signals.reader import TableReader

CANDIDATES = 200

_BUSY = "while True: pass"
_BUSY_SETTLES_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """``rounds`` of ``calls``; ``blocks`` of ``calls`` idle and busy in turn for the tail."""

    rounds: int = 7
    calls: int = 60
    blocks: int = 6


def measured(
    asked: Sequence[JudgedCandidates],
    *,
    served: Ranker,
    model: str,
    reader: TableReader,
    effort: Effort,
) -> dict[str, Any]:
    """The speed part of the benchmark.

    Args:
        asked: Questions; those with `CANDIDATES` candidates are timed.
        served: The ranker as the server loads it, with the engine its gate chose.
        model: The same trees as LightGBM's text.
        reader: The shop's signals in memory.
        effort: How long to measure.
    """
    full = [each for each in asked if len(each.products) == CANDIDATES]
    if not full:
        raise SystemExit(f"no question has {CANDIDATES} candidates; give a larger shop")
    plain = BoostedRanker(model, name="plain")
    booster = lightgbm.Booster(model_str=model)
    matrices = [plain.features(each.facts, each.columns) for each in full]
    rows = [reader.rows(each.products) for each in full]

    def call(ranker: Ranker) -> Callable[[int], object]:
        def ranked(number: int) -> Float32Array:
            each = full[number % len(full)]
            return ranker.score(ranker.features(each.facts, each.columns))

        return ranked

    variants: dict[str, Callable[[int], object]] = {
        "rank_call": call(served),
        "rank_call_lightgbm": call(plain),
        "predict": lambda n: booster.predict(matrices[n % len(full)], num_threads=1),
        "features": lambda n: plain.features(
            full[n % len(full)].facts, full[n % len(full)].columns
        ),
        "lightgbm": lambda n: plain.score(matrices[n % len(full)]),
        "signals": lambda n: reader.numbers(rows[n % len(full)]),
    }
    onnx = _onnx(model, width=matrices[0].shape[1])
    if onnx is not None:
        variants["onnx"] = lambda n: onnx.score(matrices[n % len(full)])
    rounds = interleaved(variants, rounds=effort.rounds, calls=effort.calls)
    return {
        "rank_call_over_predict": _over(rounds, "rank_call", "predict"),
        "rank_call_lightgbm_over_predict": _over(rounds, "rank_call_lightgbm", "predict"),
        "onnx_over_lightgbm": None if onnx is None else _over(rounds, "onnx", "lightgbm"),
        "signals_lookup_ms": milliseconds(rounds)["signals"],
        "rank_ms": milliseconds(rounds),
        "trees": booster.num_trees(),
        "candidates": CANDIDATES,
        **tails(call(served), effort=effort),
    }


def tails(call: Callable[[int], object], *, effort: Effort) -> dict[str, float]:
    """p99 of a call with idle cores and with a spinning process for each core, in turn."""
    idle: list[list[float]] = []
    busy: list[list[float]] = []
    for _ in range(effort.blocks):
        idle.append(_seconds(call, effort.calls))
        with busy_cores():
            busy.append(_seconds(call, effort.calls))
    quiet, loud = _p99(idle), _p99(busy)
    return {
        "busy_p99_over_idle": round(loud / quiet, 2),
        "idle_p99_ms": round(quiet * 1_000, 3),
        "busy_p99_ms": round(loud * 1_000, 3),
    }


@contextmanager
def busy_cores(count: int = 2) -> Iterator[list[subprocess.Popen[bytes]]]:
    """``count`` processes that do nothing but spin, until the block ends; they are given."""
    children = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        time.sleep(_BUSY_SETTLES_SECONDS)  # The interpreters start.
        yield children
    finally:
        for child in children:
            child.kill()
            child.wait()


def _seconds(call: Callable[[int], object], calls: int) -> list[float]:
    taken = []
    for number in range(calls):
        started = time.perf_counter()
        call(number)
        taken.append(time.perf_counter() - started)
    return taken


def _p99(blocks: Sequence[Sequence[float]]) -> float:
    return float(np.quantile(list(chain.from_iterable(blocks)), 0.99))


def _onnx(model: str, *, width: int) -> OnnxTrees | None:
    """The ONNX engine; None where the packages that write its files are not installed."""
    try:
        return OnnxTrees(to_onnx(model), features=width)
    except RankingError as error:
        print(f"ONNX engine not measured: {error}", file=sys.stderr)
        return None


def _over(rounds: Rounds, ours: str, bare: str) -> float:
    return round(median_of(rounds, lambda each: each[ours] / each[bare]), 3)
