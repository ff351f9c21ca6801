"""A tower's ``config.pbtxt``, built as Triton's own message so that no field can be misspelt."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from exporter.spec import ImageTower, Manifest, TextTower, model_name
from exporter.triton.options import ServingOptions

MODEL_FILE = "model.onnx"
SCRIPT_FILE = "model.py"

_KINDS = {
    "auto": pb.ModelInstanceGroup.KIND_AUTO,
    "gpu": pb.ModelInstanceGroup.KIND_GPU,
    "cpu": pb.ModelInstanceGroup.KIND_CPU,
}
_TYPICAL_TOKENS = 16
"""Length of a usual query, which is what is warmed up."""


def build_config(
    manifest: Manifest, tower: TextTower | ImageTower, *, options: ServingOptions
) -> pb.ModelConfig:
    """Triton's ``ModelConfig`` of one tower: the bundle's contract plus how it is to be served.

    There are no preferred batch sizes: with them Triton waits for a size although an instance is
    idle. Responses are not cached: the server in front keeps the vectors of earlier queries.
    """
    config = pb.ModelConfig(
        name=model_name(manifest.id, tower.file),
        backend=options.runtime,
        default_model_filename=SCRIPT_FILE if options.runtime == "python" else MODEL_FILE,
        max_batch_size=options.max_batch,
        input=_inputs(tower, ragged=options.ragged),
        output=[
            pb.ModelOutput(name="embedding", data_type=pb.TYPE_FP32, dims=[manifest.dimension])
        ],
        instance_group=[
            pb.ModelInstanceGroup(kind=_KINDS[options.device], count=options.instances)
        ],
        dynamic_batching=_batching(options),
        model_warmup=_warm_up(tower, options=options),
        version_policy=pb.ModelVersionPolicy(latest=pb.ModelVersionPolicy.Latest(num_versions=1)),
        response_cache=pb.ModelResponseCache(enable=False),
    )
    if options.runtime == "onnxruntime" and options.device != "cpu":
        accelerators = config.optimization.execution_accelerators.gpu_execution_accelerator
        accelerators.extend(_accelerators(tower, options=options))
    parameters = _parameters(manifest, tower, options=options)
    for name, value in sorted(parameters.items()):
        config.parameters[name].string_value = value
    return config


def config_text(config: pb.ModelConfig) -> str:
    """Return the message in the text form that Triton reads."""
    return text_format.MessageToString(config)


def parse_config(text: str) -> pb.ModelConfig:
    """Return the message that a text form says.

    Raises:
        google.protobuf.text_format.ParseError: it is no ``ModelConfig``.
    """
    return text_format.Parse(text, pb.ModelConfig())


def _inputs(tower: TextTower | ImageTower, *, ragged: bool) -> list[pb.ModelInput]:
    if isinstance(tower, ImageTower):
        dims = [tower.height, tower.width, 3]
        return [pb.ModelInput(name="pixels", data_type=pb.TYPE_UINT8, dims=dims)]
    tokens = tower.max_tokens if tower.padding == "fixed" else -1
    return [
        pb.ModelInput(
            name=name,
            data_type=pb.TYPE_INT64,
            dims=[tokens],
            allow_ragged_batch=_pad(tower, ragged=ragged) is not None,
        )
        for name in ("input_ids", "attention_mask")
    ]


def _pad(tower: TextTower | ImageTower, *, ragged: bool) -> int | None:
    """The token that joins unequal inputs in one run; None but where a mask hides the padding."""
    if not ragged or isinstance(tower, ImageTower) or tower.padding == "fixed":
        return None
    return tower.pad_id


def _batching(options: ServingOptions) -> pb.ModelDynamicBatching:
    return pb.ModelDynamicBatching(
        max_queue_delay_microseconds=options.queue_delay_microseconds,
        default_queue_policy=pb.ModelQueuePolicy(
            timeout_action=pb.ModelQueuePolicy.REJECT,
            default_timeout_microseconds=options.queue_timeout_microseconds,
            allow_timeout_override=True,
            max_queue_size=options.queue_size,
        ),
    )


def _warm_up(tower: TextTower | ImageTower, *, options: ServingOptions) -> list[pb.ModelWarmup]:
    """One sample of a single row and one of a full batch; zeros, since 0 is a token everywhere.

    TensorRT builds an engine for the shapes it has met, and anew for one outside them: it is shown
    the least and the largest, so that no query waits for a build.
    """
    if not options.warm_up:
        return []
    most = tower.max_tokens if isinstance(tower, TextTower) else 0
    usual = min(_TYPICAL_TOKENS, most)
    first, last = (1, most) if options.tensorrt else (usual, usual)
    return [
        pb.ModelWarmup(
            name=f"rows_{rows}_tokens_{tokens}" if tokens else f"rows_{rows}",
            batch_size=rows,
            count=options.warm_up,
            inputs={
                each.name: pb.ModelWarmup.Input(
                    data_type=each.data_type,
                    dims=[tokens if size < 0 else size for size in each.dims],
                    zero_data=True,
                )
                for each in _inputs(tower, ragged=False)
            },
        )
        for rows, tokens in sorted({(1, first), (options.max_batch, last)})
    ]


def _accelerators(
    tower: TextTower | ImageTower, *, options: ServingOptions
) -> list[pb.ModelOptimizationPolicy.ExecutionAccelerators.Accelerator]:
    accelerator = pb.ModelOptimizationPolicy.ExecutionAccelerators.Accelerator
    # The search's default, EXHAUSTIVE, benchmarks every convolution anew for each new batch size.
    cuda = {"cudnn_conv_algo_search": "HEURISTIC"}
    if options.gpu_memory_bytes is not None:
        cuda |= {
            "gpu_mem_limit": str(options.gpu_memory_bytes),
            "arena_extend_strategy": "kSameAsRequested",
        }
    found = [accelerator(name="cuda", parameters=cuda)]
    if options.tensorrt:
        found.insert(0, accelerator(name="tensorrt", parameters=_tensorrt(tower, options=options)))
    return found


def _tensorrt(tower: TextTower | ImageTower, *, options: ServingOptions) -> Mapping[str, str]:
    """Parameters of the TensorRT provider, which learns the range of shapes from the warm-up."""
    parameters = {
        "precision_mode": "FP16" if options.fp16 else "FP32",
        "max_workspace_size_bytes": str(options.workspace_bytes),
    }
    if options.engine_cache is not None:
        parameters |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": options.engine_cache,
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": options.engine_cache,
        }
    # A graph is captured for one shape; texts change theirs with every query.
    if options.cuda_graphs and isinstance(tower, ImageTower):
        parameters["trt_cuda_graph_enable"] = "1"
    return parameters


def _parameters(
    manifest: Manifest, tower: TextTower | ImageTower, *, options: ServingOptions
) -> dict[str, str]:
    """What identifies the model to a caller, and what the runtime has no field for."""
    identity = {
        "bundle": manifest.id,
        "file": tower.file,
        "sha256": manifest.files[tower.file].sha256,
        "precision": options.precision,
    }
    if options.runtime == "onnxruntime":
        threads = {"intra_op_thread_count": str(options.threads), "inter_op_thread_count": "1"}
        return identity | threads
    pad = _pad(tower, ragged=options.ragged)
    return identity | {
        "model_file": MODEL_FILE,
        "threads": str(options.threads),
        "device": options.device,
        "pad": "" if pad is None else str(pad),
    }
