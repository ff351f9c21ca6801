"""Which stage a stack is in."""

from __future__ import annotations

import sys
from pathlib import Path

import server
from benchmarks.parts.stage_lines import OTHER, Lines, StageMap, stack_of, stage_lines

SOURCE = """
def search(clock):
    with clock.stage("encode"):
        first()
        second(
            1,
        )
    between()
    with lock, clock.stage("rank"):
        third()
"""


def test_a_stage_is_the_lines_of_its_block() -> None:
    assert stage_lines(SOURCE) == (
        Lines(first=4, last=7, stage="encode"),
        Lines(first=10, last=10, stage="rank"),
    )


def test_the_servers_own_source_has_the_stages_that_replies_tell() -> None:
    folder = Path(server.__file__).parent
    files = ("candidate_finder.py", "ranking_stage.py", "pipeline.py")
    found = {
        each.stage for name in files for each in stage_lines((folder / name).read_text("utf-8"))
    }
    assert found >= {"decode", "encode", "retrieve", "signals", "features", "rank", "diversify"}


def test_the_innermost_block_counts(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    file = tmp_path / "server" / "made.py"
    file.write_text(
        "def outer(clock, call):\n"
        "    with clock.stage('signals'):\n"
        "        return inner(clock, call)\n"
        "def inner(clock, call):\n"
        "    with clock.stage('features'):\n"
        "        return call()\n",
        "utf-8",
    )
    space: dict[str, object] = {}
    exec(compile(file.read_text("utf-8"), str(file), "exec"), space)  # noqa: S102 - made above
    stages = StageMap(tmp_path)

    class Clock:
        def stage(self, _name: str) -> Clock:
            return self

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    def look() -> str:
        return stages.stage(stack_of(sys._getframe()))

    outer = space["outer"]
    assert callable(outer)
    assert outer(Clock(), look) == "features"
    assert look() == OTHER
