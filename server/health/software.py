"""Checks of what is installed: Python, packages, the inference runtime, optional parts."""

from __future__ import annotations

import re
import shutil
import sys
from importlib import metadata
from importlib.util import find_spec

import onnxruntime

from server.health.check import Check, absent, failed, passed

LEAST_PYTHON = (3, 11)
# Two distributions of one module, of which a machine may have either.
_TWINS = {"onnxruntime": "onnxruntime-gpu", "onnxruntime-gpu": "onnxruntime"}
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def python_version() -> Check:
    """Python is recent enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        return failed("python", version, remedy=f"install Python {least} or later")
    return passed("python", version)


def packages() -> Check:
    """Every package that serving needs is installed."""
    needed = [
        found[0]
        for line in metadata.requires("omnishelf") or ()
        if "extra ==" not in line and (found := _NAME.match(line))
    ]
    missing = [
        name for name in needed if not _installed(name) and not _installed(_TWINS.get(name, name))
    ]
    if missing:
        remedy = "install omnishelf again: pip install omnishelf"
        return failed("packages", f"without {', '.join(missing)}", remedy=remedy)
    return passed("packages", f"{len(needed)} of {len(needed)} installed")


def inference_runtime() -> Check:
    """ONNX Runtime can run on this machine's processor, and on what else it could."""
    providers = onnxruntime.get_available_providers()
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    if "CPUExecutionProvider" not in providers:
        remedy = "install onnxruntime or onnxruntime-gpu again, never both"
        return failed("onnxruntime", names or "no provider", remedy=remedy)
    return passed("onnxruntime", f"{onnxruntime.__version__} with {names}")


def exporter_extra() -> Check:
    """Whether bundles can be built and aligned here."""
    missing = [name for name in ("torch", "onnx", "safetensors") if find_spec(name) is None]
    if missing:
        remedy = "to build bundles: pip install 'omnishelf[exporter]'"
        return absent("exporter extra", f"without {', '.join(missing)}", remedy=remedy)
    return passed("exporter extra", f"torch {metadata.version('torch')}")


def triton() -> Check:
    """Whether a Triton server is installed here; the embedded encoder needs none."""
    binary = shutil.which("tritonserver")
    if binary is None and find_spec("pytriton") is None:
        remedy = "only for encoders outside this process: run the Triton image"
        return absent("triton", "not on this machine", remedy=remedy)
    return passed("triton", binary or f"pytriton {metadata.version('nvidia-pytriton')}")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
