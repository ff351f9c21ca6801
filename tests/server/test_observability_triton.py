"""What is published of a managed Triton, and only where there is one."""

from __future__ import annotations

from server.observability import Metrics, TritonMetrics


def test_it_is_up_or_down_and_its_restarts_are_counted() -> None:
    metrics = Metrics()
    sample = metrics.registry.get_sample_value
    assert sample("omnishelf_triton_up") is None
    triton = TritonMetrics(metrics.registry)
    assert (sample("omnishelf_triton_up"), sample("omnishelf_triton_restarts_total")) == (0, 0)
    triton.triton_up(up=True)
    assert (sample("omnishelf_triton_up"), sample("omnishelf_triton_restarts_total")) == (1, 0)
    triton.triton_up(up=False)
    triton.triton_restarted()
    assert (sample("omnishelf_triton_up"), sample("omnishelf_triton_restarts_total")) == (0, 1)
