"""What share of a bare fp16 matrix product the vision towers reach on this machine's GPU.

For ViT-B/32, B/16 and L/14 of CLIP, with random weights (speed does not depend on them): the tower
is exported as any user's is, in fp16, and run by ONNX Runtime's CUDA provider over rising batches.
Its rate is counted floating-point operations (a multiply and an add are two) over measured time;
the ceiling is an fp16 product of two square matrices run by the same runtime in the same minute.
Pixels are uint8, once kept on the GPU ("on_device") and once moved from the host at every run
("from_host"). Needs the exporter extra and an NVIDIA GPU with CUDA and cuDNN libraries.

Run as ``python -m benchmarks.gpu_share --json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from exporter.spec import ImageTower

CHANNELS = 3
EMBEDDING = 512
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionShape:
    """Sizes of a CLIP vision transformer. ``side`` and ``patch`` are in pixels."""

    name: str
    width: int
    layers: int
    heads: int
    patch: int
    side: int = 224

    @property
    def tokens(self) -> int:
        """Patches and the class token."""
        return (self.side // self.patch) ** 2 + 1

    @property
    def operations(self) -> int:
        """Floating-point operations of one picture's matrix products; the rest is left out.

        A layer has 4 w² weights in attention and 8 w² in its perceptron, each used once a token,
        and two products of tokens by tokens by w (Kaplan et al., 2020, "Scaling Laws for Neural
        Language Models", table 1, with the attention term exact).

        >>> VisionShape(name="one", width=2, layers=1, heads=1, patch=1, side=1).operations
        2284
        """
        patches = self.tokens - 1
        embed = 2 * patches * CHANNELS * self.patch**2 * self.width
        layer = 2 * self.tokens * 12 * self.width**2 + 2 * 2 * self.tokens**2 * self.width
        return embed + self.layers * layer + 2 * self.width * EMBEDDING


SHAPES = (
    VisionShape(name="ViT-B/32", width=768, layers=12, heads=12, patch=32),
    VisionShape(name="ViT-B/16", width=768, layers=12, heads=12, patch=16),
    VisionShape(name="ViT-L/14", width=1024, layers=24, heads=16, patch=14),
)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print; ends with 1 where there is no GPU to measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--batches", default="1,8,32,64,128,256", help="pictures a run")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds; the median counts")
    parser.add_argument("--side", type=int, default=8192, help="side of the matrices")
    parser.add_argument("--models", default=",".join(shape.name for shape in SHAPES))
    parser.add_argument("--cpu", action="store_true", help="try the script without a GPU")
    arguments = parser.parse_args(argv)
    provider = CPU if arguments.cpu else CUDA
    if provider not in onnxruntime.get_available_providers() or not (arguments.cpu or has_gpu()):
        print("not measured: no NVIDIA GPU whose libraries load", file=sys.stderr)
        raise SystemExit(1)
    batches = [int(text) for text in arguments.batches.split(",")]
    wanted = set(arguments.models.split(","))
    ceiling = matrix_rate(arguments.side, provider=provider, rounds=arguments.rounds)
    document: dict[str, object] = {
        "machine": describe(),
        "onnxruntime": onnxruntime.__version__,
        "matrix_product_tflops": round(ceiling / 1e12, 2),
        "models": {
            shape.name: measure(
                shape, batches, ceiling=ceiling, provider=provider, rounds=arguments.rounds
            )
            for shape in SHAPES
            if shape.name in wanted
        },
    }
    print(json.dumps(document, indent=None if arguments.json else 2))


def measure(
    shape: VisionShape,
    batches: Sequence[int],
    *,
    ceiling: float,
    provider: str,
    rounds: int,
) -> dict[str, object]:
    """The best batch with pixels on the device and from the host, and its share of ``ceiling``."""
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        path = Path(folder) / "image.onnx"
        export_tower(shape, path)
        session = open_session(path, provider=provider)
    kinds = {"on_device": provider == CUDA, "from_host": False}
    tried = {
        kind: [
            (batch, tower_rate(session, shape, batch, bound=bound, rounds=rounds))
            for batch in batches
        ]
        for kind, bound in kinds.items()
    }
    found: dict[str, object] = {"shape": asdict(shape), "gflop_a_picture": shape.operations / 1e9}
    for kind, rates in tried.items():
        batch, pictures = max(rates, key=lambda pair: pair[1])
        found[kind] = {
            "best_batch": batch,
            "pictures_per_second": round(pictures, 1),
            "share_of_matrix_product": round(pictures * shape.operations / ceiling, 4),
        }
    return found


def export_tower(shape: VisionShape, path: Path) -> None:
    """Export a tower with random weights in fp16, as `omnishelf export` does."""
    # The exporter extra, for this alone.
    import onnx  # noqa: PLC0415
    from transformers import CLIPConfig, CLIPModel  # noqa: PLC0415

    from exporter.graph import image_model  # noqa: PLC0415
    from exporter.half import halve  # noqa: PLC0415
    from exporter.sources.model import ImageSource  # noqa: PLC0415
    from exporter.sources.towers import Image, Pixels  # noqa: PLC0415

    vision = {
        "hidden_size": shape.width,
        "intermediate_size": 4 * shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "patch_size": shape.patch,
        "image_size": shape.side,
    }
    text = {
        "vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 1, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1,
    }  # fmt: skip
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=EMBEDDING)
    pixels = Pixels(scale=1 / 255, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    source = ImageSource(
        module=Image(CLIPModel(config), pixels=pixels).eval(),
        tower=ImageTower(file="image.onnx", height=shape.side, width=shape.side),
    )
    onnx.save(halve(image_model(source, EMBEDDING)), path)


def open_session(path: Path, *, provider: str) -> onnxruntime.InferenceSession:
    """A session on the GPU, or on every core where the script is tried without one."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        path, options, providers=list(dict.fromkeys([provider, CPU]))
    )


def tower_rate(
    session: onnxruntime.InferenceSession,
    shape: VisionShape,
    batch: int,
    *,
    bound: bool,
    rounds: int,
) -> float:
    """Pictures a second; ``bound`` keeps pixels and embeddings on the device."""
    pixels = np.random.default_rng(0).integers(
        0, 256, (batch, shape.side, shape.side, CHANNELS), dtype=np.uint8
    )
    if not bound:
        return batch / seconds_a_run(lambda: session.run(None, {"pixels": pixels}), rounds=rounds)
    binding = session.io_binding()
    binding.bind_ortvalue_input("pixels", onnxruntime.OrtValue.ortvalue_from_numpy(pixels, "cuda"))
    binding.bind_output("embedding", "cuda")
    return batch / seconds_a_run(lambda: _run_bound(session, binding), rounds=rounds)


def matrix_rate(side: int, *, provider: str, rounds: int) -> float:
    """Operations a second of an fp16 product of two square matrices kept on the device."""
    import onnx  # noqa: PLC0415 - the exporter extra, for this alone
    from onnx import TensorProto, helper  # noqa: PLC0415

    half = TensorProto.FLOAT16
    names = ("a", "b")
    graph = helper.make_graph(
        [helper.make_node("MatMul", names, ["c"])],
        "product",
        [helper.make_tensor_value_info(name, half, [side, side]) for name in names],
        [helper.make_tensor_value_info("c", half, [side, side])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        path = Path(folder) / "product.onnx"
        onnx.save(model, path)
        session = open_session(path, provider=provider)
    device = "cuda" if provider == CUDA else "cpu"
    random = np.random.default_rng(0)
    binding = session.io_binding()
    for name in names:
        matrix = random.standard_normal((side, side), dtype=np.float32).astype(np.float16)
        binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(matrix, device))
    binding.bind_output("c", device)
    return 2 * side**3 / seconds_a_run(lambda: _run_bound(session, binding), rounds=rounds)


def seconds_a_run(run: Callable[[], object], *, rounds: int) -> float:
    """Median seconds of one run over ``rounds`` rounds of at least a tenth of a second each."""
    run()
    start = time.perf_counter()
    run()
    runs = max(1, round(0.1 / max(time.perf_counter() - start, 1e-6)))
    rounds_seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(runs):
            run()
        rounds_seconds.append((time.perf_counter() - start) / runs)
    return statistics.median(rounds_seconds)


def has_gpu() -> bool:
    """Whether a trial on the CUDA provider stays there instead of falling back."""
    import ctypes  # noqa: PLC0415 - asked only where a GPU may be

    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def describe() -> str:
    """The GPU's name as its driver tells it, else the processor's."""
    driver = Path("/proc/driver/nvidia/gpus")
    for card in sorted(driver.glob("*/information")) if driver.is_dir() else ():
        for line in card.read_text("utf-8").splitlines():
            if line.startswith("Model:"):
                return line.removeprefix("Model:").strip()
    return platform.processor() or platform.machine()


def _run_bound(session: onnxruntime.InferenceSession, binding: onnxruntime.IOBinding) -> None:
    session.run_with_iobinding(binding)
    binding.synchronize_outputs()


if __name__ == "__main__":
    main()
