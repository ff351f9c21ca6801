"""A small shop that is served by a process, and who visits it: for tests of the learning loop."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from omnishelf.v1 import feedback_service_pb2 as feedback
from omnishelf.v1 import feedback_service_pb2_grpc, search_service_pb2_grpc
from omnishelf.v1 import search_service_pb2 as pb

from server.cli import main

CATALOG = "catalogs/default"
KINDS = ("lamp", "mug", "backpack", "jacket", "chair", "towel")
COLORS = ("red", "blue", "green", "black", "white", "yellow", "grey", "pink", "brown", "orange")
QUERIES = [f"{color} {kind}" for kind in KINDS for color in COLORS[:4]]
SEARCHES = 120
SHOWN = 20


def omnishelf(*arguments: object, code: int = 0) -> Any:  # noqa: ANN401 - what a command printed
    """What a command prints as JSON; it leaves with ``code``."""
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as left:
        main([*(str(each) for each in arguments), "--json"])
    assert left.value.code == code, printed.getvalue()
    return json.loads(printed.getvalue() or "null")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A served shop: where its data are, and its server's channel."""

    data: Path
    channel: grpc.Channel

    def ask(self, text: str, **options: Any) -> pb.SearchProductsResponse:  # noqa: ANN401 - fields of the request
        request = pb.SearchProductsRequest(
            parent=CATALOG, query=[pb.QueryPart(text=text)], **options
        )
        stub = search_service_pb2_grpc.SearchServiceStub(self.channel)
        reply: pb.SearchProductsResponse = stub.SearchProducts(request, timeout=60)
        return reply

    def here(self) -> tuple[str, Path]:
        """Options of a command that works on this shop."""
        return ("--data", self.data)


def ids(reply: pb.SearchProductsResponse) -> list[str]:
    return [hit.product.name.rpartition("/")[2] for hit in reply.hits]


def write_catalogue(path: Path) -> None:
    """Sixty products; of one kind and colour, so that likeness finds them, at prices 5 to 59."""
    rows = [
        {
            "id": f"{kind}-{color}",
            "title": f"{color.title()} {kind}",
            "color": color,
            "categories": [kind.title()],
            "price": 5 + (7 * place) % 55,
            "stock": 10,
        }
        for place, (kind, color) in enumerate(itertools.product(KINDS, COLORS))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@contextmanager
def serving(data: Path, *, log: Path) -> Iterator[grpc.Channel]:
    """`omnishelf serve` as a process, keeping every search with all that it was ranked by."""
    program = "from server.cli import main; main()"
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "OMNISHELF__FEEDBACK__COLUMNS_SHARE": "1",
        "OMNISHELF__RANKING__VARIETY": "0",
    }
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--data", str(data), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as process,
    ):
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert "serves default (60 products) on " in line, log.read_text()
            address = line.partition(" on ")[2].partition(";")[0].strip()
            with grpc.insecure_channel(address) as channel:
                yield channel
        finally:
            process.terminate()
            process.wait(60)


def browse(shop: Shop, *, seed: int) -> Iterator[dict[str, object]]:
    """Shoppers want the right kind, and of it what is cheap; they look at a place with 1/place."""
    rng = np.random.default_rng(seed)
    for number in range(SEARCHES):
        text = QUERIES[number % len(QUERIES)]
        visit = {"user": f"shopper-{number % 30}", "session": f"visit-{number}"}
        # Some filter, so products stand at several places: what place does can be told from that.
        cheap = "price < 40" if number // len(QUERIES) % 2 else ""
        reply = shop.ask(text, page_size=SHOWN, filter=cheap, shopper=pb.Shopper(**visit))
        for hit in reply.hits:
            kind = hit.product.name.rpartition("/")[2].partition("-")[0]
            wanted = 0.9 if kind in text and hit.product.price.units < 25 else 0.02
            draws = rng.random(3)
            if draws[0] > 1 / hit.position:
                continue
            deeds = ["impression", "click", "purchase"]
            for deed in deeds[: 1 + (draws[1] < wanted) + (draws[1] < wanted and draws[2] < 0.5)]:
                yield event_line(reply, hit, deed, **visit)


def machine(shop: Shop) -> Iterator[dict[str, object]]:
    """One visit that opens whatever it is shown."""
    visit = {"user": "machine", "session": "machine"}
    for text in QUERIES[::6]:
        reply = shop.ask(text, page_size=50, shopper=pb.Shopper(**visit))
        for hit, deed in itertools.product(reply.hits, ("impression", "click")):
            yield event_line(reply, hit, deed, **visit)


def event_line(
    reply: pb.SearchProductsResponse, hit: pb.Hit, deed: str, *, user: str, session: str
) -> dict[str, object]:
    return {
        "event_id": f"{reply.search_id}-{hit.position}-{deed}",
        "type": deed,
        "product": hit.product.name.rpartition("/")[2],
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "search_id": reply.search_id,
        "position": hit.position,
        "user": user,
        "session": session,
    }


def imported(shop: Shop, lines: Iterator[dict[str, object]], *, file: Path) -> dict[str, Any]:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    told: dict[str, Any] = omnishelf("feedback", "import", file, *shop.here())
    return told


def settled(shop: Shop) -> None:
    """Wait until searches are written: to forget somebody does, and nobody is called so."""
    shop_feedback(shop).ForgetUser(feedback.ForgetUserRequest(user="nobody"), timeout=60)


def shop_feedback(shop: Shop) -> feedback_service_pb2_grpc.FeedbackServiceStub:
    return feedback_service_pb2_grpc.FeedbackServiceStub(shop.channel)
