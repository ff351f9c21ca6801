"""How the towers of a bundle are to be served: the knobs of a published model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from exporter.triton.errors import RepositoryError

Runtime = Literal["onnxruntime", "python"]
Device = Literal["auto", "gpu", "cpu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOptions:
    """The same for every tower of a bundle; ``deploy/triton/README.md`` says when to turn which.

    ``runtime``: ``onnxruntime`` is the backend of the Triton image; ``python`` is the backend of
    the wheel that ``make triton`` installs, which runs the same file in the same library.
    ``device``: ``auto`` is a GPU where Triton sees one. ``instances`` run side by side, each with
    ``threads`` threads on a CPU. ``max_batch`` bounds the rows of one request and of one run.

    A request waits ``queue_delay_microseconds`` for others to be batched with. At most
    ``queue_size`` wait (0: no bound); one that waited ``queue_timeout_microseconds`` (0: for ever)
    is refused, and a request may bring a shorter time of its own. ``ragged`` lets texts of unequal
    length share a run, padded to the longest: more work a second, but a text's vector then depends
    on its neighbours: in the last bits, or in more where activations are quantised by batch.

    ``warm_up`` is how many runs of each size come before a model says it is ready.
    ``gpu_memory_bytes`` bounds the arena of ONNX Runtime; None leaves it the device. ``tensorrt``
    compiles the graph for the GPU; ``fp16``, ``engine_cache`` (a directory the server can write),
    ``workspace_bytes`` and ``cuda_graphs`` belong to it.

    Raises:
        RepositoryError: ``TRITON_OPTIONS``, with everything that cannot be kept.
    """

    runtime: Runtime = "onnxruntime"
    device: Device = "auto"
    instances: int = 1
    threads: int = 1
    max_batch: int = 32
    queue_delay_microseconds: int = 0
    queue_size: int = 256
    queue_timeout_microseconds: int = 2_000_000
    ragged: bool = False
    warm_up: int = 1
    gpu_memory_bytes: int | None = None
    tensorrt: bool = False
    fp16: bool = False
    engine_cache: str | None = None
    workspace_bytes: int = 2**30
    cuda_graphs: bool = False

    def __post_init__(self) -> None:
        """Refuse what no server can keep."""
        faults = [*self._out_of_range(), *self._at_odds()]
        if faults:
            raise RepositoryError("; ".join(faults), reason="TRITON_OPTIONS")

    @property
    def precision(self) -> Literal["exported", "fp16"]:
        """The arithmetic a caller should expect: that of the exported graph, or halves."""
        return "fp16" if self.fp16 else "exported"

    def _out_of_range(self) -> list[str]:
        least = {
            "instances": 1,
            "threads": 1,
            "max_batch": 1,
            "queue_delay_microseconds": 0,
            "queue_size": 0,
            "queue_timeout_microseconds": 0,
            "warm_up": 0,
            "workspace_bytes": 1,
        }
        faults = [
            f"{name} is {getattr(self, name)}; give at least {bound}"
            for name, bound in least.items()
            if getattr(self, name) < bound
        ]
        if self.gpu_memory_bytes is not None and self.gpu_memory_bytes < 1:
            faults.append(f"gpu_memory_bytes is {self.gpu_memory_bytes}; give at least 1, or none")
        for name, known in (("runtime", get_args(Runtime)), ("device", get_args(Device))):
            if getattr(self, name) not in known:
                faults.append(f"{name} is {getattr(self, name)}; give one of {', '.join(known)}")
        return faults

    def _at_odds(self) -> list[str]:
        faults = []
        if self.tensorrt and (self.runtime != "onnxruntime" or self.device == "cpu"):
            faults.append("tensorrt needs a GPU and the Triton image: runtime onnxruntime")
        if self.tensorrt and not self.warm_up:
            faults.append("tensorrt needs a warm_up: it builds its engines there")
        if self.ragged and self.runtime != "python":
            faults.append("ragged needs runtime python: the image's backend cannot pad")
        faults += [
            f"{name} needs tensorrt too"
            for name in ("fp16", "engine_cache", "cuda_graphs")
            if getattr(self, name) and not self.tensorrt
        ]
        return faults


def options_document(options: ServingOptions) -> dict[str, Any]:
    """The options as JSON values."""
    return asdict(options)
