"""What is said of the served ranker's health."""

import pytest

from ranker.baseline import RetrievalOrder
from ranker.model import BoostedRanker
from server.rankers.health import RankerHealth, Refused, health_of
from server.rankers.served import FixedRanker
from tests.server.rankers.conftest import trained


class Trees:
    """An engine that stands for ONNX Runtime."""

    def score(self, matrix: object) -> object:
        return matrix


def test_of_retrieval_order_there_is_no_engine() -> None:
    assert FixedRanker(current=RetrievalOrder()).health == RankerHealth(
        ranker="retrieval", engine="none", engine_reason="", twin="", refused=None
    )


@pytest.mark.parametrize("runs", ["lightgbm", "onnxruntime"])
def test_of_trees_it_is_what_runs_them_and_why(runs: str) -> None:
    made = trained("made")
    ranker = BoostedRanker(made.model, name=made.name).beside(RetrievalOrder())
    if runs == "lightgbm":
        ranker.on_lightgbm("scores differ")
    else:
        ranker.on_onnx(Trees())  # type: ignore[arg-type] # never asked
    refused = Refused(ranker="newer@1", reason="RANKER_HASH")
    assert str(refused) == "newer@1: RANKER_HASH"
    assert health_of(ranker, refused=refused) == RankerHealth(
        ranker=ranker.id,
        engine=runs,
        engine_reason="scores differ" if runs == "lightgbm" else "",
        twin="retrieval",
        refused=refused,
    )
