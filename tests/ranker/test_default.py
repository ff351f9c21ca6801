"""The ranker that ships: its page tells the truth, and it loads."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ranker.events import EventWeights
from ranker.registry import DEFAULT_DIRECTORY, load
from ranker.simulate import ShopperModel

README = (DEFAULT_DIRECTORY.parent / "README.md").read_text(encoding="utf-8")


def stated() -> dict[str, list[float]]:
    """Parameters in the page's tables: one field and its value, or as many of both."""
    found: dict[str, list[float]] = {}
    for row in re.findall(r"^\|(.*)\|$", README, flags=re.MULTILINE):
        names = re.findall(r"`(\w+)`", row)
        numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", row)]
        if len(names) == 1:
            found[names[0]] = numbers
        else:
            found |= {name: [number] for name, number in zip(names, numbers, strict=True)}
    return found


def test_first_line_says_that_shoppers_are_simulated() -> None:
    assert "simulated shoppers" in README.splitlines()[0]


@pytest.mark.parametrize("model", [ShopperModel(), EventWeights()], ids=lambda m: type(m).__name__)
def test_page_states_every_parameter(model: ShopperModel | EventWeights) -> None:
    for field in fields(model):
        value = getattr(model, field.name)
        expected = list(value) if isinstance(value, tuple) else [value]
        assert stated().get(field.name) == expected, field.name


@pytest.mark.skipif(not Path(DEFAULT_DIRECTORY).is_dir(), reason="no default ranker is trained yet")
def test_default_ranker_loads() -> None:
    assert load(DEFAULT_DIRECTORY).id.startswith("default@")


def test_it_has_its_twin_and_runs_on_onnx_runtime() -> None:
    shipped = load(DEFAULT_DIRECTORY)
    assert shipped.twin is not None
    assert shipped.engine == "onnxruntime", shipped.engine_reason
