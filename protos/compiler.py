"""Runs the pinned protocol buffer compiler over the API with the Google protos it imports."""

import sysconfig
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

SOURCE_ROOT = Path(__file__).parent


class CompilationError(RuntimeError):
    """The compiler refused the sources; it has said why on standard error."""


def sources() -> tuple[str, ...]:
    """Return the API's proto files as paths below the source root, sorted."""
    files = (SOURCE_ROOT / "omnishelf").rglob("*.proto")
    return tuple(sorted(file.relative_to(SOURCE_ROOT).as_posix() for file in files))


def compile_sources(options: Sequence[str]) -> None:
    """Run the compiler with `options` over every source.

    The include path is the API itself, the well-known types that come with the compiler, and
    `google/api`, `google/rpc` and `google/type` as googleapis-common-protos installs them.

    Raises:
      CompilationError: a source does not compile, or an output cannot be written.
    """
    include = (
        SOURCE_ROOT,
        resources.files("grpc_tools") / "_proto",
        Path(sysconfig.get_path("purelib")),
    )
    arguments = ["protoc", *(f"--proto_path={path}" for path in include), *options, *sources()]
    if protoc.main(arguments) != 0:
        raise CompilationError("the protos do not compile: correct the file and line named above")
