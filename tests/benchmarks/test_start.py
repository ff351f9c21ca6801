"""Starts are timed to a checked answer; what answers otherwise or not at all is no start."""

from pathlib import Path

import pytest

from benchmarks.start import StartFigures, start_seconds
from server.errors import Unavailable

SERVER = """
import json, os, sys, threading, time, signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import grpc
from omnishelf.v1 import product_pb2, search_service_pb2 as pb, search_service_pb2_grpc as rpc

arguments = sys.argv[1:]
began = time.perf_counter()
data = Path(arguments[arguments.index("--data") + 1])
starts = int((data / "starts").read_text()) if (data / "starts").exists() else 0
(data / "starts").write_text(str(starts + 1))

class Service(rpc.SearchServiceServicer):
    def SearchProducts(self, request, context):
        if (data / "failing").exists():
            context.abort(grpc.StatusCode.NOT_FOUND, "there is no such catalog")
        number = starts if (data / "changes").exists() else 0
        hit = pb.Hit(product=product_pb2.Product(name=f"product {number}"))
        fallbacks = [pb.Fallback(stage="rank", used="order")] if (data / "worse").exists() else []
        return pb.SearchProductsResponse(hits=[hit], fallbacks=fallbacks)

server = grpc.server(ThreadPoolExecutor(1))
rpc.add_SearchServiceServicer_to_server(Service(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
if not (data / "broken").exists():
    print(f"Omnishelf serves on 127.0.0.1:{port}; Ctrl-C stops it.", flush=True)
    stop.wait()
if arguments[0] != "serve":
    # As the sampler does: half of the way to the announcement in one part, all after in another.
    seen = [(began, "import"), (began + 0.001, "bundle"), (time.perf_counter(), "ranker")]
    Path(arguments[0]).write_text(json.dumps(seen))
"""


@pytest.fixture
def started(tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """A data folder, and a program that serves what it is told by files in it."""
    program = tmp_path / "program.py"
    program.write_text(SERVER)
    data = tmp_path / "data"
    data.mkdir()
    return data, (str(program),)


def figures(started: tuple[Path, tuple[str, ...]], rounds: int) -> StartFigures:
    data, program = started
    return start_seconds(data, rounds=rounds, program=program, sampled_program=program)


def test_every_round_is_a_start_of_its_own(started: tuple[Path, tuple[str, ...]]) -> None:
    found = figures(started, 3)
    # One before to learn the right answer, and one more that is looked at.
    assert (started[0] / "starts").read_text() == "5"
    assert len(found.seconds) == 3
    pairs = zip(found.announced_seconds, found.seconds, strict=True)
    assert all(0 < announced < answered for announced, answered in pairs)
    assert found.estimate.median == sorted(found.seconds)[1]


def test_parts_add_up_to_the_start_that_was_looked_at(
    started: tuple[Path, tuple[str, ...]],
) -> None:
    parts = figures(started, 1).parts
    # What was seen after the announcement is not the start's; what nobody saw is told as such.
    assert list(parts) == ["interpreter", "bundle", "other", "first answer"]
    assert parts["bundle"] == pytest.approx(0.001, abs=0.0006)
    assert all(seconds >= 0 for seconds in parts.values())


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("changes", "another than that of a server long up"),
        ("worse", "with fallbacks"),
        ("failing", "there is no such catalog"),
        ("broken", "did not start"),
    ],
)
def test_what_does_not_answer_rightly_is_refused(
    started: tuple[Path, tuple[str, ...]], told: str, said: str
) -> None:
    (started[0] / told).touch()
    with pytest.raises(Unavailable, match=said):
        figures(started, 1)
