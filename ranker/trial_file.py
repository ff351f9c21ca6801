"""How well a ranker of any features orders another dataset, beside its linear twin."""

from __future__ import annotations

import numpy as np

from ranker.boosting import METRIC_PLACES, query_ndcg
from ranker.dataset import RankingDataset
from ranker.intervals import bootstrap_interval
from ranker.plain_lightgbm import lightgbm
from ranker.train import TrainedRanker


def measured_on(trained: TrainedRanker, dataset: RankingDataset) -> dict[str, object]:
    """NDCG@10 on queries that neither trained nor chose anything: means and the model's interval.

    Queries without a relevant row take no part.
    """
    booster = lightgbm.Booster(model_str=trained.model)
    scores = np.asarray(booster.predict(dataset.matrix, num_threads=1), dtype=np.float32)
    model = bootstrap_interval(query_ndcg(scores, dataset), seed=trained.seed)
    said: dict[str, object] = {
        f"valid_ndcg@{METRIC_PLACES}": model.mean,
        "valid_interval": [model.low, model.high],
    }
    if trained.linear is not None:
        linear = query_ndcg(trained.linear.score(dataset.matrix), dataset)
        said[f"valid_linear_ndcg@{METRIC_PLACES}"] = bootstrap_interval(linear, seed=0).mean
    return said
