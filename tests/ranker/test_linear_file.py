"""The file of the linear twin: what is read is what was written, and the rest is refused."""

import json

import numpy as np
import pytest

from ranker.errors import ModelRefused
from ranker.linear import LinearRanker, Standardisation
from ranker.linear_file import read, written
from ranker.manifest import UNPARSABLE

FEATURES = ("likeness", "price")


def column(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


TWIN = LinearRanker(
    column(0.1, -2.0), standardisation=Standardisation(means=column(1 / 3, 10), scales=column(2, 0))
)


def file_with(**changes: object) -> bytes:
    return json.dumps(json.loads(written(TWIN, features=FEATURES)) | changes).encode()


def test_every_number_is_read_as_it_was() -> None:
    twin = read(written(TWIN, features=FEATURES), features=FEATURES, version="one@abc")
    assert twin.id == "one@abc/linear"
    for found, expected in [
        (twin.weights, TWIN.weights),
        (twin.standardisation.means, TWIN.standardisation.means),
        (twin.standardisation.scales, TWIN.standardisation.scales),
    ]:
        assert found.dtype == np.float32
        assert found.tobytes() == expected.tobytes()


def test_scores_by_hand() -> None:
    twin = read(written(TWIN, features=FEATURES), features=FEATURES, version="one@abc")
    # 0.1 times what 4/3 is above the mean of 1/3, in units of 1/2; the price did not vary.
    rows = np.array([[4 / 3, 50.0], [np.nan, 50.0], [1e30, np.inf]], dtype=np.float32)
    assert twin.score(rows).tolist() == pytest.approx([0.2, 0.0, 1.0])
    assert twin.shap(rows).tolist() == [
        pytest.approx([0.2, 0.0, 0.0]),
        pytest.approx([0.0, 0.0, 0.0]),
        pytest.approx([1.0, 0.0, 0.0]),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"features": ["price", "likeness"]}, "RANKER_SCHEMA", id="another order"),
        pytest.param({"features": ["likeness"]}, "RANKER_SCHEMA", id="fewer"),
        pytest.param({"features": None}, "RANKER_SCHEMA", id="none"),
        pytest.param({"weights": [0.1, float("nan")]}, "RANKER_NOT_FINITE", id="no number"),
        pytest.param({"weights": [0.1, None]}, "RANKER_NOT_FINITE", id="null"),
        pytest.param({"weights": [0.1, 1e39]}, "RANKER_NOT_FINITE", id="beyond float32"),
        # Finite itself, but not ten deviations from the mean.
        pytest.param({"weights": [0.1, 1e38]}, "RANKER_NOT_FINITE", id="an infinite score"),
        pytest.param({"means": [float("inf"), 0]}, "RANKER_NOT_FINITE", id="mean"),
        pytest.param({"scales": [float("-inf"), 0]}, "RANKER_NOT_FINITE", id="scale"),
    ],
)
def test_refuses(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ModelRefused, match="linear twin") as refusal:
        read(file_with(**changes), features=FEATURES, version="one@abc")
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x80\x05N.", id="a pickle"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="nothing"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(file_with(weights=[10**400, 1]), id="an endless number"),
        pytest.param(file_with(weights=[1.0]), id="too few"),
        pytest.param(file_with(weights=[[1.0, 2.0]]), id="a matrix"),
        pytest.param(file_with(weights=["a", "b"]), id="words"),
        pytest.param(file_with(weights={"likeness": 1.0}), id="by name"),
    ],
)
def test_what_does_not_parse_raises_what_loading_maps(data: bytes) -> None:
    with pytest.raises(UNPARSABLE):
        read(data, features=FEATURES, version="one@abc")
