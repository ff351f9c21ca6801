"""Adds the metrics of a group's workers up to those of one server."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

_ADDED_TYPES: Final = frozenset({"counter", "histogram", "summary"})
_ADDED_GAUGES: Final = frozenset(
    {
        "omnishelf_calls_in_flight",
        "omnishelf_vector_cache_entries",
        "omnishelf_vector_cache_bytes",
    }
)
_BEGINNING: Final = "_created"

_Key = tuple[str, tuple[tuple[str, str], ...]]


class MetricsSum(Collector):
    """The sum of the pages that were heard last. Any thread.

    Counters and histograms are added, those of workers that died too, so that none falls. Of
    gauges those are added that count what each worker has for itself; of the others, which say the
    same in every worker, the largest is taken, so that what ails one is seen.
    """

    def __init__(self, ask: Callable[[], None] = lambda: None) -> None:
        """``ask`` is called before a sum is given; it has the workers' pages heard."""
        self._ask = ask
        self.own: Callable[[], Iterable[Metric]] = tuple
        """What the supervisor counts itself, to be added."""
        self._changing = threading.Lock()
        self._pages: dict[int, list[Metric]] = {}
        self._gone: list[Metric] = []

    def hear(self, worker: int, text: str) -> None:
        """Take a worker's page in place of the one before."""
        families = list(text_string_to_metric_families(text))
        with self._changing:
            self._pages[worker] = families

    def gone(self, worker: int) -> None:
        """Keep what a worker that ended had counted, and nothing else of it."""
        with self._changing:
            left = self._pages.pop(worker, [])
            counted = [family for family in left if family.type in _ADDED_TYPES]
            self._gone = list(_added([*self._gone, *counted]))

    def collect(self) -> Iterator[Metric]:
        """The families of all workers together."""
        self._ask()
        with self._changing:
            of_workers = [family for page in self._pages.values() for family in page]
            yield from _added([*self._gone, *of_workers, *self.own()])


def _added(families: Iterable[Metric]) -> Iterator[Metric]:
    by_name: dict[str, list[Metric]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    for name, same in by_name.items():
        merged = Metric(name, same[0].documentation, same[0].type)
        values: dict[_Key, float] = {}
        for family in same:
            combine = _combining(family)
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                value = sample.value
                values[key] = combine(values[key], value) if key in values else value
        for (sample_name, labels), value in values.items():
            merged.add_sample(sample_name, dict(labels), value)
        yield merged


def _combining(family: Metric) -> Callable[[float, float], float]:
    if family.name.endswith(_BEGINNING):
        return min
    if family.type in _ADDED_TYPES or family.name in _ADDED_GAUGES:
        return operator.add
    return max
