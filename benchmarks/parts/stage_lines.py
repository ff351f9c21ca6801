"""Which lines of the server's source belong to which stage of a request."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

OTHER = "other"
_SERIALISE = ("server/rpc/reply.py", "reply", "serialise")
"""The one stage that no `with` block marks: file, function, stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines ``first`` to ``last`` of a file, inclusive, are of a stage."""

    first: int
    last: int
    stage: str


def stage_lines(source: str) -> tuple[Lines, ...]:
    r"""The bodies of every ``with clock.stage("name")``, in the order they stand.

    >>> stage_lines("def f(clock):\n    with clock.stage('rank'):\n        g()\n")
    (Lines(first=3, last=3, stage='rank'),)
    """
    return tuple(
        Lines(first=node.body[0].lineno, last=node.body[-1].end_lineno or 0, stage=name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.With)
        for name in _stages(node.items)
    )


class StageMap:
    """Finds the stage of a stack; each file is read once."""

    def __init__(self, root: Path) -> None:
        """``root`` is the folder that holds `server`."""
        self._root = root
        self._lines: dict[str, tuple[Lines, ...]] = {}

    def stage(self, stack: Sequence[FrameType]) -> str:
        """The innermost stage of a stack of frames, innermost first; `OTHER` outside of all."""
        for frame in stack:
            for lines in self._of(frame.f_code.co_filename):
                if lines.first <= frame.f_lineno <= lines.last:
                    return lines.stage
            file, function, stage = _SERIALISE
            if frame.f_code.co_name == function and frame.f_code.co_filename.endswith(file):
                return stage
        return OTHER

    def _of(self, file: str) -> tuple[Lines, ...]:
        if file not in self._lines:
            ours = file.startswith(str(self._root / "server"))
            self._lines[file] = stage_lines(Path(file).read_text("utf-8")) if ours else ()
        return self._lines[file]


def stack_of(frame: FrameType) -> list[FrameType]:
    """A frame and those that called it, innermost first."""
    return list(_outwards(frame))


def _stages(items: Sequence[ast.withitem]) -> Iterator[str]:
    for item in items:
        call = item.context_expr
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            named = call.args[0] if call.args else None
            if call.func.attr == "stage" and isinstance(named, ast.Constant):
                yield str(named.value)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
