"""Exported towers held against torch: the same inputs, ONNX Runtime on the CPU, and how far apart.

Agreement that a tower must reach, by precision, for every input and every size of batch:

=========  ================================================
fp32       largest absolute difference ≤ 1e-4
fp16       cosine ≥ 0.9999
int8       cosine ≥ 0.99
any        finite, norm within 1e-3 of 1
=========  ================================================

and over a catalogue, where there is one, recall@10 (`exporter.recall`) within 0.5 percentage point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state
from torch import nn

from exporter.export_error import ExportError
from exporter.external_data import check_external_data
from exporter.recall import (
    LARGEST_DIFFERENCE,
    Encoders,
    RecallFigures,
    RecallSample,
    measure_recall,
)
from exporter.sources.model import LoadedModel
from exporter.spec import BundleError
from exporter.verify_inputs import pictures, text_cases, tokenise

Floats = NDArray[np.float32]
Inputs = Mapping[str, NDArray[np.generic]]
Precision = Literal["fp32", "fp16", "int8"]
Progress = Callable[[str, float], None]

BATCHES = (1, 2, 3, 5, 8, 16, 32)
LARGEST_FP32_DIFFERENCE = 1e-4
LEAST_COSINE: Mapping[Precision, float] = {"fp16": 0.9999, "int8": 0.99}
NORM_TOLERANCE = 1e-3
_UNREADABLE = (
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerFigures:
    """How one tower agrees with torch, at its worst over all that was compared.

    ``compared`` is the number of vectors; ``difference`` is the largest absolute one of any number;
    ``norm_error`` is how far a norm is from 1. Figures of a tower that answered something unfinite
    are those of its finite rows.
    """

    tower: str
    compared: int
    difference: float
    cosine: float
    norm_error: float
    finite: bool

    def failures(self, precision: Precision) -> list[str]:
        """Say in what the tower falls short of ``precision``; nothing when it does not."""
        wrong = []
        if not self.finite:
            wrong.append(f"{self.tower}: a vector is not finite")
        if precision == "fp32" and self.difference > LARGEST_FP32_DIFFERENCE:
            allowed = f"{LARGEST_FP32_DIFFERENCE:.0e} is allowed"
            wrong.append(f"{self.tower}: differs by {self.difference:.2e}, {allowed}")
        least = LEAST_COSINE.get(precision)
        if least is not None and self.cosine < least:
            wrong.append(f"{self.tower}: cosine {self.cosine:.5f}, {least} is required")
        if self.norm_error > NORM_TOLERANCE:
            wrong.append(f"{self.tower}: a norm is {self.norm_error:.1e} from 1")
        return wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was compared and how it came out; ``recall`` is None where no catalogue was given."""

    precision: Precision
    towers: tuple[TowerFigures, ...]
    recall: RecallFigures | None = None

    @property
    def failures(self) -> tuple[str, ...]:
        """All that is wrong, a line each; empty when the export agrees."""
        wrong = [line for tower in self.towers for line in tower.failures(self.precision)]
        if self.recall is not None and self.recall.difference > LARGEST_DIFFERENCE:
            points = f"{100 * self.recall.difference:.2f} percentage points"
            wrong.append(f"recall@10 over the catalogue differs by {points}, 0.5 are allowed")
        return tuple(wrong)

    def document(self) -> dict[str, Any]:
        """Give the figures as plain values for JSON."""
        return asdict(self) | {"towers": [asdict(tower) for tower in self.towers]}


def verify(
    text: Path,
    image: Path,
    *,
    model: LoadedModel,
    precision: Precision,
    catalogue: Sequence[RecallSample] = (),
    progress: Progress = lambda _stage, _share: None,
) -> Verification:
    """Compare two tower files with the modules of the model that they were exported from.

    Raises:
        BundleError: ``BUNDLE_EXTERNAL_DATA`` or ``BUNDLE_UNPARSABLE``, as `check_external_data`.
        ExportError: ``VERIFICATION_FAILED``, a tower does not run, or answers another size.
    """
    progress("comparing text", 0.0)
    text_tower = _Tower(text, model.text.module)
    text_figures = text_tower.compare("text", [case.inputs for case in text_cases(model.text)])
    progress("comparing pictures", 0.3)
    image_tower = _Tower(image, model.image.module)
    size = (model.image.tower.height, model.image.tower.width)
    image_figures = image_tower.compare("image", [{"pixels": pictures(*size)}])

    def tokens(texts: Sequence[str]) -> Inputs:
        ids, mask = tokenise(texts, model.text)
        return {"input_ids": ids, "attention_mask": mask}

    recall = measure_recall(
        catalogue,
        torch=Encoders(
            texts=lambda texts: text_tower.torch(tokens(texts)),
            pictures=lambda pixels: image_tower.torch({"pixels": pixels}),
        ),
        exported=Encoders(
            texts=lambda texts: text_tower.exported(tokens(texts)),
            pictures=lambda pixels: image_tower.exported({"pixels": pixels}),
        ),
        progress=lambda share: progress("searching the catalogue", 0.6 + 0.4 * share),
    )
    return Verification(precision=precision, towers=(text_figures, image_figures), recall=recall)


class _Tower:
    """One tower twice: its file in ONNX Runtime, its module in torch."""

    def __init__(self, path: Path, module: nn.Module) -> None:
        check_external_data(path)
        self._path = path
        self._module = module.eval()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except _UNREADABLE as error:
            message = f"{path} does not open as an ONNX model; export the bundle again"
            raise BundleError(message, reason="BUNDLE_UNPARSABLE") from error

    def exported(self, inputs: Inputs) -> Floats:
        try:
            (vectors,) = self._session.run(["embedding"], dict(inputs))
        except _UNREADABLE as error:
            rows, *rest = next(iter(inputs.values())).shape
            message = f"{self._path.name} does not run on {rows} inputs of {rest}; it is not usable"
            raise ExportError(message, reason="VERIFICATION_FAILED") from error
        return np.asarray(vectors, np.float32)

    def torch(self, inputs: Inputs) -> Floats:
        with torch.no_grad():
            vectors = self._module(*(torch.from_numpy(array) for array in inputs.values()))
        return np.asarray(vectors.numpy(), np.float32)

    def compare(self, name: str, pools: Sequence[Inputs]) -> TowerFigures:
        """Compare on the first rows of every pool, as many as each size of batch."""
        found, wanted = [], []
        for pool in pools:
            expected = self.torch(pool)
            for size in BATCHES:
                answer = self.exported({key: array[:size] for key, array in pool.items()})
                if answer.shape != (size, expected.shape[1]):
                    message = f"{name}: {answer.shape} vectors, not {(size, expected.shape[1])}"
                    raise ExportError(message, reason="VERIFICATION_FAILED")
                found.append(answer)
                wanted.append(expected[:size])
        return _figures(name, np.concatenate(found), np.concatenate(wanted))


def _figures(name: str, found: Floats, wanted: Floats) -> TowerFigures:
    finite = np.isfinite(found).all(axis=1) & np.isfinite(wanted).all(axis=1)
    one, other = found[finite].astype(np.float64), wanted[finite].astype(np.float64)
    norms = np.linalg.norm(one, axis=1)
    cosines = (one * other).sum(axis=1) / np.maximum(norms * np.linalg.norm(other, axis=1), 1e-12)
    return TowerFigures(
        tower=name,
        compared=len(found),
        difference=float(np.abs(one - other).max(initial=0.0)),
        cosine=float(cosines.min(initial=1.0)),
        norm_error=float(np.abs(norms - 1.0).max(initial=0.0)),
        finite=bool(finite.all()),
    )
