"""A tower's configuration: worked out by hand for the starter, and the same after its text."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2 as pb

from exporter.spec import STARTER_DIRECTORY, ImageTower, TextTower, read_manifest
from exporter.triton.model_config import build_config, config_text, parse_config
from exporter.triton.options import Device, Runtime, ServingOptions

STARTER = read_manifest(STARTER_DIRECTORY)
CHINESE, ENGLISH = STARTER.text


def picture_tower() -> ImageTower:
    assert STARTER.image is not None
    return STARTER.image


def config(
    tower: TextTower | ImageTower,
    options: ServingOptions = ServingOptions(),  # noqa: B008 - frozen
) -> pb.ModelConfig:
    return build_config(STARTER, tower, options=options)


def accelerators(found: pb.ModelConfig) -> dict[str, dict[str, str]]:
    listed = found.optimization.execution_accelerators.gpu_execution_accelerator
    return {each.name: dict(each.parameters) for each in listed}


PICTURES = """
    name: "starter_9b46f0c8_image"
    backend: "python"
    default_model_filename: "model.py"
    version_policy { latest { num_versions: 1 } }
    max_batch_size: 16
    input { name: "pixels" data_type: TYPE_UINT8 dims: [260, 260, 3] }
    output { name: "embedding" data_type: TYPE_FP32 dims: 384 }
    instance_group { kind: KIND_CPU count: 2 }
    dynamic_batching {
      max_queue_delay_microseconds: 500
      default_queue_policy {
        timeout_action: REJECT
        default_timeout_microseconds: 1000
        allow_timeout_override: true
        max_queue_size: 8
      }
    }
    response_cache { enable: false }
    model_warmup {
      name: "rows_1" batch_size: 1 count: 3
      inputs { key: "pixels" value { data_type: TYPE_UINT8 dims: [260, 260, 3] zero_data: true } }
    }
    model_warmup {
      name: "rows_16" batch_size: 16 count: 3
      inputs { key: "pixels" value { data_type: TYPE_UINT8 dims: [260, 260, 3] zero_data: true } }
    }
    parameters { key: "bundle" value { string_value: "starter_9b46f0c8" } }
    parameters { key: "file" value { string_value: "image.onnx" } }
    parameters {
      key: "sha256"
      value {
        string_value: "7807f74570e14f95e0a148a5aa948cb69964f5ef06b3b9883e2d2cfe30fbdf61"
      }
    }
    parameters { key: "precision" value { string_value: "exported" } }
    parameters { key: "model_file" value { string_value: "model.onnx" } }
    parameters { key: "threads" value { string_value: "4" } }
    parameters { key: "device" value { string_value: "cpu" } }
    parameters { key: "pad" value { string_value: "" } }
"""


def test_the_starters_pictures_worked_out_by_hand() -> None:
    options = ServingOptions(
        runtime="python", device="cpu", instances=2, threads=4, max_batch=16, queue_size=8,
        queue_delay_microseconds=500, queue_timeout_microseconds=1000, warm_up=3,
    )  # fmt: skip
    assert config(picture_tower(), options) == parse_config(PICTURES)


def test_texts_have_as_many_tokens_as_they_need() -> None:
    found = config(ENGLISH, ServingOptions(max_batch=4))
    assert [(each.name, each.data_type, list(each.dims)) for each in found.input] == [
        ("input_ids", pb.TYPE_INT64, [-1]),
        ("attention_mask", pb.TYPE_INT64, [-1]),
    ]
    assert [(each.name, each.batch_size) for each in found.model_warmup] == [
        ("rows_1_tokens_16", 1),
        ("rows_4_tokens_16", 4),
    ]


def test_texts_padded_to_the_end_have_one_length() -> None:
    found = config(replace(CHINESE, padding="fixed"))
    assert [list(each.dims) for each in found.input] == [[64], [64]]


def test_triton_is_not_told_to_wait_for_a_batch_size() -> None:
    assert not config(ENGLISH).dynamic_batching.preferred_batch_size


@pytest.mark.parametrize(
    ("tower", "pad", "ragged"),
    [
        (replace(ENGLISH, pad_id=3), "3", True),
        (replace(ENGLISH, padding="fixed"), "", False),
        (picture_tower(), "", False),
    ],
)
def test_only_what_a_mask_hides_is_padded(
    tower: TextTower | ImageTower,
    pad: str,
    ragged: bool,  # noqa: FBT001 - a table's column
) -> None:
    found = config(tower, ServingOptions(runtime="python", ragged=True))
    assert found.parameters["pad"].string_value == pad
    assert {each.allow_ragged_batch for each in found.input} == {ragged}


def test_the_image_runs_the_graph_itself() -> None:
    found = config(ENGLISH, ServingOptions(threads=3))
    assert (found.backend, found.default_model_filename) == ("onnxruntime", "model.onnx")
    assert found.parameters["intra_op_thread_count"].string_value == "3"
    assert accelerators(found) == {"cuda": {"cudnn_conv_algo_search": "HEURISTIC"}}


def test_a_cpu_needs_no_accelerator() -> None:
    assert accelerators(config(ENGLISH, ServingOptions(device="cpu"))) == {}


def test_gpu_memory_is_bounded_when_asked() -> None:
    cuda = accelerators(config(ENGLISH, ServingOptions(gpu_memory_bytes=123)))["cuda"]
    assert (cuda["gpu_mem_limit"], cuda["arena_extend_strategy"]) == ("123", "kSameAsRequested")


def test_tensorrt_comes_before_cuda_with_its_parameters() -> None:
    options = ServingOptions(
        tensorrt=True, fp16=True, engine_cache="/engines", workspace_bytes=99, cuda_graphs=True
    )
    found = config(picture_tower(), options)
    assert list(accelerators(found)) == ["tensorrt", "cuda"]
    assert accelerators(found)["tensorrt"] == {
        "precision_mode": "FP16",
        "max_workspace_size_bytes": "99",
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": "/engines",
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": "/engines",
        "trt_cuda_graph_enable": "1",
    }
    assert found.parameters["precision"].string_value == "fp16"


def test_tensorrt_is_shown_the_least_and_the_largest_text() -> None:
    found = config(ENGLISH, ServingOptions(tensorrt=True, max_batch=8, cuda_graphs=True))
    shown = [(each.batch_size, each.inputs["input_ids"].dims[0]) for each in found.model_warmup]
    assert shown == [(1, 1), (8, 128)]
    assert "trt_cuda_graph_enable" not in accelerators(found)["tensorrt"]


def test_a_batch_of_one_is_warmed_up_once() -> None:
    assert [
        each.name for each in config(picture_tower(), ServingOptions(max_batch=1)).model_warmup
    ] == ["rows_1"]
    assert not config(picture_tower(), ServingOptions(warm_up=0)).model_warmup


@st.composite
def serving_options(draw: st.DrawFn) -> ServingOptions:
    """Options of every kind that can be kept."""
    runtime: Runtime = draw(st.sampled_from(get_args(Runtime)))
    device: Device = draw(st.sampled_from(get_args(Device)))
    tensorrt = runtime == "onnxruntime" and device != "cpu" and draw(st.booleans())
    whole = st.integers(0, 2**31 - 1)
    return ServingOptions(
        runtime=runtime,
        device=device,
        instances=draw(st.integers(1, 64)),
        threads=draw(st.integers(1, 64)),
        max_batch=draw(st.integers(1, 1024)),
        queue_delay_microseconds=draw(whole),
        queue_size=draw(whole),
        queue_timeout_microseconds=draw(whole),
        ragged=runtime == "python" and draw(st.booleans()),
        warm_up=draw(st.integers(1, 5)),
        gpu_memory_bytes=draw(st.none() | st.integers(1, 2**40)),
        tensorrt=tensorrt,
        fp16=tensorrt and draw(st.booleans()),
        engine_cache=draw(st.none() | st.text(min_size=1)) if tensorrt else None,
        workspace_bytes=draw(st.integers(1, 2**40)),
        cuda_graphs=tensorrt and draw(st.booleans()),
    )


@given(options=serving_options(), tower=st.sampled_from([CHINESE, ENGLISH, picture_tower()]))
def test_the_text_says_the_same_message(
    options: ServingOptions, tower: TextTower | ImageTower
) -> None:
    built = build_config(STARTER, tower, options=options)
    assert parse_config(config_text(built)) == built
