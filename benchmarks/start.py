"""How long a server takes from its process's start to a first correct answer, and what on.

    python -m benchmarks.start [--shop CATALOG.jsonl] [--question TEXT] [--rounds 5] [--json]

The catalogue (the sample shop's where none is named) is indexed first, the models lie on the disk
and in its cache. The answer is correct when its first ten products are those that a server gave
that had long been up, and no fallback was used.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc as rpc

from benchmarks.results.intervals import Estimate, median_of
from benchmarks.served import indexed, stop
from benchmarks.start_sampling import PARTS
from server.errors import Unavailable
from server.sample_shop.generate import write_sample_shop

CATALOG: Final = "started"
QUESTION: Final = "red running shoes"
ROUNDS: Final = 5
_FIRST: Final = 10
_SEED: Final = 5
_ANNOUNCED: Final = re.compile(r"on (\S+:\d+);")
_SERVE: Final = ("-c", "from server.cli import main; main()")
_SAMPLED: Final = ("-m", "benchmarks.start_sampling")
_ANSWER_SECONDS: Final = 30.0
_SETTLED_ANSWERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFigures:
    """What starting took.

    Attributes:
        seconds: By round, from the process's start to the first correct answer.
        announced_seconds: By round, to the line that says that it serves.
        parts: Of one more start, which was sampled: seconds of the main thread by part, the
            interpreter's own and the first answer's among them; they add up to that start.
    """

    seconds: tuple[float, ...]
    announced_seconds: tuple[float, ...]
    parts: Mapping[str, float]

    @property
    def estimate(self) -> Estimate:
        """The median over rounds."""
        return median_of(self.seconds)

    def to_json(self) -> dict[str, object]:
        """As results hold it."""
        return {
            "start_seconds": self.estimate.to_json(),
            "announced_seconds": median_of(self.announced_seconds).to_json(),
            "parts": dict(self.parts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """One start, on the monotonic clock, and what it answered first."""

    began: float
    announced: float
    answered: float
    products: tuple[str, ...]


def start_seconds(
    data: Path,
    *,
    catalog: str = CATALOG,
    question: str = QUESTION,
    rounds: int = ROUNDS,
    program: Sequence[str] = _SERVE,
    sampled_program: Sequence[str] = _SAMPLED,
) -> StartFigures:
    """Start a server on a data folder ``rounds`` times, and once more to look what it does.

    ``program`` are the interpreter's arguments before ``serve``; ``sampled_program`` those of the
    start that is looked at, which end with the file where it writes what it saw.

    Raises:
        Unavailable: it does not start, or its first answer is another than a settled server's.
    """
    request = pb.SearchProductsRequest(
        parent=f"catalogs/{catalog}", query=[pb.QueryPart(text=question)], page_size=_FIRST
    )
    right = _settled_answer(program, data, request)
    starts = [_start(program, data, request) for _ in range(rounds)]
    with tempfile.TemporaryDirectory(prefix="omnishelf-start-") as folder:
        file = Path(folder, "samples.json")
        sampled = _start((*sampled_program, str(file)), data, request)
        seen = [(float(at), str(part)) for at, part in json.loads(file.read_text())]
    for each in (*starts, sampled):
        if each.products != right:
            message = "the first answer after a start is another than that of a server long up"
            raise Unavailable(f"{message}: {each.products} for {right}", reason="START_ANSWER")
    return StartFigures(
        seconds=tuple(each.answered - each.began for each in starts),
        announced_seconds=tuple(each.announced - each.began for each in starts),
        parts=_by_part(sampled, seen),
    )


def _by_part(start: _Start, seen: Sequence[tuple[float, str]]) -> dict[str, float]:
    """Seconds by part: each sample stands for the time since the one before."""
    seconds: defaultdict[str, float] = defaultdict(float)
    before = start.began
    for at, part in seen:
        if at > start.announced:
            break
        seconds["interpreter" if before == start.began else part] += at - before
        before = at
    seconds["other"] += start.announced - before
    seconds["first answer"] = start.answered - start.announced
    order = ("interpreter", *PARTS, "first answer")
    return {part: round(seconds[part], 3) for part in order if part in seconds}


def _settled_answer(
    program: Sequence[str], data: Path, request: pb.SearchProductsRequest
) -> tuple[str, ...]:
    """What a server answers that was asked before."""
    with _serving(program, data) as (address, _), grpc.insecure_channel(address) as channel:
        service = rpc.SearchServiceStub(channel)
        return [_products(service, request) for _ in range(_SETTLED_ANSWERS)][-1]


def _start(program: Sequence[str], data: Path, request: pb.SearchProductsRequest) -> _Start:
    began = time.perf_counter()
    with _serving(program, data) as (address, announced), grpc.insecure_channel(address) as channel:
        products = _products(rpc.SearchServiceStub(channel), request)
        answered = time.perf_counter()
    return _Start(began=began, announced=announced, answered=answered, products=products)


def _products(service: rpc.SearchServiceStub, request: pb.SearchProductsRequest) -> tuple[str, ...]:
    try:
        reply = service.SearchProducts(request, timeout=_ANSWER_SECONDS)
    except grpc.RpcError as error:
        raise Unavailable(f"the server does not answer: {error}", reason="START_ANSWER") from error
    if reply.fallbacks:
        message = f"the server answered with fallbacks: {list(reply.fallbacks)}"
        raise Unavailable(message, reason="START_ANSWER")
    return tuple(hit.product.name for hit in reply.hits)


@contextmanager
def _serving(program: Sequence[str], data: Path) -> Iterator[tuple[str, float]]:
    """A server from its process's start: its address, and when it said so."""
    command = [sys.executable, *program, "serve", "--data", str(data)]
    server = subprocess.Popen(
        [*command, "--port", "0", "--log-level", "error"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        announced = time.perf_counter()
        found = _ANNOUNCED.search(line)
        if found is None:
            raise Unavailable(f"the server did not start: {line.strip()}", reason="NOT_STARTED")
        yield found[1], announced
    finally:
        stop(server)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shop", type=Path, help="catalogue to index [the sample shop]")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omnishelf-start-") as folder:
        shop = arguments.shop or write_sample_shop(Path(folder), seed=_SEED).catalog
        with indexed(shop, catalog=CATALOG) as data:
            found = start_seconds(data, question=arguments.question, rounds=arguments.rounds)
    if arguments.json:
        print(json.dumps(found.to_json()))
        return
    for part, seconds in found.parts.items():
        print(f"{part:14} {seconds:6.2f} s")
    whole = found.estimate
    print(f"to the first correct answer {whole.median:.2f} s, by round {found.seconds}")


if __name__ == "__main__":
    main()
