from __future__ import annotations

import socket
import sys

import pytest

from server.errors import AlreadyInUse
from server.port import SharedPort, local_target, refuse_taken_port, target

HOST = "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "written", "local"),
    [
        ("127.0.0.1", "127.0.0.1:8700", "127.0.0.1:8700"),
        ("0.0.0.0", "0.0.0.0:8700", "127.0.0.1:8700"),  # noqa: S104 - written, not bound
        ("::", "[::]:8700", "[::1]:8700"),
        ("[::1]", "[::1]:8700", "[::1]:8700"),
    ],
)
def test_addresses_are_written_as_grpc_reads_them(host: str, written: str, local: str) -> None:
    assert target(host, 8700) == written
    assert local_target(host, 8700) == local


def test_a_port_that_somebody_listens_on_is_refused() -> None:
    with socket.create_server((HOST, 0)) as other:
        with pytest.raises(AlreadyInUse) as caught:
            refuse_taken_port(HOST, other.getsockname()[1])
        assert caught.value.reason == "PORT_IN_USE"


@pytest.mark.skipif(sys.platform != "linux", reason="groups need Linux")
class TestShared:
    def test_the_group_and_nobody_else_may_listen(self) -> None:
        with SharedPort(HOST, 0) as kept:
            with socket.create_server((HOST, kept.port), reuse_port=True) as first:
                first.settimeout(30)
                with socket.create_connection((HOST, kept.port)):
                    first.accept()[0].close()  # and not the one who only keeps the port
                with socket.create_server((HOST, kept.port), reuse_port=True):
                    pass
            with pytest.raises(AlreadyInUse):
                refuse_taken_port(HOST, kept.port)

    def test_two_groups_have_two_ports(self) -> None:
        with SharedPort(HOST, 0) as kept, pytest.raises(AlreadyInUse):
            SharedPort(HOST, kept.port)

    def test_a_port_of_others_who_share_theirs_is_refused(self) -> None:
        with (
            socket.create_server((HOST, 0), reuse_port=True) as other,
            pytest.raises(AlreadyInUse),
        ):
            SharedPort(HOST, other.getsockname()[1])

    def test_given_back_it_is_free(self, free_port: int) -> None:
        with SharedPort(HOST, free_port), pytest.raises(AlreadyInUse):
            refuse_taken_port(HOST, free_port)
        refuse_taken_port(HOST, free_port)
