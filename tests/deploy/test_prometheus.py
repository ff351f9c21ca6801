"""Prometheus reads the ports that are served, and alerts name metrics that exist."""

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import generate_latest

from ranker.baseline import RetrievalOrder
from server.observability import Metrics, TritonMetrics
from server.rankers.health import health_of

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())
RULES: list[dict[str, Any]] = [
    rule
    for name in PROMETHEUS["rule_files"]
    for group in yaml.safe_load((DEPLOY / "prometheus" / name).read_text())["groups"]
    for rule in group["rules"]
]


def published_metrics() -> set[str]:
    """Return the names on the page of a server with every part, histogram parts included."""
    metrics = Metrics()
    metrics.watch_bundles(list)
    metrics.watch_ranker(lambda: health_of(RetrievalOrder()))
    TritonMetrics(metrics.registry)
    page = generate_latest(metrics.registry).decode()
    kinds = re.findall(r"^# TYPE (\w+) (\w+)$", page, re.MULTILINE)
    parts = {f"{name}{part}" for name, kind in kinds if kind == "histogram"
             for part in ("_bucket", "_sum", "_count")}  # fmt: skip
    return {name for name, _ in kinds} | parts


def test_targets_are_services() -> None:
    for job in PROMETHEUS["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            assert target.split(":")[0] in SERVICES


def test_the_configuration_is_where_the_command_says() -> None:
    prometheus = SERVICES["prometheus"]
    assert "--config.file=/etc/prometheus/prometheus.yaml" in prometheus["command"]
    assert "./prometheus:/etc/prometheus:ro" in prometheus["volumes"]


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_can_fire_and_says_what_to_do(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\bomnishelf_\w+", rule["expr"]))
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    assert named <= published_metrics()
    assert named or set(re.findall(r'job="(\w+)"', rule["expr"])) <= jobs
    assert rule["for"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "remedy"}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_expressions_are_promql(rule: dict[str, Any]) -> None:
    assert promql_parser.parse(rule["expr"])


def test_an_expression_that_is_none_is_noticed() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        promql_parser.parse("sum(rate(omnishelf_calls_total[5m])")
