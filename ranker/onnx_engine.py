"""The trees run by ONNX Runtime: the same scores to about 1e-6 in less time than LightGBM's."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from ranker.columns import Float32Array
from ranker.errors import RankingError

_RUNTIME_ERRORS = (
    ort_state.EPFail,
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
)


class OnnxTrees:
    """Scores rows with one thread; any thread may call.

    One thread, because waking a second takes longer than a few hundred rows, and on a busy machine
    it would wait for a core. No arena, because the only memory a run takes is its scores.
    """

    def __init__(self, model: bytes, *, features: int) -> None:
        """Open a file that `onnx_file.to_onnx` wrote; only bytes that are trusted (see `registry`).

        Raises:
            RankingError: RANKER_ONNX, it does not open, or takes or gives something else.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except _RUNTIME_ERRORS as error:
            raise RankingError(
                "The ONNX model does not open; LightGBM serves.", reason="RANKER_ONNX"
            ) from error
        takes = [(each.type, each.shape[1:]) for each in session.get_inputs()]
        gives = [(each.type, each.shape[1:]) for each in session.get_outputs()]
        if takes != [("tensor(float)", [features])] or gives != [("tensor(float)", [1])]:
            raise RankingError(
                f"The ONNX model takes {takes} and gives {gives}, not {features} features and one"
                " score; LightGBM serves.",
                reason="RANKER_ONNX",
            )
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[0].name]

    def score(self, matrix: Float32Array) -> Float32Array:
        """Scores float32 (n,) of rows float32 (n, m).

        Raises:
            RankingError: ONNX Runtime fails.
        """
        try:
            (scores,) = self._session.run(self._outputs, {self._input: matrix})
        except _RUNTIME_ERRORS as error:
            raise RankingError("ONNX Runtime cannot score the rows.") from error
        flat: Float32Array = np.reshape(scores, -1)
        return flat
