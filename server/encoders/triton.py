"""The towers of a bundle run by a Triton server: the twin of the embedded encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.spec import BundleError, Manifest, model_name, read_manifest, verify_files
from server.arrays import Float32Array, Int64Array, UInt8Array
from server.deadline import Deadline
from server.encoders.text import TextPreparer
from server.encoders.triton_connection import TritonConnection
from server.encoders.triton_memory import Mode, Regions
from server.encoders.triton_message import Job
from server.encoders.triton_ready import TritonModels, trials
from server.encoders.triton_requests import TritonRequests
from server.errors import DataCorrupted, FailedPrecondition, Unavailable
from server.stages import StageClock

_TO_TEXTS = "encode texts"
_TO_PICTURES = "encode pictures"
_WRONG_ANSWERS = frozenset({"ENCODER_WRONG_SHAPE", "ENCODER_NOT_UNIT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonOptions:
    """How a Triton is asked.

    Attributes:
        address: ``HOST:PORT`` of its gRPC endpoint, or any other gRPC target.
        max_in_flight: requests under way to it at one time; further ones wait.
        rows_a_request: most texts or pictures in one request; larger batches are split and joined.
        shared_memory: whether pictures go through shared memory; ``auto``: where Triton is on this
            host and can.
        call_seconds: time that one request is given; who leaves earlier waits no longer.
        cancel_calls: whether calls are cancelled whose callers have left. Triton up to 25.01 at
            least can crash on a cancelled call (triton-inference-server/server#8034).
    """

    address: str
    max_in_flight: int = 16
    rows_a_request: int = 32
    shared_memory: Mode = "auto"
    call_seconds: float = 60.0
    cancel_calls: bool = False


class TritonEncoder:
    """Encodes on a Triton. Of the bundle it opens the manifest and the tokenizers alone.

    Making one asks Triton nothing: `ready` does. After a restart of Triton it goes on by itself.
    """

    def __init__(self, directory: Path, *, options: TritonOptions) -> None:
        """Verify and load the tokenizers.

        Raises:
            DataCorrupted: A file is not what the manifest says.
            FailedPrecondition: ``directory`` holds no bundle of this format, or
                ``TRITON_SHARED_MEMORY``: memory is to be shared with a Triton elsewhere.
        """
        self._manifest = _verified_manifest(directory)
        self._preparer = TextPreparer(directory, self._manifest)
        self._options = options
        self._connection = TritonConnection(options.address, call_seconds=options.call_seconds)
        self._models = TritonModels(
            self._connection, self._manifest, rows_a_request=options.rows_a_request
        )
        self._requests = TritonRequests(
            self._connection,
            regions=Regions(self._connection, mode=options.shared_memory),
            max_in_flight=options.max_in_flight,
            cancel_calls=options.cancel_calls,
        )

    @property
    def manifest(self) -> Manifest:
        """The bundle that encodes."""
        return self._manifest

    @property
    def shares_memory(self) -> bool:
        """Whether pictures go through shared memory, as far as is known."""
        return self._requests.shares_memory

    def ready(self, deadline: Deadline) -> None:
        """Return once Triton serves this bundle and every tower has given a right answer.

        Raises:
            FailedPrecondition: ``TRITON_VERSION``, ``TRITON_OTHER_BUNDLE``, ``TRITON_BATCH``.
            Unavailable: ``TRITON_UNREACHABLE``, ``TRITON_MODEL_MISSING``, ``TRITON_NOT_READY``,
                ``TRITON_WRONG_ANSWER``, ``TRITON_SHARED_MEMORY``, or as any request.
            DeadlineExceeded: no answer in time.
        """
        self._models.check(deadline)
        vector = np.empty((1, self._manifest.dimension), np.float32)
        for trial in trials(self._manifest):
            try:
                self._requests.encode([trial], vector, deadline=deadline)
            except Unavailable as error:
                if error.reason not in _WRONG_ANSWERS:
                    raise
                raise Unavailable(
                    f"Triton at {self._options.address} is up, and {trial.model} answers wrongly;"
                    " rebuild its environment with `make triton` and publish the bundle again",
                    reason="TRITON_WRONG_ANSWER",
                ) from error

    def load_models(self, deadline: Deadline) -> None:
        """Have a Triton under explicit control load the bundle's models, or load them anew.

        Raises:
            FailedPrecondition: ``TRITON_LOAD``: it cannot, or is not under explicit control.
            Unavailable: ``TRITON_UNREACHABLE``.
            DeadlineExceeded: not done in time.
        """
        self._models.load(deadline)

    def unload_models(self, deadline: Deadline) -> None:
        """Have Triton let the bundle's models go; raises as `load_models` does."""
        self._models.unload(deadline)

    def encode_texts(
        self,
        texts: Sequence[str],
        *,
        deadline: Deadline,
        clock: StageClock | None = None,  # noqa: ARG002 - the protocol's; there is no fallback here
    ) -> Float32Array:
        """Vectors (n, d) of n non-empty texts, each by the tower of its script."""
        vectors = np.empty((len(texts), self._manifest.dimension), np.float32)
        self._requests.encode(self._text_jobs(texts), vectors, deadline=deadline)
        return vectors

    def encode_pictures(
        self,
        pixels: UInt8Array,
        *,
        deadline: Deadline,
        clock: StageClock | None = None,  # noqa: ARG002 - the protocol's; there is no fallback here
    ) -> Float32Array:
        """Vectors (n, d) of n prepared pictures uint8 (n, h, w, 3)."""
        image = self._manifest.image
        if image is None:
            raise FailedPrecondition(
                f"bundle {self._manifest.id} has no image tower; serve a bundle that has one",
                reason="NO_IMAGE_TOWER",
            )
        vectors = np.empty((len(pixels), self._manifest.dimension), np.float32)
        model = model_name(self._manifest.id, image.file)
        self._requests.encode(self._picture_jobs(pixels, model), vectors, deadline=deadline)
        return vectors

    def close(self) -> None:
        """End the connection and let the shared memory go; again does nothing."""
        self._requests.close()
        self._connection.close()

    def _text_jobs(self, texts: Sequence[str]) -> Iterator[Job]:
        for start in range(0, len(texts), self._options.rows_a_request):
            for batch in self._preparer.prepare(
                texts[start : start + self._options.rows_a_request]
            ):
                yield Job(
                    model=model_name(self._manifest.id, self._manifest.text[batch.tower].file),
                    to=_TO_TEXTS,
                    inputs={"input_ids": batch.input_ids, "attention_mask": batch.attention_mask},
                    rows=start + batch.rows,
                )

    def _picture_jobs(self, pixels: UInt8Array, model: str) -> Iterator[Job]:
        for start in range(0, len(pixels), self._options.rows_a_request):
            some = pixels[start : start + self._options.rows_a_request]
            rows: Int64Array = np.arange(start, start + len(some), dtype=np.int64)
            yield Job(model=model, to=_TO_PICTURES, inputs={"pixels": some}, rows=rows)


def _verified_manifest(directory: Path) -> Manifest:
    """Read the manifest and check the tokenizers; the towers may be on Triton's host alone."""
    try:
        manifest = read_manifest(directory)
        verify_files(directory, manifest, only={tower.tokenizer for tower in manifest.text})
    except BundleError as error:
        if error.reason in {"BUNDLE_NOT_FOUND", "BUNDLE_FORMAT"}:
            raise FailedPrecondition(str(error), reason=error.reason) from error
        raise DataCorrupted(str(error), reason=error.reason) from error
    return manifest
