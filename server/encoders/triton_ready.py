"""Whether a Triton is the right one: its version, its models, and the bundle that they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from tritonclient.grpc import service_pb2

from exporter.spec import Manifest, model_name
from server.deadline import Deadline
from server.encoders.triton_connection import Message, TritonConnection
from server.encoders.triton_message import Job
from server.errors import FailedPrecondition, Unavailable

OLDEST_VERSION = (2, 40)
"""The first whose queue takes the time that a request has left and that knows all we ask."""

_VERSION = re.compile(r"(\d+)\.(\d+)\.")
_AWAY = frozenset({"TRITON_UNREACHABLE", "TRITON_VERSION"})


class TritonModels:
    """The models of one bundle on a Triton: asked about, loaded and unloaded."""

    def __init__(
        self, connection: TritonConnection, manifest: Manifest, *, rows_a_request: int
    ) -> None:
        self._connection = connection
        self._manifest = manifest
        self._rows_a_request = rows_a_request
        files = [tower.file for tower in manifest.text]
        if manifest.image is not None:
            files.append(manifest.image.file)
        self.names = tuple(model_name(manifest.id, file) for file in files)

    def check(self, deadline: Deadline) -> None:
        """Return if Triton is live, not too old, and has every model of this very bundle ready.

        Raises:
            FailedPrecondition: ``TRITON_VERSION``, ``TRITON_OTHER_BUNDLE``, ``TRITON_BATCH``.
            Unavailable: ``TRITON_UNREACHABLE``, ``TRITON_NOT_READY``, ``TRITON_MODEL_MISSING``.
            DeadlineExceeded: no answer in time.
        """
        if not self._ask("ServerLive", "ServerLive", deadline=deadline).live:
            raise self._not_ready("it has not started yet")
        self._check_version(self._ask("ServerMetadata", "ServerMetadata", deadline=deadline))
        index = self._ask("RepositoryIndex", "RepositoryIndex", deadline=deadline)
        for name in self.names:
            self._check_state(name, index)
            config = self._ask("ModelConfig", "ModelConfig", deadline=deadline, name=name).config
            self._check_config(name, config)

    def load(self, deadline: Deadline) -> None:
        """Have Triton load every model; a model that is loaded is loaded anew.

        Raises:
            FailedPrecondition: ``TRITON_LOAD``.
            Unavailable: ``TRITON_UNREACHABLE``.
            DeadlineExceeded: not done in time.
        """
        self._each("RepositoryModelLoad", "load", deadline=deadline)

    def unload(self, deadline: Deadline) -> None:
        """Have Triton let every model go; raises as `load` does."""
        self._each("RepositoryModelUnload", "unload", deadline=deadline)

    def _each(self, method: str, verb: str, *, deadline: Deadline) -> None:
        for name in self.names:
            request = getattr(service_pb2, f"{method}Request")(model_name=name)
            try:
                # Loading takes as long as it takes: the time of one answer is no measure for it.
                self._connection.ask(
                    method, request, to=f"{verb} {name}", deadline=deadline, whole_deadline=True
                )
            except Unavailable as error:
                if error.reason in _AWAY:
                    raise
                raise FailedPrecondition(
                    f"Triton at {self._connection.address} cannot {verb} {name}: publish the bundle"
                    " with `omnishelf triton publish`, start Triton with"
                    " --model-control-mode=explicit, and see its log",
                    reason="TRITON_LOAD",
                ) from error

    def _ask(self, method: str, message: str, *, deadline: Deadline, **fields: str) -> Message:
        request = getattr(service_pb2, f"{message}Request")(**fields)
        return self._connection.ask(
            method, request, to="say whether it is ready", deadline=deadline
        )

    def _check_version(self, metadata: Message) -> None:
        found = _VERSION.match(metadata.version)
        if found and (int(found[1]), int(found[2])) >= OLDEST_VERSION:
            return
        least = ".".join(str(part) for part in OLDEST_VERSION)
        raise FailedPrecondition(
            f"{metadata.name or 'what'} {metadata.version} answers at {self._connection.address};"
            f" take Triton {least} or later, such as `make triton` installs",
            reason="TRITON_VERSION",
        )

    def _check_state(self, name: str, index: Message) -> None:
        states = [each.state for each in index.models if each.name == name]
        if not states:
            raise Unavailable(
                f"Triton at {self._connection.address} has no model {name}; publish the bundle to"
                " its repository with `omnishelf triton publish`",
                reason="TRITON_MODEL_MISSING",
            )
        if "READY" not in states:
            raise self._not_ready(f"its model {name} is not loaded")

    def _check_config(self, name: str, config: Message) -> None:
        bundle = config.parameters["bundle"].string_value
        if bundle != self._manifest.id:
            raise FailedPrecondition(
                f"{name} on Triton at {self._connection.address} is of the bundle"
                f" {bundle or 'of another release'}, not {self._manifest.id}; publish the bundle"
                " again",
                reason="TRITON_OTHER_BUNDLE",
            )
        if 0 < config.max_batch_size < self._rows_a_request:
            raise FailedPrecondition(
                f"{name} takes {config.max_batch_size} rows a request; set triton.rows_a_request to"
                " that or less, or publish the bundle with larger batches",
                reason="TRITON_BATCH",
            )

    def _not_ready(self, why: str) -> Unavailable:
        return Unavailable(
            f"Triton at {self._connection.address} is not ready: {why}; wait for it, or see its"
            " log",
            reason="TRITON_NOT_READY",
        )


def trials(manifest: Manifest) -> Iterator[Job]:
    """One row for every tower: its answer must be a unit vector, whatever it means."""
    row = np.zeros(1, np.int64)
    for tower in manifest.text:
        tokens = np.ones((1, tower.max_tokens if tower.padding == "fixed" else 2), np.int64)
        yield Job(
            model=model_name(manifest.id, tower.file),
            to="encode a trial text",
            inputs={"input_ids": tokens, "attention_mask": np.ones_like(tokens)},
            rows=row,
        )
    if manifest.image is not None:
        shape = (1, manifest.image.height, manifest.image.width, 3)
        yield Job(
            model=model_name(manifest.id, manifest.image.file),
            to="encode a trial picture",
            inputs={"pixels": np.full(shape, 127, np.uint8)},
            rows=row,
        )
