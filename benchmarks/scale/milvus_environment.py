"""The virtual environment that carries a Milvus server: its program unpacked, its settings written.

``make milvus`` installs the server's wheel, then runs this file with the environment's own Python.
Standard library and the wheel's own module only: the product is not installed there.

    python -m benchmarks.scale.milvus_environment prepare
    python -m benchmarks.scale.milvus_environment write FOLDER [KEY=VALUE ...]

The second writes a server's settings for a data folder, with ports that are free now, and prints
as JSON how it is started: ``argv``, ``env`` and ``port``.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

_MODULE = "milvus"
_PREFIX_FOLDER = "server"
_WEB_PORT = 9091
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")


def prepare(environment: Path) -> Path:
    """Unpack the wheel's program and libraries into the environment; where they are.

    Running it again does the same again.
    """
    packed = Path(str(import_module(_MODULE).__file__)).parent / "data" / "bin"
    unpacked = environment / _PREFIX_FOLDER
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    for source in sorted(packed.glob("*.lzma")):
        target = unpacked / source.name.removesuffix(".lzma")
        with lzma.open(source) as reading, target.open("wb") as writing:
            shutil.copyfileobj(reading, writing)
        target.chmod(0o755)
    return unpacked


def write_settings(
    environment: Path, folder: Path, settings: Mapping[str, str]
) -> dict[str, object]:
    """Write the settings of a server on ``folder``; how it is started.

    ``settings`` replaces values of the wheel's own by dotted keys (``dataCoord.segment.maxSize``).
    """
    milvus: Any = import_module(_MODULE)
    config = milvus.MilvusServerConfig(data_dir=str(folder))
    for key, value in settings.items():
        config.set(key, value)
    config.resolve()
    web_port, held = config.resolve_port(_WEB_PORT)
    held.close()
    program = environment / _PREFIX_FOLDER
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        "argv": [str(program / "milvus"), "run", "standalone"],
        "env": {
            **inherited,
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(web_port),
            "MILVUS_RUN_DIR": str(folder / "run"),
            "LD_LIBRARY_PATH": str(program),
        },
        "port": config.get("proxy_port"),
    }


def main(arguments: Sequence[str]) -> int:
    """Run one of the two commands with the environment of this Python."""
    environment = Path(sys.prefix)
    match arguments:
        case ["prepare"]:
            prepare(environment)
        case ["write", folder, *pairs]:
            settings = dict(pair.split("=", 1) for pair in pairs)
            # What the wheel's module says on the way is not the answer.
            with contextlib.redirect_stdout(sys.stderr):
                started = write_settings(environment, Path(folder).resolve(), settings)
            print(json.dumps(started))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
