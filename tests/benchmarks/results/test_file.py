"""Results as files: read back exactly, or refused with the file and the field."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.results.file import document, read, write
from benchmarks.results.values import BenchResult
from server.errors import DataCorrupted, FailedPrecondition, NotFound
from tests.benchmarks.results.made import BUSY, made_result, made_system, with_marks

SYSTEM = made_system()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def written(result: BenchResult, folder: Path) -> dict[str, Any]:
    write(result, folder / "a.json")
    loaded: dict[str, Any] = json.loads((folder / "a.json").read_text("utf-8"))
    return loaded


def refusal(value: object, folder: Path) -> str:
    path = folder / "a.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    with pytest.raises(DataCorrupted) as refused:
        read(path)
    assert refused.value.reason == "BENCH_FILE"
    assert str(path) in refused.value.message
    return refused.value.message


def test_a_result_is_read_back_as_it_was(tmp_path: Path) -> None:
    result = made_result(with_marks(made_system(), {1: BUSY}), made_system("echo"))
    write(result, tmp_path / "a.json")
    assert read(tmp_path / "a.json") == result
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(figures=st.dictionaries(TEXT, JSON, max_size=3), note=TEXT, value=FINITE, texts=TEXT)
def test_nothing_is_lost_on_the_way(
    figures: dict[str, object], note: str, value: float, texts: str, tmp_path: Path
) -> None:
    first = replace(SYSTEM.rounds[0], throughput=value, statuses={texts: 3}, planned_rate=None)
    result = replace(
        made_result(replace(SYSTEM, about={"of": texts}, rounds=(first,)), figures=figures),
        notes=(note,),
    )
    write(result, tmp_path / "a.json")
    assert read(tmp_path / "a.json") == result


def test_names_that_are_no_text_are_kept_too(tmp_path: Path) -> None:
    result = replace(made_result(), arguments={"shop": "caf\udce9.jsonl"})
    write(result, tmp_path / "a.json")
    assert read(tmp_path / "a.json") == result


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_not_written(bad: float, tmp_path: Path) -> None:
    result = made_result(figures={"rank": {"median": bad}})
    with pytest.raises(FailedPrecondition, match=r"figures\.rank\.median") as refused:
        write(result, tmp_path / "a.json")
    assert refused.value.reason == "BENCH_NOT_JSON"
    assert not list(tmp_path.iterdir())


def test_what_json_lacks_is_not_written() -> None:
    with pytest.raises(FailedPrecondition, match=r"figures\.when: is of type bytes"):
        document(made_result(figures={"when": b"now"}))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="cannot be written") as refused:
        write(made_result(), tmp_path / "none" / "a.json")
    assert refused.value.reason == "BENCH_NOT_WRITTEN"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"a\.json is not there") as refused:
        read(tmp_path / "a.json")
    assert refused.value.reason == "BENCH_NOT_FOUND"


def drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(value: Any) -> None:  # noqa: ANN401 - JSON, whatever it is
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return change


def put(new: object, *path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(value: Any) -> None:  # noqa: ANN401 - JSON, whatever it is
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = new

    return change


FIRST = ("systems", 0, "rounds", 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("omnishelf.bench/2", "schema"), "schema is 'omnishelf.bench/2'"),
        (drop("schema"), "schema is None"),
        (drop("machine"), "machine is missing"),
        (drop(*FIRST, "latency", "mean_ms"), "systems[0].rounds[0].latency.mean_ms is missing"),
        (put(1, *FIRST, "speed"), "systems[0].rounds[0].speed is not known"),
        (put(math.nan, *FIRST, "seconds"), "systems[0].rounds[0].seconds is nan"),
        (put(math.inf, *FIRST, "cpu_ms_a_request", "server"), "server is inf"),
        (put(-math.inf, "figures", "a", "b"), "figures.a.b is -inf"),
        (put("fast", *FIRST, "throughput"), "throughput is text, not a number"),
        (put(None, *FIRST, "throughput"), "throughput is null, not a number"),
        (put(True, *FIRST, "throughput"), "throughput is true or false, not a number"),
        (put(1.5, "data", "products"), "data.products is a number, not a whole number"),
        (put({}, "systems"), "systems is an object, not a list"),
        (put([], "versions"), "versions is a list, not an object"),
        (put([1], "notes"), "notes[0] is a whole number, not text"),
        (put("yes", *FIRST, "marks"), "marks is text, not a list"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    change: Callable[[dict[str, Any]], None], said: str, tmp_path: Path
) -> None:
    value = written(made_result(figures={"a": {"b": 1}}), tmp_path)
    change(value)
    assert said in refusal(value, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ('{"schema": ', "is not JSON"),
        ("[]", "is not an object"),
        ('{"schema": "omnishelf.bench/1", "schema": "x"}', "'schema' comes twice"),
    ],
)
def test_what_is_no_result_is_refused(text: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(text, tmp_path)


def test_a_number_too_large_to_hold_is_refused(tmp_path: Path) -> None:
    text = json.dumps(written(made_result(figures={"a": 7.5}), tmp_path)).replace("7.5", "1e999")
    assert "figures.a is inf" in refusal(text, tmp_path)


def test_a_folder_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(DataCorrupted, match="cannot be read"):
        read(tmp_path)
