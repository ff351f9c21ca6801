"""Lints the API, and checks that a client of the last release still works with it.

Run as `python -m protos.lint [--release]`; `make check` does. buf reads a descriptor image that the
compiler wrote, so that neither step needs a network. `--release` keeps the image as the release
that later checks compare with.
"""

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from protos.compiler import SOURCE_ROOT, compile_sources

CONFIGURATION = SOURCE_ROOT / "buf.yaml"
RELEASED_IMAGE = SOURCE_ROOT / "released.binpb"


def write_image(destination: Path) -> None:
    """Write the API and all it imports, with comments, as a serialized `FileDescriptorSet`.

    Raises:
      CompilationError: as `compile_sources` does.
    """
    options = ("--include_imports", "--include_source_info")
    compile_sources([*options, f"--descriptor_set_out={destination}"])


def buf(command: str, *arguments: str | Path) -> int:
    """Run one buf command with the project's configuration; return its exit code."""
    program = Path(sysconfig.get_path("scripts")) / "buf"
    return subprocess.run(
        [program, command, *arguments, "--config", CONFIGURATION], check=False
    ).returncode


def check(image: Path, *, released: Path) -> int:
    """Lint `image`, and compare it with the `released` one where that exists; return an exit code.

    buf names every finding on standard output. The exit code is 0 when there is none.
    """
    codes = [buf("lint", image)]
    if released.exists():
        codes.append(buf("breaking", image, "--against", released))
    return 1 if any(codes) else 0


def main(arguments: list[str] | None = None) -> int:
    """Check the API, or with `--release` keep it as released; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m protos.lint", description=__doc__)
    parser.add_argument("--release", action="store_true", help="keep what passes as released")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image.binpb"
        write_image(image)
        code = check(image, released=RELEASED_IMAGE)
        if options.release and code == 0:
            RELEASED_IMAGE.write_bytes(image.read_bytes())
    return code


if __name__ == "__main__":
    sys.exit(main())
