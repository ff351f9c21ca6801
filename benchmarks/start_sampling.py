"""Runs `omnishelf` and notes, some hundred times a second, what its main thread is doing.

    python -m benchmarks.start_sampling FILE serve --data FOLDER --port 0

Started as a process of its own by `benchmarks.start`. When the command has ended, FILE holds JSON:
a list of [time on the monotonic clock, part]. A moment in which the main thread waits for another
of the process counts for the part that one is at. Standard library only, for what is imported here
would not be seen.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

PARTS: Final = ("import", "bundle", "ranker", "engine", "catalog", "words", "other")
"""In the order in which one that is waited for is looked for."""

_BETWEEN_SECONDS: Final = 0.004
_MARKS: Final = (
    ("<frozen importlib", "import"),
    ("/ranker/", "ranker"),
    ("/server/rankers/", "ranker"),
    ("/server/retrieval/milvus", "engine"),
    ("/server/retrieval/embedded_engine", "engine"),
    ("/server/encoders/", "bundle"),
    ("/exporter/spec", "bundle"),
    ("/exporter/lexicon", "words"),
    ("/server/retrieval/", "words"),
    ("/server/catalog/", "catalog"),
    ("/server/signals/", "catalog"),
    ("/server/ingest/", "catalog"),
)
"""A path of a frame, and the part it belongs to; the innermost frame that has one decides."""
_WAITING: Final = ("/threading.py", "/concurrent/futures/", "/queue.py")


def part_of(paths: Iterator[str]) -> str:
    """The part that a stack is at, from its frames' files, the innermost first.

    >>> part_of(iter(["/lib/onnxruntime/a.py", "/x/server/encoders/embedded.py", "/x/app.py"]))
    'bundle'
    >>> part_of(iter(["/lib/threading.py", "/x/server/app.py"]))
    'waiting'
    """
    waiting = False
    for place, path in enumerate(paths):
        if not place:
            waiting = any(mark in path for mark in _WAITING)
        for mark, part in _MARKS:
            # Who waits for a thread is not at work, whatever part asked it to wait.
            if mark in path and not waiting:
                return part
    return "waiting" if waiting else "other"


class Sampler:
    """A thread that looks at all the others."""

    def __init__(self) -> None:
        self._main = threading.main_thread().ident
        self._over = threading.Event()
        self._seen: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._look, name="sampler", daemon=True)
        self._thread.start()

    def written(self, file: Path) -> None:
        """End, and write what was seen."""
        self._over.set()
        self._thread.join()
        file.write_text(json.dumps(self._seen))

    def _look(self) -> None:
        while not self._over.wait(_BETWEEN_SECONDS):
            frames = sys._current_frames()  # noqa: SLF001 - how a process looks at its threads
            frames.pop(threading.get_ident(), None)
            main = frames.pop(self._main, None) if self._main is not None else None
            part = "other" if main is None else part_of(_paths(main))
            if part == "waiting":
                at = {part_of(_paths(frame)) for frame in frames.values()}
                part = next((each for each in PARTS[:-1] if each in at), "other")
            self._seen.append((time.perf_counter(), part))


def _paths(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def main() -> None:
    """Sample until the command has ended."""
    file, *arguments = sys.argv[1:]
    sampler = Sampler()
    try:
        from server.cli import main as omnishelf  # noqa: PLC0415 - its import is to be seen

        omnishelf(arguments)
    finally:
        sampler.written(Path(file))


if __name__ == "__main__":
    main()
