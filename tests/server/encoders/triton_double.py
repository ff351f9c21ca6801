"""A gRPC server that speaks Triton's protocol and can be told to answer what no Triton should."""

# ruff: noqa: N802 - methods are named by the protocol

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from exporter.spec import STARTER_DIRECTORY, model_name, read_manifest
from server.arrays import Float32Array
from server.encoders.triton import TritonEncoder, TritonOptions
from server.encoders.triton_connection import Message
from server.encoders.triton_memory import Mode

MANIFEST = read_manifest(STARTER_DIRECTORY)
NAMES = [
    model_name(MANIFEST.id, file)
    for file in (*(tower.file for tower in MANIFEST.text), MANIFEST.image.file)  # type: ignore[union-attr] # the starter has one
]


def embedding(rows: Float32Array) -> pb.ModelInferResponse:
    """An answer that holds ``rows``."""
    response = pb.ModelInferResponse(model_name="double")
    response.outputs.add(name="embedding", datatype="FP32", shape=rows.shape)
    response.raw_output_contents.append(rows.tobytes())
    return response


def one_hot(places: list[int]) -> Float32Array:
    """Unit rows (n, d), each with its 1 at a place."""
    rows = np.zeros((len(places), MANIFEST.dimension), np.float32)
    rows[np.arange(len(places)), places] = 1
    return rows


@dataclass
class TritonDouble(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc] # untyped
    """Answers every row with a 1 at the place that its first number names, or as told."""

    live: bool = True
    version: str = "2.51.0"
    bundle: str = MANIFEST.id
    max_batch_size: int = 32
    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "READY"))
    answer: Callable[[Message], Message] | None = None
    refuse: tuple[grpc.StatusCode, str] | None = None
    takes_regions: bool = True
    hold: threading.Event | None = None
    regions: dict[str, mmap.mmap] = field(default_factory=dict)
    seen: list[Message] = field(default_factory=list)
    left: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    address: str = ""

    def ModelInfer(self, request: Message, context: grpc.ServicerContext) -> Message:
        context.add_callback(self.left.release)
        with self.lock:
            self.seen.append(request)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.hold is not None:
                self.hold.wait(60)
            if self.refuse is not None:
                context.abort(*self.refuse)
            return self.answer(request) if self.answer else self._unit(request, context)
        finally:
            with self.lock:
                self.under_way -= 1

    def _unit(self, request: Message, context: grpc.ServicerContext) -> Message:
        tensor = request.inputs[0]
        region = tensor.parameters["shared_memory_region"].string_param
        if region and region not in self.regions:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Unable to find shared memory region: '{region}'"
            )
        size = tensor.parameters["shared_memory_byte_size"].int64_param
        content = self.regions[region][:size] if region else request.raw_input_contents[0]
        kind = np.uint8 if tensor.datatype == "UINT8" else np.int64
        rows = np.frombuffer(content, kind).reshape(tensor.shape[0], -1)
        return embedding(one_hot([int(first) % MANIFEST.dimension for first in rows[:, 0]]))

    def ServerLive(self, request: Message, context: grpc.ServicerContext) -> Message:
        return pb.ServerLiveResponse(live=self.live)

    def ServerMetadata(self, request: Message, context: grpc.ServicerContext) -> Message:
        return pb.ServerMetadataResponse(name="triton", version=self.version)

    def RepositoryIndex(self, request: Message, context: grpc.ServicerContext) -> Message:
        response = pb.RepositoryIndexResponse()
        for name, state in self.states.items():
            response.models.add(name=name, version="1", state=state)
        return response

    def ModelConfig(self, request: Message, context: grpc.ServicerContext) -> Message:
        response = pb.ModelConfigResponse()
        response.config.max_batch_size = self.max_batch_size
        response.config.parameters["bundle"].string_value = self.bundle
        return response

    def RepositoryModelLoad(self, request: Message, context: grpc.ServicerContext) -> Message:
        if request.model_name not in self.states:
            context.abort(grpc.StatusCode.INTERNAL, "failed to poll from model repository")
        self.states[request.model_name] = "READY"
        return pb.RepositoryModelLoadResponse()

    def RepositoryModelUnload(self, request: Message, context: grpc.ServicerContext) -> Message:
        self.states[request.model_name] = "UNAVAILABLE"
        return pb.RepositoryModelUnloadResponse()

    def SystemSharedMemoryRegister(
        self, request: Message, context: grpc.ServicerContext
    ) -> Message:
        if not self.takes_regions:
            context.abort(grpc.StatusCode.INTERNAL, "Unable to open shared memory region: '/x'")
        with Path("/dev/shm", request.key.lstrip("/")).open("r+b") as file:  # noqa: S108 - as Triton does
            self.regions[request.name] = mmap.mmap(file.fileno(), request.byte_size)
        return pb.SystemSharedMemoryRegisterResponse()

    def SystemSharedMemoryUnregister(
        self, request: Message, context: grpc.ServicerContext
    ) -> Message:
        self.regions.pop(request.name, None)
        return pb.SystemSharedMemoryUnregisterResponse()


@contextmanager
def serving(double: TritonDouble) -> Iterator[TritonDouble]:
    """Serve the double on a free port, which its ``address`` then names."""
    workers = ThreadPoolExecutor(16)
    server = grpc.server(workers, options=[("grpc.so_reuseport", 0)])
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(double, server)
    double.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield double
    finally:
        if double.hold is not None:
            double.hold.set()
        server.stop(None).wait()
        workers.shutdown()


class Asked(TypedDict, total=False):
    """What TritonOptions takes besides the address."""

    max_in_flight: int
    rows_a_request: int
    shared_memory: Mode
    call_seconds: float
    cancel_calls: bool


@contextmanager
def asking(double: TritonDouble, **options: Unpack[Asked]) -> Iterator[TritonEncoder]:
    """The starter on the double; ``options`` are those of TritonOptions."""
    encoder = TritonEncoder(
        STARTER_DIRECTORY, options=TritonOptions(address=double.address, **options)
    )
    try:
        yield encoder
    finally:
        encoder.close()
