"""Names the machine and the packages behind a result, without naming whose machine it is."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "omnishelf", "numpy", "onnxruntime-gpu", "onnxruntime", "lightgbm", "tokenizers", "pymilvus",
    "milvus-lite", "grpcio", "protobuf", "sqlalchemy", "pillow", "fastapi", "uvicorn", "uvloop",
)  # fmt: skip
"""Those that matter to speed, of the product and of what it is compared with."""

_CPU_INFO: Final = Path("/proc/cpuinfo")
_CPU_LIMIT: Final = Path("/sys/fs/cgroup/cpu.max")
_MEMORY_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


def machine() -> dict[str, str]:
    """`processor`, `cores`, `memory_gb` (10^9 bytes), `system` and `python` of this machine.

    Cores and memory are what this process may use: a container's limits count. The system is named
    with the first two numbers of its kernel's release, as the rest may name who built it.
    """
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    return {
        "processor": _processor(),
        "cores": f"{_cores():g}",
        "memory_gb": f"{_memory_bytes() / 1e9:.0f}",
        "system": f"{platform.system()} {release} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """By package of `PACKAGES` that is installed, its version."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def quota_cores(text: str) -> float | None:
    """Cores of a control group's ``cpu.max``, "200000 100000"; None where it sets no limit.

    >>> quota_cores("150000 100000"), quota_cores("max 100000"), quota_cores("")
    (1.5, None, None)
    """
    match text.split():
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period):
            return int(quota) / int(period)
        case _:
            return None


def _cores() -> float:
    # Not all systems can pin a process, and those that cannot have no such function.
    pinned = getattr(os, "sched_getaffinity", None)
    allowed = float(len(pinned(0)) if pinned else os.cpu_count() or 1)
    return min(allowed, quota_cores(_text(_CPU_LIMIT)) or allowed)


def _memory_bytes() -> int:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _text(_MEMORY_LIMIT).strip()
    return min(whole, int(limit)) if limit.isdigit() else whole


def _processor() -> str:
    for line in _text(_CPU_INFO).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return " ".join(value.split())
    return platform.processor() or platform.machine()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
