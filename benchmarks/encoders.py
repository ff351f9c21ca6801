"""The encoders measured: Triton against in-process, payloads, pictures, the cache, another server.

    python -m benchmarks.encoders --json

One run, paired: variants take turns call by call or block by block, and every figure is the median
over rounds of a round's own ratio.

- ``triton_over_in_process``: (p50 of a batch of one through Triton - p50 of an echo of the same
  payload + p50 of preparing the payload) / p50 in this process. The echo is a model of the same
  inputs behind the same client and the same settings that answers with constants; preparing (the
  tokeniser) is part of both, so taking the echo off takes it off once too often.
- ``throughput_share``: rows a second through Triton over rows a second in this process, two batches
  of eight pictures in flight either way, two cores.
- ``uint8_over_float32``: p50 of a batch of eight pictures as float32 over the same as uint8, to an
  echo over plain gRPC: where transport is all there is.
- ``large_photo_over_naive``: see `benchmarks.large_photo`.
- ``cached_over_uncached``: p50 of a text that the cache holds over p50 of one that it does not.
- ``peers``: requests a second and p99 of one text at a time from eight callers.

What cannot be measured here is null, and ``details`` says why.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.interleaved import interleaved, median_of, milliseconds
from benchmarks.large_photo import large_photo_ratio
from benchmarks.peers.side_by_side import side_by_side
from benchmarks.triton_bench import triton_bench
from benchmarks.triton_figures import with_triton
from exporter.spec import STARTER_DIRECTORY, read_manifest
from server.deadline import Deadline
from server.encoders.cache import CachedEncoder, VectorCache
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.protocol import Encoder
from server.encoders.recorder import RequestRecorder
from server.errors import FailedPrecondition
from server.log_setup import configure_logging
from server.settings import Settings, load_settings

NEVER = Deadline.never()
BATCH = 8
Figures = dict[str, Any]


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    settings = load_settings(flags={"log.level": "error", "encoder.kind": "triton"})
    configure_logging(settings.log)
    found = measure(arguments.bundle, settings=settings, rounds=arguments.rounds, say=_say)
    if arguments.json:
        print(json.dumps(found))
    else:
        _print(found)


def measure(
    bundle: Path, *, settings: Settings, rounds: int, say: Callable[[str], None]
) -> Figures:
    """Every figure of the module's docstring, and ``details``."""
    embedded = EmbeddedEncoder(bundle, threads=settings.encoder.threads)
    say("the cache")
    cached, cache_details = cached_over_uncached(embedded, rounds=rounds)
    say("a large photograph")
    photo = large_photo_ratio(bundle, rounds)
    details: Figures = {**_where(bundle), "cache": cache_details, "large_photo": photo}
    found: Figures = {
        "triton_over_in_process": None,
        "throughput_share": None,
        "uint8_over_float32": None,
        "large_photo_over_naive": photo["ratio"],
        "cached_over_uncached": cached,
        "peers": None,
    }
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        try:
            say("starting Triton")
            with triton_bench(bundle, settings=settings, folder=Path(folder)) as bench:
                measured = with_triton(bench, embedded, bundle=bundle, rounds=rounds, say=say)
                found |= measured.pop("figures")
                details |= measured
                say("peers")
                found["peers"], details["peers"] = side_by_side(
                    bundle,
                    encoders={"ours_in_process": embedded, "ours_triton": bench.towers},
                    folder=Path(folder),
                    rounds=rounds,
                )
        except FailedPrecondition as error:
            details["triton"] = f"not measured: {error}"
    return found | {"details": details}


def cached_over_uncached(embedded: Encoder, *, rounds: int) -> tuple[float, Figures]:
    """The ratio, and both times; every uncached text is another one."""
    cache = VectorCache(2**24)
    encoder = CachedEncoder(embedded, cache=cache, recorder=RequestRecorder())
    encoder.encode_texts(["red running shoes for women"], deadline=NEVER)
    fresh = iter(range(10**9))
    measured = interleaved(
        {
            "uncached": lambda _: encoder.encode_texts(
                [f"red running shoes {next(fresh)}"], deadline=NEVER
            ),
            "cached": lambda _: encoder.encode_texts(
                ["red running shoes for women"], deadline=NEVER
            ),
        },
        rounds=rounds,
        calls=100,
    )
    ratio = median_of(measured, lambda each: each["cached"] / each["uncached"])
    return round(ratio, 4), {"p50_ms": milliseconds(measured)}


def _where(bundle: Path) -> Figures:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime-gpu"),
        "bundle": read_manifest(bundle).id,
    }


def _say(what: str) -> None:
    print(what, file=sys.stderr)


def _print(found: Figures) -> None:
    table = Table("figure", "measured", box=None)
    for name, value in found.items():
        if name not in {"peers", "details"}:
            table.add_row(name, "not measured" if value is None else json.dumps(value))
    for name, load in (found["peers"] or {}).items():
        table.add_row(f"peers: {name}", json.dumps(load))
    Console().print(table)
    Console().print_json(json.dumps(found["details"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the encoders.")
    parser.add_argument("--bundle", type=Path, default=STARTER_DIRECTORY)
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are over them")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
