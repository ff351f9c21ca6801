"""Versions of the model on disk, saved as a whole and loaded only after they are checked.

A version is a directory:

    model.txt      LightGBM's text format
    schema.json    the fingerprint, and the families with their versions and features, in order
    sample.json    rows of the matrix and the scores the model gave them when it was saved
    manifest.json  hashes of the three, name, features, metrics, provenance
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ranker.columns import Float32Array
from ranker.errors import ModelRefused, RankingError
from ranker.features.schema import FAMILIES, FEATURES, fingerprint
from ranker.manifest import (
    HASHED_FILES,
    MANIFEST_FILE,
    MODEL_FILE,
    SAMPLE_FILE,
    SCHEMA_FILE,
    RankerManifest,
    read_manifest,
)
from ranker.model import BoostedRanker
from ranker.train import TrainedRanker

DEFAULT_DIRECTORY = Path(__file__).parent / "default" / "model"
"""The version that ships; ``ranker/default/README.md`` tells how it was trained."""

PROBE_TIMEOUT_SECONDS = 30.0
"""How long the child process may take to parse and score the sample."""

PROBE = Path(__file__).with_name("probe.py")
"""The program of the child process."""

_SCORE_TOLERANCE = 1e-4


def save(directory: Path, trained: TrainedRanker, *, provenance: Mapping[str, str]) -> None:
    """Write a version; one that is there already is replaced as a whole.

    Raises:
        RankingError: ``directory`` holds something else than a ranker.
    """
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


def load(directory: Path, *, probe_timeout_seconds: float = PROBE_TIMEOUT_SECONDS) -> BoostedRanker:
    """The ranker in ``directory``, after its hashes, its schema and a trial in a child process.

    What is hashed is what is tried and what is served: every file is read once.

    Raises:
        ModelRefused: a file is missing (RANKER_NOT_FOUND) or changed (RANKER_HASH), the features
            are not those of this release (RANKER_SCHEMA), or the model does not parse, takes too
            long, or gives the sample other scores than when it was saved (RANKER_UNPARSABLE).
    """
    manifest = read_manifest(directory)
    files = {name: _checked(directory / name, manifest.files[name]) for name in HASHED_FILES}
    current = fingerprint()
    if manifest.fingerprint != current:
        raise ModelRefused(
            f"The ranker in {directory} was trained on other features (fingerprint"
            f" {manifest.fingerprint[:12]}, this release computes {current[:12]}); retrain it.",
            reason="RANKER_SCHEMA",
        )
    try:
        model, sample = files[MODEL_FILE].decode(), json.loads(files[SAMPLE_FILE])
        _try_in_child(
            model,
            matrix=sample["matrix"],
            expected=np.array(sample["scores"], dtype=np.float32),
            timeout_seconds=probe_timeout_seconds,
        )
        return BoostedRanker(model, name=manifest.name)
    except (ValueError, KeyError, TypeError, RankingError) as error:
        raise ModelRefused(
            f"The ranker in {directory} cannot be used: {error}; restore or retrain the version.",
            reason="RANKER_UNPARSABLE",
        ) from error


def _write(directory: Path, trained: TrainedRanker, *, provenance: Mapping[str, str]) -> None:
    scores = trained.ranker().score(trained.sample)
    schema = {
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
    contents = {
        MODEL_FILE: trained.model,
        SCHEMA_FILE: json.dumps(schema, indent=2) + "\n",
        SAMPLE_FILE: json.dumps({"matrix": _rows(trained.sample), "scores": scores.tolist()}),
    }
    manifest = RankerManifest(
        name=trained.name,
        files={name: _digest(text.encode()) for name, text in contents.items()},
        features=tuple(feature.name for feature in FEATURES),
        fingerprint=fingerprint(),
        metrics=trained.metrics,
        provenance=provenance,
    )
    for name, text in (*contents.items(), (MANIFEST_FILE, manifest.to_json())):
        (directory / name).write_bytes(text.encode())


def _rows(matrix: Float32Array) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _checked(path: Path, expected: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelRefused(
            f"{path} cannot be read; restore or retrain the version.", reason="RANKER_NOT_FOUND"
        ) from error
    if _digest(data) != expected:
        raise ModelRefused(
            f"{path} is not the file its manifest describes (SHA-256 differs); restore or retrain"
            " the version.",
            reason="RANKER_HASH",
        )
    return data


def _try_in_child(
    model: str,
    *,
    matrix: Sequence[Sequence[float | None]],
    expected: Float32Array,
    timeout_seconds: float,
) -> None:
    """Raise ValueError unless a child process scores ``matrix`` as ``expected``."""
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter on our own file
            [sys.executable, "-P", str(PROBE)],
            input=json.dumps({"model": model, "matrix": matrix}).encode(),
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"it took more than {timeout_seconds:g} s to parse") from None
    if child.returncode != 0:
        raise ValueError(f"the process that parsed it ended with code {child.returncode}")
    # LightGBM may print notes of its own first.
    scores = np.array(json.loads(child.stdout.splitlines()[-1]), dtype=np.float32)
    if scores.shape != expected.shape or not np.allclose(
        scores, expected, rtol=_SCORE_TOLERANCE, atol=_SCORE_TOLERANCE
    ):
        raise ValueError("it scores its sample otherwise than when it was saved")
