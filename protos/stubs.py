"""Writes the committed Python stubs of the API, or checks that they are what its protos give.

Run as `python -m protos.stubs [--check]`; `make protos` and `make check` do.
"""

import argparse
import filecmp
import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from protos.compiler import SOURCE_ROOT, compile_sources, sources

STUBS_ROOT = SOURCE_ROOT / "gen"
PACKAGE_DOCSTRING = '"""Generated from the protos of the same name: run `make protos`."""\n'


def generate(destination: Path) -> None:
    """Write messages, services and their type stubs below `destination`, which must exist.

    Raises:
      CompilationError: as `compile_sources` does.
    """
    # protoc looks its type-stub plugins up on PATH, where an unactivated environment is absent.
    os.environ["PATH"] = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))
    kinds = {"python": "", "grpc_python": "", "mypy": "quiet:", "mypy_grpc": "quiet,only_sync:"}
    compile_sources([f"--{kind}_out={options}{destination}" for kind, options in kinds.items()])
    for package in {parent for source in sources() for parent in Path(source).parents[:-1]}:
        (destination / package / "__init__.py").write_text(PACKAGE_DOCSTRING, encoding="utf-8")


def differences(expected: Path, actual: Path) -> tuple[str, ...]:
    """Return the files below either folder that the other lacks or holds otherwise, sorted."""

    def files(root: Path) -> set[str]:
        found = (path for path in root.rglob("*") if path.suffix in {".py", ".pyi"})
        return {path.relative_to(root).as_posix() for path in found}

    wanted, there = files(expected), files(actual)
    _, unequal, unread = filecmp.cmpfiles(expected, actual, sorted(wanted & there), shallow=False)
    return tuple(sorted((wanted ^ there) | set(unequal) | set(unread)))


def main(arguments: list[str] | None = None) -> int:
    """Regenerate the stubs, or with `--check` only compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m protos.stubs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        stale = differences(Path(scratch), STUBS_ROOT)
        if options.check:
            for name in stale:
                sys.stderr.write(f"protos/gen/{name} is not what the protos give\n")
            if stale:
                sys.stderr.write("run `make protos` and commit protos/gen\n")
            return 1 if stale else 0
        for name in stale:
            replace(Path(scratch) / name, STUBS_ROOT / name)
    return 0


def replace(source: Path, destination: Path) -> None:
    """Put the file `source` at `destination`, or remove what is there when `source` is not."""
    if source.exists():
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(source.read_bytes())
    else:
        destination.unlink()


if __name__ == "__main__":
    sys.exit(main())
