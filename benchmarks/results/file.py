"""Results as JSON files: written whole or not at all, read back exactly or refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchmarks.results.fields import FieldError, made, plain
from benchmarks.results.values import SCHEMA, BenchResult
from server.errors import DataCorrupted, FailedPrecondition, NotFound


def document(result: BenchResult) -> object:
    """The result as JSON has it.

    Raises:
        FailedPrecondition: it holds what JSON does not (BENCH_NOT_JSON).
    """
    try:
        return plain(result)
    except FieldError as error:
        raise FailedPrecondition(
            f"the result cannot be written: {error}; this is a fault of the benchmark that made it",
            reason="BENCH_NOT_JSON",
            field=error.path,
        ) from error


def write(result: BenchResult, path: Path) -> None:
    """Write ``result`` to ``path``, over what was there; a reader sees the old file or the new one.

    Raises:
        FailedPrecondition: it holds a number that is not finite, or what JSON does not have
            (BENCH_NOT_JSON); or the file cannot be written (BENCH_NOT_WRITTEN).
    """
    # Escaped, because names of files may hold bytes that UTF-8 has no text for.
    text = json.dumps(document(result), indent=1, allow_nan=False)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FailedPrecondition(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that can be",
            reason="BENCH_NOT_WRITTEN",
        ) from error


def read(path: Path) -> BenchResult:
    """The result that `write` wrote.

    Raises:
        NotFound: there is no such file (BENCH_NOT_FOUND).
        DataCorrupted: it is not a result of this release's schema; the message names the field
            (BENCH_FILE).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"{path} is not there; name a file that `omnishelf bench ... --output` wrote",
            reason="BENCH_NOT_FOUND",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, "the whole", "cannot be read as text") from error
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise _refused(path, "the whole", f"is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise _refused(path, "the whole", "is not an object")
    if (schema := value.get("schema")) != SCHEMA:
        raise _refused(path, "schema", f"is {schema!r}, and this release reads {SCHEMA!r}")
    try:
        return made(BenchResult, value)
    except FieldError as error:
        raise _refused(path, error.path, error.wrong) from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; of a name that comes twice nobody knows which was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} comes twice in one object")
    return found


def _refused(path: Path, field: str, wrong: str) -> DataCorrupted:
    return DataCorrupted(
        f"{path}: {field} {wrong}; measure again with this release, or name another file",
        reason="BENCH_FILE",
        file=str(path),
        field=field,
    )
