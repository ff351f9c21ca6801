"""Pages of results: they say all that the result holds, need nothing beside them, and are safe."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.load.measured import Mark
from benchmarks.results.pages import html, markdown
from benchmarks.results.values import BenchResult
from tests.benchmarks.results.made import (
    BUSY,
    GONE,
    made_result,
    made_round,
    made_system,
    with_marks,
)

CURVE = [
    {"rate": rate, "p50": 8.0, "p99": 8.0 + rate, "throughput": rate, "valid": rate < 40}
    for rate in (10.0, 10.0, 20.0, 40.0)
]
SCALE = [
    {
        "engine": engine,
        "size": size,
        "p50_ms": size / 1e4,
        "p99_ms": size / 5e3,
        "recall_at_10": 1.0,
    }
    for engine in ("exact", "lite")
    for size in (10_000, 1_000_000)
]
RUN = made_result(
    with_marks(made_system(), {0: BUSY, 2: GONE}),
    made_system("afternoon", times=(2.0, 2.2, 1.8, 2.1, 1.9)),
    replace(made_system("echo"), rounds=(made_round(stages=False),) * 5),
)
SWEEP = made_result(
    command="sweep",
    figures={
        "highest_rate": {"median": 20.0, "low": 10.0, "high": 20.0},
        "p99_limit_ms": 30.0,
        "curve": CURVE,
    },
)
SIZES = replace(
    made_result(command="scale", figures={"scale": SCALE, "million_over_ten_thousand": 1.5}),
    systems=(),
)
PARTS = replace(
    made_result(
        command="parts",
        figures={
            "tail_at_half": {"median": 2.0, "low": 1.9, "high": 2.2},
            "tail_at_80": 5.0,
            "start_seconds": None,
            "reasons": {"start_seconds": "the server did not start"},
            "bare": {"encode_ms": 6.5, "names": ["a", "b"]},
        },
    ),
    systems=(),
)
EVERY = {"run": RUN, "sweep": SWEEP, "scale": SIZES, "parts": PARTS}


class Seen(HTMLParser):
    """Counts tags and keeps attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in {"meta", "path", "use", "rect"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"path", "use", "rect"}:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


@cache
def page_of(name: str) -> str:
    return html(EVERY[name])


@pytest.fixture(scope="module", params=EVERY)
def page(request: pytest.FixtureRequest) -> str:
    return page_of(str(request.param))


def test_a_page_needs_nothing_beside_it(page: str) -> None:
    seen = Seen(page)
    assert not seen.open
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(seen.tags)
    names = {name for name, _ in seen.attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "srcset"}}
    used = [value or "" for name, value in seen.attributes if name in {"href", "xlink:href"}]
    assert all(value.startswith("#") for value in used)
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert "@import" not in page


def test_identifiers_are_there_once_and_are_found(page: str) -> None:
    attributes = Seen(page).attributes
    known = [value for name, value in attributes if name == "id"]
    assert len(known) == len(set(known))
    wanted = re.findall(r'(?:url\(|href=")#([^)"]+)', page)
    labelled = [value or "" for name, value in attributes if name == "aria-labelledby"]
    assert {*wanted, *" ".join(labelled).split()} <= set(known)


def test_pictures_and_tables_can_be_heard(page: str) -> None:
    drawings = re.findall(r"<svg .*?</svg>", page, flags=re.DOTALL)
    for drawing in drawings:
        root = ET.fromstring(drawing)  # noqa: S314 - drawn a moment ago
        assert root.get("role") == "img"
        assert [len(child.text or "") > 5 for child in list(root)[:2]] == [True, True]
    seen = Seen(page)
    assert seen.tags["figure"] == seen.tags["figcaption"] == len(drawings)
    assert seen.tags["table"] == seen.tags["caption"]
    assert seen.tags["th"] == sum(name == "scope" for name, _ in seen.attributes)


def test_drawings_follow_the_theme(page: str) -> None:
    for drawing in re.findall(r"<svg .*?</svg>", page, flags=re.DOTALL):
        assert not re.findall(r"#[0-9a-fA-F]{6}\b", drawing)
        assert "var(--quiet)" in drawing


def test_both_pages_say_the_same(page: str) -> None:
    result = next(each for each in EVERY.values() if f"bench {each.command}," in page)
    said = " ".join(Seen(page).text.split())
    lines = [line for line in markdown(result).splitlines() if line.startswith("| ")]
    cells = [cell.strip(" |*~") for line in lines for cell in line.split(" | ")]
    for each in cells:
        text = each.replace("\\", "").split(" (")[0]
        assert text in said or set(text) <= set("-:")


def test_the_same_result_makes_the_same_page() -> None:
    assert html(RUN) == page_of("run")


@pytest.mark.parametrize(
    ("name", "drawings"), [("run", 2), ("sweep", 3), ("scale", 1), ("parts", 0)]
)
def test_what_can_be_seen_is_drawn(name: str, drawings: int) -> None:
    assert page_of(name).count("<svg ") == drawings


def test_names_are_never_markup() -> None:
    name = "<b>&\"'$x$ | `a` *b* 红"
    system = made_system(name, about=name)
    result = replace(made_result(system, made_system("echo")), notes=(name,))
    seen = Seen(html(result))
    assert seen.tags["b"] == 0
    assert name in seen.text
    said = markdown(result)
    assert "<b>" not in said.replace("\\<b\\>", "")
    assert all(
        len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", lines[0]))
        for table in re.findall(r"(?:^\|.*\n)+", said, flags=re.MULTILINE)
        for lines in [table.splitlines()]
        for line in lines
    )


def test_what_is_not_valid_is_struck_out_and_said() -> None:
    said = markdown(RUN)
    assert said.count("~~") == 2 * 5
    assert "SERVER_GONE: round 3 of omnishelf is left out. The server went away" in said
    assert "MACHINE_BUSY: round 1 of omnishelf counts. Other processes" in said
    assert page_of("run").count("<s>") == 5


def test_a_round_that_is_not_valid_is_in_no_figure() -> None:
    plain = made_system()
    wild = replace(plain, rounds=(*plain.rounds, made_round(milliseconds=[9e4] * 4, marks=(GONE,))))
    one, other = markdown(made_result(plain)), markdown(made_result(wild))
    tables = [said[said.index("| p50, ms") : said.index("## Rounds")] for said in (one, other)]
    assert tables[0] == tables[1]


@settings(max_examples=15, deadline=None)
@given(names=st.lists(st.text("ABC", max_size=2), min_size=5, max_size=5), invalid=st.booleans())
def test_marks_never_vanish(names: list[str], *, invalid: bool) -> None:
    marks = {
        place: Mark(name=f"M{name}", invalid=invalid, text=f"why {place} {name}.")
        for place, name in enumerate(names)
        if name
    }
    said = markdown(made_result(with_marks(made_system(), marks)))
    for place, mark in marks.items():
        assert f"omnishelf {place + 1}{' does not count' if invalid else ''}. {mark.name}:" in said
        assert mark.text in said


@pytest.mark.parametrize(
    "result",
    [
        replace(made_result(), systems=()),
        made_result(with_marks(made_system(), dict.fromkeys(range(5), GONE))),
        made_result(replace(made_system(), rounds=())),
        made_result(
            replace(
                made_system(),
                rounds=(made_round(milliseconds=(), statuses={"UNAVAILABLE": 4}, ndcg=None),) * 3,
            )
        ),
        made_result(replace(made_system(), rounds=(made_round(rate=None),))),
        replace(made_result(), made_at="today", arguments={}, versions={}, machine={}),
        made_result(figures={"a": [], "b": {}, "c": [{"rate": None}], "d": [1, "x"], "e": True}),
    ],
    ids=["no system", "no valid", "no rounds", "no answer", "one round", "no facts", "odd figures"],
)
def test_there_is_a_page_of_everything(result: BenchResult) -> None:
    assert not Seen(html(result)).open
    assert markdown(result).startswith("# omnishelf bench run, ")


def test_every_figure_is_on_the_page() -> None:
    said = markdown(PARTS)
    for each in ("missed by 25 %", "not measured: the server did not start", "6.50", '"a", "b"'):
        assert each.replace("[", "\\[") in said
    assert "| 10,000 | 1.00 | 2.00 | 1.00 |" in markdown(SIZES)
    assert "no |" in markdown(SWEEP)
