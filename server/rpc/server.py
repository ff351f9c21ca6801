"""The gRPC server: one port, our services, health for each, reflection, and a graceful end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from omnishelf.v1 import (
    encoder_service_pb2,
    encoder_service_pb2_grpc,
    feedback_service_pb2,
    feedback_service_pb2_grpc,
    product_service_pb2,
    product_service_pb2_grpc,
    rule_service_pb2,
    rule_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)

from server.port import local_target, taken, target
from server.rpc.channel import MESSAGE_BYTES

SERVICES = (
    search_service_pb2.DESCRIPTOR.services_by_name["SearchService"].full_name,
    product_service_pb2.DESCRIPTOR.services_by_name["ProductService"].full_name,
    encoder_service_pb2.DESCRIPTOR.services_by_name["EncoderService"].full_name,
    feedback_service_pb2.DESCRIPTOR.services_by_name["FeedbackService"].full_name,
    rule_service_pb2.DESCRIPTOR.services_by_name["RuleService"].full_name,
)
_WHOLE_SERVER = ""

_OPTIONS = (
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    # A dead caller is noticed; callers that ping no more often than every ten seconds are welcome.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class RpcServer:
    """A server on one port. Made with its port taken, it answers from `start` to `stop`."""

    def __init__(
        self,
        *,
        search: search_service_pb2_grpc.SearchServiceServicer,
        products: product_service_pb2_grpc.ProductServiceServicer,
        encoders: encoder_service_pb2_grpc.EncoderServiceServicer,
        feedback: feedback_service_pb2_grpc.FeedbackServiceServicer,
        rules: rule_service_pb2_grpc.RuleServiceServicer,
        interceptors: Sequence[grpc.ServerInterceptor[object, object]],
        host: str,
        port: int,
        threads: int,
        shared_port: bool = False,
    ) -> None:
        """``shared_port`` is for a group of processes alone, whose supervisor keeps the port."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rpc")
        self._server = grpc.server(
            self._pool,
            interceptors=list(interceptors),
            # Shared, a second server would take the same port in silence and get half the calls.
            options=[*_OPTIONS, ("grpc.so_reuseport", int(shared_port))],
        )
        self._health = health.HealthServicer()
        search_service_pb2_grpc.add_SearchServiceServicer_to_server(search, self._server)
        product_service_pb2_grpc.add_ProductServiceServicer_to_server(products, self._server)
        encoder_service_pb2_grpc.add_EncoderServiceServicer_to_server(encoders, self._server)
        feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(feedback, self._server)
        rule_service_pb2_grpc.add_RuleServiceServicer_to_server(rules, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )
        self._host = host
        self.port = self._bind(host, port)

    @property
    def address(self) -> str:
        """Where callers on this machine reach it."""
        return local_target(self._host, self.port)

    def start(self) -> None:
        """Answer calls; every service is SERVING on return."""
        self._server.start()
        self._say(serving=True)

    def stop(self, *, grace_seconds: float) -> None:
        """Say NOT_SERVING, take no new call, let running ones end, cancel those that do not."""
        self._say(serving=False)
        self._server.stop(grace_seconds).wait()
        self._pool.shutdown()

    def _say(self, *, serving: bool) -> None:
        states = health_pb2.HealthCheckResponse
        status = states.SERVING if serving else states.NOT_SERVING
        for service in (_WHOLE_SERVER, *SERVICES):
            self._health.set(service, status)

    def _bind(self, host: str, port: int) -> int:
        try:
            return self._server.add_insecure_port(target(host, port))
        except RuntimeError:
            raise taken(host, port) from None
