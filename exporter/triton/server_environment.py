"""The virtual environment that carries a Triton server: how it is completed, and how it is started.

``make triton`` installs the server's wheel, numpy and ONNX Runtime, then runs this file with the
environment's own Python. Standard library only: the product is not installed there.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from exporter.triton.errors import ServerEnvironmentError

RECORD_NAME = "triton.json"
"""What `prepare` found out, read by `server_command` in another Python."""

_NUMPY_BELOW = 2
# A server needs little of what surrounds it: which devices it may use, and where temporary files
# go. Python's variables must not reach it, for they would point its models at other packages.
_INHERITED = frozenset({"CUDA_VISIBLE_DEVICES", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"})
_INHERITED_PREFIXES = ("NVIDIA_", "OMP_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to start: its arguments, and all of its environment's variables."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEnvironment:
    """What an environment holds. Paths are absolute; ``libraries`` are searched in order."""

    server: str
    backends: str
    libraries: tuple[str, ...]
    python: str
    numpy: str
    onnxruntime: str


def prepare(environment: Path) -> ServerEnvironment:
    """Give the server in ``environment`` a backend for this Python, and record how it is started.

    To be run by the environment's own Python; running it again does the same again.

    Raises:
        ServerEnvironmentError: ``TRITON_NUMPY``, ``TRITON_ONNXRUNTIME``, ``TRITON_LIBPYTHON``,
            ``TRITON_STUB`` or ``TRITON_WHEEL``.
    """
    environment = environment.resolve()
    packages = Path(sysconfig.get_path("purelib"))
    carried = packages / "pytriton" / "tritonserver"
    server = carried / "bin" / "tritonserver"
    if not server.is_file():
        message = f"{packages} holds no Triton server; install deploy/triton/requirements.txt there"
        raise ServerEnvironmentError(message, reason="TRITON_WHEEL")
    numpy, runtime = _version("numpy"), _version("onnxruntime")
    if int(numpy.split(".")[0]) >= _NUMPY_BELOW:
        message = f"numpy is {numpy}, with which this Triton answers nothing; install numpy<2"
        raise ServerEnvironmentError(message, reason="TRITON_NUMPY")
    record = ServerEnvironment(
        server=str(server),
        backends=str(_backend(environment, carried)),
        libraries=(str(packages / "nvidia_pytriton.libs"), *_python_libraries()),
        python=sys.version.split()[0],
        numpy=numpy,
        onnxruntime=runtime,
    )
    temporary = environment / f".{RECORD_NAME}.part"
    temporary.write_text(json.dumps(asdict(record), indent=2) + "\n", "utf-8")
    temporary.replace(environment / RECORD_NAME)
    return record


def read_environment(environment: Path) -> ServerEnvironment:
    """What `prepare` recorded.

    Raises:
        ServerEnvironmentError: ``TRITON_ENVIRONMENT`` when there is no usable record.
    """
    path = environment / RECORD_NAME
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        record = ServerEnvironment(**document | {"libraries": tuple(document["libraries"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"{environment} carries no Triton server ({error}); build it with `make triton`"
        raise ServerEnvironmentError(message, reason="TRITON_ENVIRONMENT") from error
    if not Path(record.server).is_file():
        message = f"{record.server} is gone; environments do not move: build it with `make triton`"
        raise ServerEnvironmentError(message, reason="TRITON_ENVIRONMENT")
    return record


def server_command(
    environment: Path,
    *,
    repository: Path,
    grpc_port: int,
    host: str = "127.0.0.1",
    http_port: int | None = None,
    metrics_port: int | None = None,
    models: Sequence[str] = ("*",),
    verbose: int = 0,
    surroundings: Mapping[str, str] | None = None,
) -> Command:
    """How to start the Triton of ``environment`` over ``repository``.

    Models are loaded and unloaded on request (explicit control); ``models`` are those loaded at the
    start, ``("*",)`` for all. A model that does not load stops neither the server nor the others:
    ask for each model's readiness. Without a port, HTTP and metrics are off. Of ``surroundings``
    (the caller's variables), the few that choose devices, threads and temporary files are kept.
    The log goes to stderr. SIGTERM ends it within ten seconds.

    Raises:
        ServerEnvironmentError: ``TRITON_ENVIRONMENT``: ``make triton`` has not been run.
    """
    record = read_environment(environment)
    argv = [
        record.server,
        f"--model-repository={repository.resolve()}",
        f"--backend-directory={record.backends}",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in models),
        "--disable-auto-complete-config",
        "--exit-on-error=false",
        "--strict-readiness=false",
        "--exit-timeout-secs=10",
        f"--grpc-address={host}",
        f"--grpc-port={grpc_port}",
        *_endpoint("http", host=host, port=http_port),
        *_endpoint("metrics", host=host, port=metrics_port),
        f"--log-verbose={verbose}",
    ]
    kept = {
        name: value
        for name, value in (surroundings or {}).items()
        if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    # The backend's stub embeds the first python3 on the path, and with it that one's packages.
    own = {
        "PATH": os.pathsep.join([str(environment.resolve() / "bin"), "/usr/bin", "/bin"]),
        "LD_LIBRARY_PATH": os.pathsep.join(record.libraries),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Command(argv=tuple(argv), env=kept | own)


def _endpoint(name: str, *, host: str, port: int | None) -> list[str]:
    if port is None:
        return [f"--allow-{name}=false"]
    return [f"--{name}-address={host}", f"--{name}-port={port}"]


def _version(package: str) -> str:
    try:
        return str(import_module(package).__version__)
    except ImportError as error:
        message = f"{package} does not import ({error}); run `make triton`"
        raise ServerEnvironmentError(message, reason=f"TRITON_{package.upper()}") from error


def _backend(environment: Path, carried: Path) -> Path:
    """Lay the backend together with the stub of this Python; a reader sees all of it or none."""
    number = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = carried / "python_backend_stubs" / number / "triton_python_backend_stub"
    if not stub.is_file():
        message = f"this Triton has no backend for Python {number}; use 3.11 or 3.12"
        raise ServerEnvironmentError(message, reason="TRITON_STUB")
    place = environment / "backends" / "python"
    part = environment / "backends" / ".python.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(carried / "backends" / "python", part, ignore=shutil.ignore_patterns("__*"))
    shutil.copy2(stub, part)
    shutil.rmtree(place, ignore_errors=True)
    part.rename(place)
    return place.parent


def _python_libraries() -> list[str]:
    """Directories for the library of this very Python, which the stub is linked against."""
    number = f"{sys.version_info.major}.{sys.version_info.minor}"
    library = f"libpython{number}.so.1.0"
    directory = Path(str(sysconfig.get_config_var("LIBDIR")))
    beside = [str(directory)] if (directory / library).is_file() else []
    try:
        ctypes.CDLL(str(directory / library) if beside else library)
    except OSError as error:
        message = (
            f"{library} does not load; on Debian and Ubuntu install libpython{number}, elsewhere "
            "take a Python that was built with --enable-shared"
        )
        raise ServerEnvironmentError(message, reason="TRITON_LIBPYTHON") from error
    return beside


def main() -> int:
    """Complete the environment whose Python runs this; say what is wrong on stderr."""
    try:
        prepare(Path(sys.prefix))
    except ServerEnvironmentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
