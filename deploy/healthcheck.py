"""Asks a server for its health over gRPC; exits 0 when it is serving.

Run as `python healthcheck.py [HOST:PORT]`; the default is the image's own port.
"""

import sys

import grpc
from grpc_health.v1 import health_pb2

DEFAULT_ADDRESS = "127.0.0.1:8700"
TIMEOUT_SECONDS = 3.0


def is_serving(address: str) -> bool:
    """Return whether the server at `address` says, in time, that it takes calls."""
    with grpc.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    sys.exit(0 if is_serving((sys.argv[1:] or [DEFAULT_ADDRESS])[0]) else 1)
