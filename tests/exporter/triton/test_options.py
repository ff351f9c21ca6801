"""Options that a server cannot keep are refused together, each with what to do."""

from typing import Any

import pytest

from exporter.triton.errors import RepositoryError
from exporter.triton.options import ServingOptions, options_document


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"instances": 0}, "instances is 0; give at least 1"),
        ({"max_batch": 0}, "max_batch is 0"),
        ({"queue_delay_microseconds": -1}, "queue_delay_microseconds is -1"),
        ({"gpu_memory_bytes": 0}, "gpu_memory_bytes is 0"),
        ({"runtime": "tensorflow"}, "give one of onnxruntime, python"),
        ({"device": "tpu"}, "give one of auto, gpu, cpu"),
        ({"tensorrt": True, "device": "cpu"}, "tensorrt needs a GPU"),
        ({"tensorrt": True, "runtime": "python"}, "tensorrt needs a GPU and the Triton image"),
        ({"tensorrt": True, "warm_up": 0}, "tensorrt needs a warm_up"),
        ({"fp16": True}, "fp16 needs tensorrt too"),
        ({"engine_cache": "/engines"}, "engine_cache needs tensorrt too"),
        ({"cuda_graphs": True}, "cuda_graphs needs tensorrt too"),
        ({"ragged": True}, "ragged needs runtime python"),
    ],
)
def test_what_cannot_be_kept_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(RepositoryError, match=said) as refused:
        ServingOptions(**given)
    assert refused.value.reason == "TRITON_OPTIONS"


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(RepositoryError) as refused:
        ServingOptions(instances=0, threads=0, fp16=True)
    assert str(refused.value).count(";") == 4  # three faults, two of which carry one of their own


@pytest.mark.parametrize(("fp16", "precision"), [(False, "exported"), (True, "fp16")])
def test_precision(fp16: bool, precision: str) -> None:  # noqa: FBT001 - a table's column
    assert ServingOptions(tensorrt=True, fp16=fp16).precision == precision


def test_a_document_makes_the_same_options() -> None:
    options = ServingOptions(runtime="python", device="cpu", ragged=True, gpu_memory_bytes=7)
    assert ServingOptions(**options_document(options)) == options
