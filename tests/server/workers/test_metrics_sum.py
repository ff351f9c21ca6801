from __future__ import annotations

from prometheus_client.core import CounterMetricFamily

from server.workers.metrics_sum import MetricsSum

PAGE = """# HELP omnishelf_calls_total Calls answered.
# TYPE omnishelf_calls_total counter
omnishelf_calls_total{{code="OK"}} {ok}
# TYPE omnishelf_calls_created gauge
omnishelf_calls_created{{code="OK"}} {created}
# TYPE omnishelf_call_seconds histogram
omnishelf_call_seconds_bucket{{le="0.1"}} {ok}
omnishelf_call_seconds_bucket{{le="+Inf"}} {ok}
omnishelf_call_seconds_count {ok}
omnishelf_call_seconds_sum 0.5
# TYPE omnishelf_calls_in_flight gauge
omnishelf_calls_in_flight 2
# TYPE omnishelf_products gauge
omnishelf_products{{catalog="shop"}} {products}
# TYPE omnishelf_served_by_info gauge
omnishelf_served_by_info{{ranker="{ranker}"}} 1
"""


def _page(*, ok: int, created: int = 5, products: int = 100, ranker: str = "v1") -> str:
    return PAGE.format(ok=ok, created=created, products=products, ranker=ranker)


def _values(metrics: MetricsSum) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def test_counts_are_added_and_what_all_say_is_said_once() -> None:
    metrics = MetricsSum()
    metrics.hear(0, _page(ok=3, created=7, products=100))
    metrics.hear(1, _page(ok=4, created=6, products=101, ranker="v2"))
    assert _values(metrics) == {
        "omnishelf_calls_total['OK']": 7,
        "omnishelf_calls_created['OK']": 6,
        "omnishelf_call_seconds_bucket['0.1']": 7,
        "omnishelf_call_seconds_bucket['+Inf']": 7,
        "omnishelf_call_seconds_count[]": 7,
        "omnishelf_call_seconds_sum[]": 1.0,
        "omnishelf_calls_in_flight[]": 4,
        "omnishelf_products['shop']": 101,
        "omnishelf_served_by_info['v1']": 1,
        "omnishelf_served_by_info['v2']": 1,
    }


def test_a_page_takes_the_place_of_the_workers_last() -> None:
    metrics = MetricsSum()
    for ok in (3, 5):
        metrics.hear(0, _page(ok=ok))
    assert _values(metrics)["omnishelf_calls_total['OK']"] == 5


def test_of_the_dead_the_counts_stay_and_nothing_else() -> None:
    metrics = MetricsSum()
    metrics.hear(0, _page(ok=3))
    metrics.hear(1, _page(ok=4))
    metrics.gone(1)
    metrics.gone(2)  # one that was never heard
    values = _values(metrics)
    assert values["omnishelf_calls_total['OK']"] == 7
    assert values["omnishelf_calls_in_flight[]"] == 2
    metrics.hear(1, _page(ok=1))
    metrics.gone(1)
    assert _values(metrics)["omnishelf_calls_total['OK']"] == 8


def test_workers_are_asked_before_a_sum_is_given() -> None:
    metrics = MetricsSum(lambda: metrics.hear(0, _page(ok=9)))
    assert _values(metrics)["omnishelf_calls_total['OK']"] == 9


def test_what_the_supervisor_counts_is_added() -> None:
    metrics = MetricsSum()
    metrics.own = lambda: [CounterMetricFamily("omnishelf_workload_dropped", "", value=2)]
    assert _values(metrics) == {"omnishelf_workload_dropped_total[]": 2}
    for worker in (0, 1):
        metrics.hear(
            worker,
            "# TYPE omnishelf_workload_dropped_total counter\nomnishelf_workload_dropped_total 3\n",
        )
    assert _values(metrics) == {"omnishelf_workload_dropped_total[]": 8}
