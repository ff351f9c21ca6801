"""Versions of the model on disk, saved as a whole and loaded only after they are checked.

A version is a directory:

    model.txt       LightGBM's text format
    schema.json     the fingerprint, and the families with their versions and features, in order
    sample.json     rows of the matrix and the scores the model gave them when it was saved
    model.onnx      the same trees for ONNX Runtime, where the package onnx wrote them; optional
    reference.json  how the features of the training rows were distributed; optional
    linear.json     the linear twin, which answers where the trees fail; optional
    manifest.json   hashes of the others, name, features, metrics, provenance
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ranker import drift, engine_gate, linear_file
from ranker.columns import Float32Array
from ranker.errors import ModelRefused, RankingError
from ranker.explain import FEATURE_NAMES
from ranker.features.schema import FAMILIES, FEATURES, fingerprint
from ranker.linear import LinearRanker
from ranker.manifest import (
    LINEAR_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    ONNX_FILE,
    REFERENCE_FILE,
    SAMPLE_FILE,
    SCHEMA_FILE,
    UNPARSABLE,
    RankerManifest,
    checked_name,
)
from ranker.model import BoostedRanker
from ranker.onnx_engine import OnnxTrees
from ranker.onnx_file import to_onnx
from ranker.train import TrainedRanker
from ranker.trial import TIMEOUT_SECONDS, try_in_child
from ranker.version_files import VersionFiles, digest, read_files

DEFAULT_DIRECTORY = Path(__file__).parent / "default" / "model"
"""The version that ships; ``ranker/default/README.md`` tells how it was trained."""

Engine = Literal["auto", "lightgbm"]
"""What may run the trees: ONNX Runtime where it agrees with LightGBM, or LightGBM alone."""

_SCORE_TOLERANCE = 1e-4
_LEAVES = "leaf_value="


def save(directory: Path, trained: TrainedRanker, *, provenance: Mapping[str, str]) -> None:
    """Write a version; one that is there already is replaced as a whole.

    Raises:
        RankingError: ``directory`` holds something else than a ranker, or the version's name is
            none (RANKER_NAME).
    """
    checked_name(trained.name)
    if directory.exists() and not (directory / MANIFEST_FILE).is_file():
        raise RankingError(f"{directory} exists and is not a ranker; name another directory.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".saving-") as folder:
        fresh, replaced = Path(folder, "fresh"), Path(folder, "replaced")
        fresh.mkdir()
        _write(fresh, trained, provenance=provenance)
        if directory.exists():
            directory.rename(replaced)
        fresh.rename(directory)


def load(
    directory: Path,
    *,
    engine: Engine = "auto",
    probe_timeout_seconds: float = TIMEOUT_SECONDS,
) -> BoostedRanker:
    """The ranker in ``directory``, after its hashes, its schema and a trial in a child process.

    What is hashed is what is tried and what is served: every file is read once. An ONNX model that
    does not open or does not agree with LightGBM is left out, and `BoostedRanker.engine_reason`
    says why.

    Raises:
        ModelRefused: the version must not be loaded; see there for the reasons.
    """
    return load_files(
        read_files(directory),
        directory=directory,
        engine=engine,
        probe_timeout_seconds=probe_timeout_seconds,
    )


def load_files(
    files: VersionFiles,
    *,
    directory: Path,
    engine: Engine = "auto",
    probe_timeout_seconds: float = TIMEOUT_SECONDS,
) -> BoostedRanker:
    """As `load`, of files that were read from ``directory``."""
    current = fingerprint()
    if files.manifest.fingerprint != current:
        raise ModelRefused(
            f"The ranker in {directory} was trained on other features (fingerprint"
            f" {files.manifest.fingerprint[:12]}, this release computes {current[:12]}); retrain"
            " it.",
            reason="RANKER_SCHEMA",
        )
    try:
        _require_schema(files)
        return _tried(files, engine=engine, timeout_seconds=probe_timeout_seconds)
    except ModelRefused as refusal:
        raise ModelRefused(
            f"The ranker in {directory} cannot be used: {refusal}; restore or retrain the version.",
            reason=refusal.reason,
        ) from refusal
    except (*UNPARSABLE, RankingError) as error:
        raise ModelRefused(
            f"The ranker in {directory} cannot be used: {error}; restore or retrain the version.",
            reason="RANKER_UNPARSABLE",
        ) from error


def _tried(files: VersionFiles, *, engine: Engine, timeout_seconds: float) -> BoostedRanker:
    model, sample = files.contents[MODEL_FILE].decode(), json.loads(files.contents[SAMPLE_FILE])
    onnx = files.contents.get(ONNX_FILE) if engine == "auto" else None
    trial = try_in_child(model, onnx=onnx, matrix=sample["matrix"], timeout_seconds=timeout_seconds)
    _require_finite_leaves(model)
    _hold(trial.scores, expected=np.array(sample["scores"], dtype=np.float32))
    ranker = BoostedRanker(model, name=files.manifest.name)
    if (twin := files.contents.get(LINEAR_FILE)) is not None:
        ranker.beside(linear_file.read(twin, features=FEATURE_NAMES, version=ranker.id))
    if engine == "lightgbm":
        return ranker.on_lightgbm("the settings ask for LightGBM")
    if onnx is None:
        return ranker.on_lightgbm(f"the version has no {ONNX_FILE}")
    if trial.onnx_refused:
        return ranker.on_lightgbm(trial.onnx_refused)
    rows = np.array(sample["matrix"], dtype=np.float32)
    return _gated(ranker, onnx=onnx, model=model, rows=rows)


def _require_schema(files: VersionFiles) -> None:
    if json.loads(files.contents[SCHEMA_FILE]) != _schema():
        raise ModelRefused(f"its {SCHEMA_FILE} names other features", reason="RANKER_SCHEMA")


def _require_finite_leaves(model: str) -> None:
    """Sample rows do not reach every leaf; a request would."""
    lines = (line for line in model.splitlines() if line.startswith(_LEAVES))
    leaves = [np.array(line.removeprefix(_LEAVES).split(), dtype=np.float64) for line in lines]
    most = sum(float(np.max(np.abs(tree), initial=0.0)) for tree in leaves)
    # What is no number is not below the limit either.
    if not most < float(np.finfo(np.float32).max):
        raise ModelRefused("its leaves are no finite numbers", reason="RANKER_NOT_FINITE")


def _hold(scores: Float32Array, *, expected: Float32Array) -> None:
    if not np.isfinite(scores).all():
        raise ModelRefused(
            "it gives some row of its sample a score that is no finite number",
            reason="RANKER_NOT_FINITE",
        )
    if not expected.size:
        raise ValueError("its sample has no rows")
    if scores.shape != expected.shape or not np.allclose(
        scores, expected, rtol=_SCORE_TOLERANCE, atol=_SCORE_TOLERANCE
    ):
        raise ValueError("it scores its sample otherwise than when it was saved")


def _gated(ranker: BoostedRanker, *, onnx: bytes, model: str, rows: Float32Array) -> BoostedRanker:
    try:
        trees = OnnxTrees(onnx, features=len(FEATURES))
        objection = engine_gate.objection(
            model, sample=rows, reference=ranker.score, candidate=trees.score
        )
    except RankingError as error:
        return ranker.on_lightgbm(str(error))
    return ranker.on_lightgbm(objection) if objection else ranker.on_onnx(trees)


def _schema() -> dict[str, object]:
    """The features of this release, as versions keep them."""
    return {
        "fingerprint": fingerprint(),
        "families": [
            {
                "name": family.name,
                "version": family.version,
                "features": [feature.name for feature in family.features],
            }
            for family in FAMILIES
        ],
    }


def _write(directory: Path, trained: TrainedRanker, *, provenance: Mapping[str, str]) -> None:
    scores = trained.ranker().score(trained.sample)
    sample = {"matrix": _rows(trained.sample), "scores": scores.tolist()}
    contents = {
        MODEL_FILE: trained.model.encode(),
        SCHEMA_FILE: (json.dumps(_schema(), indent=2) + "\n").encode(),
        SAMPLE_FILE: json.dumps(sample).encode(),
        **_onnx(trained.model),
        **_reference(trained.reference_rows),
        **_linear(trained.linear),
    }
    manifest = RankerManifest(
        name=trained.name,
        files={name: digest(data) for name, data in contents.items()},
        features=FEATURE_NAMES,
        fingerprint=fingerprint(),
        metrics=trained.metrics,
        provenance=provenance,
    )
    for name, data in (*contents.items(), (MANIFEST_FILE, manifest.to_json().encode())):
        (directory / name).write_bytes(data)


def _onnx(model: str) -> dict[str, bytes]:
    """The ONNX file, where the package is there and can say what the model does."""
    try:
        return {ONNX_FILE: to_onnx(model)}
    except RankingError:
        return {}


def _reference(rows: Float32Array) -> dict[str, bytes]:
    if not len(rows):
        return {}
    found = drift.reference(rows, FEATURE_NAMES)
    return {REFERENCE_FILE: json.dumps(drift.to_document(found)).encode()}


def _linear(twin: LinearRanker | None) -> dict[str, bytes]:
    return {} if twin is None else {LINEAR_FILE: linear_file.written(twin, features=FEATURE_NAMES)}


def _rows(matrix: Float32Array) -> Sequence[Sequence[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]
