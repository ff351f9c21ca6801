"""A client in a process of its own: asks one search a line of stdin and prints how long it took.

The server's process is then busy with nothing but the answer, as it is in service.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from omnishelf.v1 import search_service_pb2_grpc

from benchmarks.queries import text_request
from server.rpc.channel import open_channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The parent's end of a client process."""

    requests: IO[str]
    replies: IO[str]

    def ask(self, text: str) -> tuple[float, dict[str, float]]:
        """Seconds of one request as its caller saw them, and those of the server's stages."""
        self.requests.write(json.dumps(text) + "\n")
        self.requests.flush()
        reply = json.loads(self.replies.readline())
        return reply["seconds"], reply["stages"]


@contextmanager
def asker(address: str, *, catalog: str) -> Iterator[Asker]:
    """A client process connected to a server, until the block ends."""
    command = [sys.executable, "-m", "benchmarks.asker", address, catalog]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        if child.stdin is None or child.stdout is None:
            raise SystemExit("the client process has no pipes")
        yield Asker(requests=child.stdin, replies=child.stdout)
        child.stdin.close()


def _answer(address: str, catalog: str) -> None:
    with open_channel(address) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        for line in sys.stdin:
            request = text_request(json.loads(line), catalog=catalog)
            started = time.perf_counter()
            response = stub.SearchProducts(request)
            seconds = time.perf_counter() - started
            stages = {
                each.stage: each.duration.ToTimedelta().total_seconds() for each in response.stages
            }
            print(json.dumps({"seconds": seconds, "stages": stages}), flush=True)


if __name__ == "__main__":
    _answer(*sys.argv[1:])
