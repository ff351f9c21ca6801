"""Pictures on their way to a Triton on this host: shared memory instead of the wire.

Only inputs travel so, and only pictures: a text is small, and an answer rides in the reply. Triton
may still read a region whose request was given up; what it then computes is seen by nobody, so a
region can be written again at once.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import structlog
from tritonclient.grpc import service_pb2

from server.arrays import Int64Array, UInt8Array
from server.deadline import Deadline
from server.encoders.triton_connection import Message, TritonConnection
from server.errors import FailedPrecondition, OmnishelfError, Unavailable

Mode = Literal["auto", "on", "off"]

SHARED_FROM_BYTES = 64 * 1024
"""Smaller inputs are sent: there the wire's copy costs less than the bookkeeping."""

_FOLDER = Path("/dev/shm")  # noqa: S108 - the system's shared memory is what is meant
_HERE = re.compile(
    r"(unix:|unix-abstract:|((ipv4:|dns:///?)?(127(\.\d{1,3}){3}|localhost)|(ipv6:)?\[::1\]):)"
)
_UNREGISTER_SECONDS = 1.0
_TO_REGISTER = "take pictures from shared memory"


class Region:
    """Memory that this process and Triton both see, under a name that nobody had before.

    It is given back to the system with the object.
    """

    def __init__(self, size: int) -> None:
        """Take ``size`` bytes.

        Raises:
            OSError: the system has no such memory, or not as much.
        """
        self.name = f"omnishelf-{os.getpid()}-{secrets.token_hex(8)}"
        self.size = size
        self.served = False
        """Whether Triton has answered from it."""
        descriptor = os.open(_FOLDER / self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # Writing to memory that was promised but is not there would kill the process.
            os.posix_fallocate(descriptor, 0, size)
            self._map = mmap.mmap(descriptor, size)
        except BaseException:
            self.unlink()
            raise
        finally:
            os.close(descriptor)

    def write(self, array: UInt8Array | Int64Array) -> None:
        """Copy ``array`` to the beginning."""
        there = np.frombuffer(self._map, array.dtype, count=array.size)
        np.copyto(there.reshape(array.shape), array)

    def unlink(self) -> None:
        """Take the name away: what is mapped stays, and nothing is left however a process ends."""
        with contextlib.suppress(FileNotFoundError):
            (_FOLDER / self.name).unlink()


class Regions:
    """Makes regions known to one Triton, and decides whether they are used at all.

    Where ``mode`` is ``auto``, the first refusal ends their use, and pictures go over the wire.
    """

    def __init__(self, connection: TritonConnection, *, mode: Mode) -> None:
        """Decide from the address.

        Raises:
            FailedPrecondition: ``TRITON_SHARED_MEMORY``: it is ``on``, and Triton is elsewhere.
        """
        self._connection = connection
        self._mode = mode
        self._log = structlog.get_logger("omnishelf.encoder")
        here = _HERE.match(connection.address) is not None
        if mode == "on" and not (here and _FOLDER.is_dir()):
            raise FailedPrecondition(
                f"pictures cannot be shared with {connection.address}: shared memory needs a Triton"
                f" on this host and {_FOLDER}; set triton.shared_memory to auto or off",
                reason="TRITON_SHARED_MEMORY",
            )
        self.used = mode != "off" and here and _FOLDER.is_dir()

    def takes(self, size: int) -> bool:
        """Whether an input of ``size`` bytes goes through a region."""
        return self.used and size >= SHARED_FROM_BYTES

    def fitting(self, region: Region | None, size: int, *, deadline: Deadline) -> Region | None:
        """Give ``region`` if it has ``size`` bytes, else a new one that takes its place.

        Returns:
            A region that Triton knows; None if it takes none, and the input is to be sent.

        Raises:
            Unavailable: Triton is away, or refuses where ``mode`` is ``on``.
            DeadlineExceeded: no answer in time.
        """
        if region is not None and region.size >= size:
            return region
        # A power of two: a batch that is a little larger every time makes few regions.
        larger = self._registered(1 << (size - 1).bit_length(), deadline=deadline)
        if region is not None:
            self.forget([region], deadline=deadline)
        return larger

    def lost(self, region: Region) -> None:
        """Hear that Triton does not know ``region``: it was restarted, or is not the same one."""
        if not region.served:
            self._give_up("TRITON_REGION_LOST")

    def forget(self, regions: Iterable[Region], *, deadline: Deadline) -> None:
        """Have Triton let regions go, and wait for it a little: it may itself be gone."""
        limit = deadline.within(_UNREGISTER_SECONDS)
        calls = []
        with contextlib.suppress(OmnishelfError):
            for region in regions:
                request = service_pb2.SystemSharedMemoryUnregisterRequest(name=region.name)
                method = "SystemSharedMemoryUnregister"
                calls.append(
                    self._connection.start(method, request, to="forget a region", deadline=limit)
                )
        for call in calls:
            with contextlib.suppress(OmnishelfError):
                call.result()

    def _registered(self, size: int, *, deadline: Deadline) -> Region | None:
        try:
            region = Region(size)
        except OSError as error:
            self._refused("TRITON_SHARED_MEMORY", error)
            return None
        request = service_pb2.SystemSharedMemoryRegisterRequest(
            name=region.name, key=f"/{region.name}", byte_size=size
        )
        try:
            self._connection.ask(
                "SystemSharedMemoryRegister", request, to=_TO_REGISTER, deadline=deadline
            )
        except Unavailable as error:
            if error.reason == "TRITON_UNREACHABLE":
                raise
            self._refused(error.reason, error)
            return None
        finally:
            region.unlink()
        return region

    def _refused(self, reason: str, error: Exception) -> None:
        if self._mode == "on":
            raise Unavailable(
                f"Triton at {self._connection.address} cannot share this host's memory; give both"
                " the same user and the same /dev/shm, or set triton.shared_memory to auto or off",
                reason="TRITON_SHARED_MEMORY",
            ) from error
        self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        if self._mode == "auto" and self.used:
            self.used = False
            self._log.warning("pictures go to Triton over the wire", reason=reason)


def refer(tensor: Message, region: Region, *, size: int) -> None:
    """Say in an input of a request that its ``size`` bytes lie in ``region``."""
    tensor.parameters["shared_memory_region"].string_param = region.name
    tensor.parameters["shared_memory_byte_size"].int64_param = size
