import json
import urllib.request

import pytest
import structlog

from ranker.baseline import RetrievalOrder
from server.errors import AlreadyInUse
from server.log_setup import configure_logging
from server.metrics_page import MetricsPage
from server.observability import Metrics
from server.rankers.health import Refused, health_of
from server.settings import LogFormat, LogSettings
from server.stages import FallbackUsed


def _read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        return str(page.read().decode())


def test_the_page_shows_what_was_counted() -> None:
    metrics = Metrics()
    metrics.calls.labels("SearchService/SearchProducts", "OK").inc()
    metrics.stage("encode", 0.004)
    metrics.fallback(FallbackUsed(stage="rank", used="retrieval_order", reason="DEADLINE"))
    metrics.describe(lambda: {"encoder_bundle": "starter_1"})
    metrics.watch_products(lambda: {"luma": 449})
    page = MetricsPage(metrics.registry, host="127.0.0.1", port=0)
    try:
        text = _read(page.port)
    finally:
        page.close()
    assert 'omnishelf_calls_total{code="OK",method="SearchService/SearchProducts"} 1.0' in text
    assert 'omnishelf_search_stage_seconds_sum{stage="encode"} 0.004' in text
    fallback = 'reason="DEADLINE",stage="rank",used="retrieval_order"'
    assert f"omnishelf_search_fallbacks_total{{{fallback}}} 1.0" in text
    assert 'omnishelf_served_by_info{encoder_bundle="starter_1"} 1.0' in text
    assert 'omnishelf_products{catalog="luma"} 449.0' in text


def test_a_refused_ranker_is_told_while_it_is() -> None:
    metrics, refused = Metrics(), Refused(ranker="new@1", reason="RANKER_HASH")
    health = health_of(RetrievalOrder(), refused=refused)
    metrics.watch_ranker(lambda: health)
    read = metrics.registry.get_sample_value
    labels = {"ranker": "new@1", "reason": "RANKER_HASH"}
    assert read("omnishelf_ranker_refused", labels) == 1
    engine = {"ranker": "retrieval", "engine": "none", "reason": ""}
    assert read("omnishelf_ranker_engine_info", engine) == 1
    health = health_of(RetrievalOrder())
    assert read("omnishelf_ranker_refused", labels) is None


def test_a_taken_metrics_port_is_named() -> None:
    page = MetricsPage(Metrics().registry, host="127.0.0.1", port=0)
    try:
        with pytest.raises(AlreadyInUse, match=f"metrics port {page.port} .*--metrics-port"):
            MetricsPage(Metrics().registry, host="127.0.0.1", port=page.port)
    finally:
        page.close()


def test_two_sets_of_metrics_fit_in_one_process() -> None:
    first, second = Metrics(), Metrics()
    first.calls.labels("m", "OK").inc()
    assert second.registry.get_sample_value(
        "omnishelf_calls_total", {"method": "m", "code": "OK"}
    ) is None  # fmt: skip


def test_json_lines_carry_bound_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format=LogFormat.JSON, level="info"))
    with structlog.contextvars.bound_contextvars(search_id="s1"):
        structlog.get_logger().info("call", code="OK", words="夏")
        structlog.get_logger().debug("not this")
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    entry = json.loads(line)
    del entry["timestamp"]
    assert entry == {
        "event": "call",
        "level": "info",
        "search_id": "s1",
        "code": "OK",
        "words": "夏",
    }


def test_console_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format=LogFormat.CONSOLE, level="warning"))
    structlog.get_logger().info("not this")
    structlog.get_logger().warning("mind this", port=1)
    assert "mind this" in capsys.readouterr().err
