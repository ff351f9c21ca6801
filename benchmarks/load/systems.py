"""A system under load: its target, how the workload reaches it, and which processes are its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.json_format import MessageToJson
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.load.http_target import HttpTarget
from benchmarks.load.processes import listeners, server_at
from benchmarks.load.replies import Tell, told_by_search, told_nothing
from benchmarks.load.target import Target
from benchmarks.workloads.asking import asking, with_tokens
from benchmarks.workloads.workload import Kind, Workload
from server.errors import InvalidRequest, Violation

Groups = Mapping[str, tuple[int, ...]]

_FOR_EACH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system of a run.

    Attributes:
        name: For tables, unique in a run.
        target: Where it answers.
        on_wire: The workload as this system takes it: asked before every round, off the clock.
        groups: Its processes on this machine by group, asked before every round, as a server may
            have been started again; empty where it runs elsewhere.
        tell: Reads its replies.
        address: Where questions can be asked off the clock; "" of what is no Omnishelf.
        about: What it is.
    """

    name: str
    target: Target
    on_wire: Callable[[Workload], Sequence[bytes]]
    groups: Callable[[], Groups]
    tell: Tell
    address: str = ""
    about: Mapping[str, str] = field(default_factory=dict)


def omnishelf(name: str, address: str, *, pid: int | None = None, connections: int = 1) -> System:
    """A server of ours, in process ``pid`` or, where that is None, in whichever listens there."""

    def on_wire(workload: Workload) -> Sequence[bytes]:
        if any(each.kind is Kind.PAGED for each in workload.questions):
            # Tokens are the server's own, and are kept for minutes.
            with asking(address) as ask:
                workload = with_tokens(workload, ask)
        return [question.request for question in workload.questions]

    return System(
        name=name,
        target=GrpcTarget(name=name, address=address, connections=connections),
        on_wire=on_wire,
        groups=lambda: _groups(address, pid=pid),
        tell=told_by_search,
        address=address,
    )


def over_http(url: str) -> System:
    """A service that takes protobuf's JSON form of `SearchProductsRequest` as the body of a POST.

    Its replies are not read: it has statuses and latencies, and no stages, fallbacks or quality.
    """
    target = HttpTarget(name=url, url=url)
    known: dict[bytes, bytes] = {}

    def on_wire(workload: Workload) -> Sequence[bytes]:
        if any(each.kind is Kind.PAGED for each in workload.questions):
            description = f"{url} has no page tokens of ours; leave the kind out"
            violation = Violation(
                field="kind paged", reason="NO_SECOND_PAGE", description=description
            )
            raise InvalidRequest([violation])
        return [_as_json(each.request, known) for each in workload.questions]

    return System(
        name=url,
        target=target,
        on_wire=on_wire,
        groups=lambda: _groups(target.address),
        tell=told_nothing,
    )


def empty_echo(
    address: str,
    *,
    pid: int,
    on_wire: Callable[[Workload], Sequence[bytes]],
    connections: int = 1,
) -> System:
    """The floor of every latency: asked the same as the system it stands beside."""
    name = "echo"
    return System(
        name=name,
        target=GrpcTarget(name=name, address=address, connections=connections),
        on_wire=on_wire,
        groups=lambda: {"server": (pid,)},
        tell=told_nothing,
    )


def connections_for(address: str) -> int:
    """How many connections use all of a server: one process answers all calls of one connection.

    A kernel deals connections out to the processes behind a port by their hash, so each process
    takes several before they are used alike. Of a server elsewhere four are taken.
    """
    if not _is_here(address):
        return _FOR_EACH
    processes = len(listeners(address))
    return _FOR_EACH * processes if processes > 1 else 1


def _groups(address: str, *, pid: int | None = None) -> Groups:
    if pid is None and _is_here(address):
        pid = server_at(address)
    return {} if pid is None or pid == os.getpid() else {"server": (pid,)}


def _is_here(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(each.startswith("127.") or each == "::1" for each in found)


def _as_json(request: bytes, known: dict[bytes, bytes]) -> bytes:
    if request not in known:
        message = pb.SearchProductsRequest.FromString(request)
        known[request] = MessageToJson(message, indent=None).encode()
    return known[request]
