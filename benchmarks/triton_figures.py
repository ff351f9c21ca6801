"""Figures of towers on Triton, each beside the same towers in this process.

What each figure is stands in `benchmarks.encoders`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.closed_loop import closed_loop
from benchmarks.interleaved import Rounds, interleaved, median_of, milliseconds
from benchmarks.triton_bench import RawEcho, TritonBench
from exporter.spec import read_manifest
from server.arrays import UInt8Array
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.protocol import Encoder
from server.encoders.text import TextPreparer

NEVER = Deadline.never()
BATCH = 8
Figures = dict[str, Any]


def with_triton(
    bench: TritonBench,
    embedded: EmbeddedEncoder,
    *,
    bundle: Path,
    rounds: int,
    say: Callable[[str], None],
) -> Figures:
    """``figures`` by name, and the times and rates they were made of."""
    say("texts, one at a time")
    text, text_p50 = _text_ratio(bench, embedded, bundle=bundle, rounds=rounds)
    pictures = _pictures(bundle)
    say("pictures, one at a time")
    image, image_p50 = _image_ratio(bench, embedded, pictures, rounds=rounds)
    say("pictures, two batches in flight")
    share, throughput = _throughput(bench, embedded, pictures, rounds=rounds)
    say("payloads")
    payload, payload_p50 = _payload(bench, pictures, rounds=rounds)
    return {
        "figures": {
            "triton_over_in_process": {"text": text, "image": image},
            "throughput_share": share,
            "uint8_over_float32": payload,
        },
        "text_p50_ms": text_p50,
        "image_p50_ms": image_p50,
        "pictures_per_second": throughput,
        "payload_p50_ms": payload_p50,
        "shared_memory": bench.towers.shares_memory,
    }


def _text_ratio(
    bench: TritonBench, embedded: EmbeddedEncoder, *, bundle: Path, rounds: int
) -> tuple[float, Figures]:
    preparer = TextPreparer(bundle, embedded.manifest)

    def text(number: int) -> list[str]:
        return [f"red running shoes for women {number}"]

    measured = interleaved(
        {
            "in_process": lambda number: embedded.encode_texts(text(number), deadline=NEVER),
            "triton": lambda number: bench.towers.encode_texts(text(number), deadline=NEVER),
            "echo": lambda number: bench.echo.encode_texts(text(number), deadline=NEVER),
            "prepare": lambda number: preparer.prepare(text(number)),
        },
        rounds=rounds,
        calls=60,
    )
    return _less_echo(measured), milliseconds(measured)


def _image_ratio(
    bench: TritonBench, embedded: EmbeddedEncoder, pictures: UInt8Array, *, rounds: int
) -> tuple[float, Figures]:
    def one(encoder: Encoder, number: int) -> object:
        place = number % len(pictures)
        return encoder.encode_pictures(pictures[place : place + 1], deadline=NEVER)

    measured = interleaved(
        {
            "in_process": partial(one, embedded),
            "triton": partial(one, bench.towers),
            "echo": partial(one, bench.echo),
        },
        rounds=rounds,
        calls=30,
    )
    return _less_echo(measured), milliseconds(measured)


def _less_echo(measured: Rounds) -> float:
    return round(
        median_of(
            measured,
            lambda each: (
                (each["triton"] - each["echo"] + each.get("prepare", 0.0)) / each["in_process"]
            ),
        ),
        3,
    )


def _throughput(
    bench: TritonBench, embedded: EmbeddedEncoder, pictures: UInt8Array, *, rounds: int
) -> tuple[float, Figures]:
    batch = pictures[:BATCH]

    def rate(encoder: Encoder) -> float:
        callers = [lambda _: encoder.encode_pictures(batch, deadline=NEVER)] * 2
        return closed_loop(callers, seconds=3.0).requests_per_second * BATCH

    encoders: list[tuple[str, Encoder]] = [("in_process", embedded), ("triton", bench.towers)]
    pairs = []
    for place in range(rounds):
        order = encoders[:: -1 if place % 2 else 1]
        pairs.append({name: rate(encoder) for name, encoder in order})
    share = median_of(pairs, lambda each: each["triton"] / each["in_process"])
    middle = {name: round(median(each[name] for each in pairs), 1) for name, _ in encoders}
    return round(share, 3), middle


def _payload(bench: TritonBench, pictures: UInt8Array, *, rounds: int) -> tuple[float, Figures]:
    narrow, wide = (
        RawEcho(bench.address, data_type="UINT8"),
        RawEcho(bench.address, data_type="FP32"),
    )
    batch = pictures[:BATCH]
    floats = batch.astype(np.float32)
    try:
        measured = interleaved(
            {"uint8": lambda _: narrow.send(batch), "float32": lambda _: wide.send(floats)},
            rounds=rounds,
            calls=30,
        )
    finally:
        narrow.close()
        wide.close()
    ratio = median_of(measured, lambda each: each["float32"] / each["uint8"])
    return round(ratio, 3), milliseconds(measured)


def _pictures(bundle: Path) -> UInt8Array:
    tower = read_manifest(bundle).image
    if tower is None:
        raise SystemExit(f"{bundle} has no image tower; name a bundle that has one")
    shape = (BATCH, tower.height, tower.width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
