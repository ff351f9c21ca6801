"""What a ranker directory says of itself, in ``manifest.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ranker.errors import ModelRefused

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.txt"
SCHEMA_FILE = "schema.json"
SAMPLE_FILE = "sample.json"

HASHED_FILES = (MODEL_FILE, SCHEMA_FILE, SAMPLE_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerManifest:
    """One version.

    Attributes:
        name: Of the version; its id is ``name@`` and the start of the model's hash.
        files: SHA-256, hexadecimal, of every other file by its name.
        features: Columns of the matrix, in order.
        fingerprint: Of the feature schema, see `features.schema.fingerprint`.
        metrics: Measured in training.
        provenance: Where the training data came from and how the model was made.
    """

    name: str
    files: Mapping[str, str]
    features: tuple[str, ...]
    fingerprint: str
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]

    def to_json(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_manifest(directory: Path) -> RankerManifest:
    """The manifest of a ranker directory; nothing else is read or checked.

    Raises:
        ModelRefused: there is none (RANKER_NOT_FOUND), or it is broken (RANKER_UNPARSABLE).
    """
    path = directory / MANIFEST_FILE
    try:
        said = json.loads(path.read_bytes())
        return RankerManifest(
            name=str(said["name"]),
            files={name: str(said["files"][name]) for name in HASHED_FILES},
            features=tuple(map(str, said["features"])),
            fingerprint=str(said["fingerprint"]),
            metrics={str(name): float(value) for name, value in said["metrics"].items()},
            provenance={str(name): str(value) for name, value in said["provenance"].items()},
        )
    except OSError as error:
        raise ModelRefused(
            f"There is no ranker in {directory}: {MANIFEST_FILE} cannot be read. Train one, or"
            " correct the path.",
            reason="RANKER_NOT_FOUND",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelRefused(
            f"{path} is not a ranker manifest ({error!r}); restore or retrain the version.",
            reason="RANKER_UNPARSABLE",
        ) from error
