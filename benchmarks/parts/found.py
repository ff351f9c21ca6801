"""Collects figures one after the other; what cannot be measured is None with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.results.intervals import Estimate
from server.errors import OmnishelfError


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run found so far.

    Attributes:
        figures: By name an estimate; None where it was not measured.
        raw: What stands behind the figures, by the name of the step that measured it.
        reasons: By name why a figure is None.
    """

    figures: dict[str, Estimate | None] = field(default_factory=dict)
    raw: dict[str, object] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def step(self, *names: str) -> Iterator[None]:
        """A block that sets figures; where it fails, those it has not set are None, with why."""
        for name in names:
            self.figures.setdefault(name, None)
        try:
            yield
        except OmnishelfError as error:
            self.cannot(*names, reason=error.message)
        except OSError as error:
            self.cannot(*names, reason=f"the system refused: {error.strerror or error}")

    def cannot(self, *names: str, reason: str) -> None:
        """Say why figures that are not set are not."""
        for name in names:
            if self.figures.setdefault(name, None) is None:
                self.reasons[name] = reason

    def document(self) -> dict[str, object]:
        """As a result holds it: intervals, reasons, and what stands behind them."""
        figures: dict[str, object] = {
            name: None if each is None else each.to_json() for name, each in self.figures.items()
        }
        return figures | {"reasons": dict(self.reasons), "raw": rounded(self.raw)}

    def numbers(self) -> dict[str, object]:
        """Plain numbers by name, then the intervals, the reasons and what stands behind them."""
        plain = {
            name: None if each is None else round(each.median, 4)
            for name, each in self.figures.items()
        }
        intervals = {
            name: each.to_json() for name, each in self.figures.items() if each is not None
        }
        return {
            **plain,
            "intervals": rounded(intervals),
            "reasons": dict(self.reasons),
            "raw": rounded(self.raw),
        }


def rounded(value: object) -> object:
    """A value as JSON holds it, its numbers to four decimals.

    >>> rounded({"a": (1, 2.123456), "b": None})
    {'a': [1, 2.1235], 'b': None}
    """
    if isinstance(value, Estimate):
        return rounded(value.to_json())
    if isinstance(value, Mapping):
        return {str(key): rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    if isinstance(value, float):
        return round(value, 4)
    return value
