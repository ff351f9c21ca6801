"""The page that Prometheus reads."""

from __future__ import annotations

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from server.errors import AlreadyInUse


class MetricsPage:
    """A page served by a thread of its own until `close`."""

    def __init__(self, registry: CollectorRegistry, *, host: str, port: int) -> None:
        """Serve what ``registry`` has; on port 0 at one that the system chooses.

        Raises:
            AlreadyInUse: the port is taken.
        """
        try:
            self._server: WSGIServer
            self._server, self._thread = start_http_server(port, addr=host, registry=registry)
        except OSError as error:
            raise AlreadyInUse(
                f"metrics port {port} on {host} cannot be taken ({error.strerror}); "
                "choose another with --metrics-port, 0 for none",
                reason="PORT_IN_USE",
                port=str(port),
            ) from None
        self.port = self._server.server_port

    def close(self) -> None:
        """Stop serving the page."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
