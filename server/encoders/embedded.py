"""The towers of a bundle run in this process by ONNX Runtime: the twin of Triton."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from exporter.spec import BundleError, Manifest, load_manifest
from server.arrays import Float32Array, Int64Array, UInt8Array
from server.deadline import Deadline
from server.encoders.checks import require_unit_rows
from server.encoders.freed_memory import give_back_freed_memory
from server.encoders.text import TextPreparer
from server.errors import DataCorrupted, FailedPrecondition, OmnishelfError, Unavailable
from server.stages import StageClock

PICTURES_A_RUN = 4
"""More a run would be no faster on a CPU and would keep more memory for good."""

TEXTS_A_RUN = 64

# ONNX Runtime's errors share no base class of their own.
_RUNTIME_ERRORS = (
    ort_state.EPFail,
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NoSuchFile,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
)


class EmbeddedEncoder:
    """Encodes in-process. One session a tower; ONNX Runtime sessions may be run from any thread.

    ``threads`` is the size of each session's own pool: one suits a server whose requests already
    run side by side, all cores suit ingest.
    """

    def __init__(self, directory: Path, *, threads: int) -> None:
        """Verify the bundle's hashes, then open its towers.

        Raises:
            DataCorrupted: A file is not what the manifest says, or not a model.
            FailedPrecondition: ``directory`` holds no bundle of this format.
        """
        self._manifest = _verified_manifest(directory)
        self._preparer = TextPreparer(directory, self._manifest)
        self._text = [
            self._open(
                directory / tower.file, takes=("input_ids", "attention_mask"), threads=threads
            )
            for tower in self._manifest.text
        ]
        image = self._manifest.image
        self._image = (
            self._open(directory / image.file, takes=("pixels",), threads=threads, planned=False)
            if image
            else None
        )
        give_back_freed_memory()

    @property
    def manifest(self) -> Manifest:
        """The bundle that encodes."""
        return self._manifest

    def encode_texts(
        self,
        texts: Sequence[str],
        *,
        deadline: Deadline,
        clock: StageClock | None = None,  # noqa: ARG002 - the protocol's; there is no fallback here
    ) -> Float32Array:
        """Vectors (n, d) of n non-empty texts, each by the tower of its script."""
        vectors = np.empty((len(texts), self._manifest.dimension), np.float32)
        for start in range(0, len(texts), TEXTS_A_RUN):
            for batch in self._preparer.prepare(texts[start : start + TEXTS_A_RUN]):
                deadline.check("encoding text")
                inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
                vectors[start + batch.rows] = _run(self._text[batch.tower], inputs)
        require_unit_rows(vectors, dimension=self._manifest.dimension)
        return vectors

    def encode_pictures(
        self,
        pixels: UInt8Array,
        *,
        deadline: Deadline,
        clock: StageClock | None = None,  # noqa: ARG002 - the protocol's; there is no fallback here
    ) -> Float32Array:
        """Vectors (n, d) of n prepared pictures uint8 (n, h, w, 3)."""
        if self._image is None:
            raise FailedPrecondition(
                f"bundle {self._manifest.id} has no image tower; serve a bundle that has one",
                reason="NO_IMAGE_TOWER",
            )
        vectors = np.empty((len(pixels), self._manifest.dimension), np.float32)
        for start in range(0, len(pixels), PICTURES_A_RUN):
            deadline.check("encoding pictures")
            stop = start + PICTURES_A_RUN
            vectors[start:stop] = _run(self._image, {"pixels": pixels[start:stop]})
        require_unit_rows(vectors, dimension=self._manifest.dimension)
        return vectors

    def close(self) -> None:
        """Sessions are freed with the object; there is nothing else to give back."""

    def _open(
        self, path: Path, *, takes: tuple[str, ...], threads: int, planned: bool = True
    ) -> onnxruntime.InferenceSession:
        """A session of a tower that takes and gives what the manifest says."""
        session = _open_session(path, threads=threads, planned=planned)
        inputs = tuple(value.name for value in session.get_inputs())
        outputs = [(value.name, value.shape[1:]) for value in session.get_outputs()]
        dimension = self._manifest.dimension
        if set(inputs) != set(takes) or outputs != [("embedding", [dimension])]:
            raise DataCorrupted(
                f"{path} takes {list(inputs)} and gives {outputs}; its bundle needs {list(takes)} "
                f"and {[('embedding', [dimension])]}; export the bundle again",
                reason="BUNDLE_TOWER",
            )
        return session


def _verified_manifest(directory: Path) -> Manifest:
    try:
        return load_manifest(directory)
    except BundleError as error:
        raise bundle_refusal(error) from error


def bundle_refusal(error: BundleError) -> OmnishelfError:
    """What a bundle that cannot be opened is to a server's caller."""
    if error.reason in {"BUNDLE_NOT_FOUND", "BUNDLE_FORMAT"}:
        return FailedPrecondition(str(error), reason=error.reason)
    return DataCorrupted(str(error), reason=error.reason)


def _open_session(path: Path, *, threads: int, planned: bool) -> onnxruntime.InferenceSession:
    """A session; ``planned`` lays out the memory of a run of each shape once, in one block.

    That gains a few per cent for short texts, and for pictures nothing but blocks of many megabytes
    that are kept for good.
    """
    options = onnxruntime.SessionOptions()
    options.enable_mem_pattern = planned
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the core from the request that runs beside this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=_providers())
    except _RUNTIME_ERRORS as error:
        raise DataCorrupted(
            f"{path} does not open as an ONNX model; export the bundle again",
            reason="BUNDLE_UNPARSABLE",
        ) from error


def _providers() -> list[str]:
    """CUDA where its libraries load, else the CPU: asking in vain would print errors."""
    if onnxruntime.get_device() != "GPU" or not _cuda_loads():
        return ["CPUExecutionProvider"]
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _cuda_loads() -> bool:
    import ctypes  # noqa: PLC0415 - only a machine that may have a GPU needs it

    try:
        ctypes.CDLL("libcuda.so.1")
        ctypes.CDLL("libcudnn.so.9")
    except OSError:
        return False
    return True


def _run(
    session: onnxruntime.InferenceSession,
    inputs: Mapping[str, Int64Array | UInt8Array],
) -> Float32Array:
    try:
        (embedding,) = session.run(["embedding"], dict(inputs))
    except _RUNTIME_ERRORS as error:
        raise Unavailable(
            "a tower failed to run; see the server's log", reason="ENCODER_FAILED"
        ) from error
    return np.asarray(embedding, np.float32)
