"""The embedded Milvus as a process of its own: started on a file, watched, and stopped."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, TextIO

from server.errors import AlreadyInUse, FailedPrecondition, Unavailable

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,36}")
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 2.0
_ENDING_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.002
_FOLDER: Final = "omnishelf-engine-"
_LIBRARY_PATHS: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class EmbeddedEngine:
    """A milvus-lite process on one ``.db`` file, which clients reach at ``address``.

    The wheel's program is started here and not by its Python package, which waits half a second
    at every start and imports pkg_resources first.

    The engine belongs to one process at a time. Its own lock file is removed by whoever stops it,
    which lets a third process in; so a lock of ours, never removed, is taken first. The system
    drops both when this process ends, however it ends, and the engine then ends by itself; one
    that has not yet when the next owner comes is ended by that one, which finds its number and the
    folder of its socket in our lock file.
    """

    def __init__(self, path: Path, *, start_seconds: float = _START_SECONDS) -> None:
        """Start it; it takes connections on return.

        Raises:
            AlreadyInUse: another process has the file open.
            FailedPrecondition: the file's folder or name will not do, or there is no such engine
                for this platform.
            Unavailable: it ended, or did not listen in time.
        """
        self.path = _checked(path)
        self._process: subprocess.Popen[bytes] | None = None
        self._its_lock: TextIO | None = None
        self._owned: TextIO | None = _owned(self.path)
        self._folder = tempfile.TemporaryDirectory(prefix=_FOLDER)
        self._socket = Path(self._folder.name, "socket")
        self.address = f"unix:{self._socket}"
        """What a client connects to."""
        try:
            self._start(start_seconds)
        except BaseException:
            self.close()
            raise

    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End the process and give the file back; again does nothing."""
        process, self._process = self._process, None
        if self._its_lock is not None:
            # It watches this lock, and ends in order as soon as it is free.
            self._its_lock.close()
            self._its_lock = None
        if process is not None:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._owned is not None:
            self._owned.close()
            self._owned = None
        self._folder.cleanup()

    def _start(self, start_seconds: float) -> None:
        library = _library()
        lock = self.path.with_name(f".{self.path.name}.lock")
        self._its_lock = lock.open("a", encoding="utf-8")
        # An engine that was left behind got the lock when its owner died, and has it to its end.
        free_until = time.monotonic() + _STOP_SECONDS
        while not _locked(self._its_lock):
            if time.monotonic() >= free_until:
                raise _in_use(self.path)
            time.sleep(_LOOK_SECONDS)
        # It clears a cache below the home folder as it starts, and must find none of another's.
        surroundings = {**os.environ, "HOME": self._folder.name}
        for name in _LIBRARY_PATHS:
            surroundings[name] = f"{library}:{surroundings.get(name, '')}"
        self._process = subprocess.Popen(  # noqa: S603 - the program of the pinned wheel
            [str(library / "milvus"), str(self.path), self.address, "ERROR", str(lock)],
            env=surroundings,
            cwd=self.path.parent,
        )
        if self._owned is not None:
            self._owned.seek(0)
            self._owned.truncate()
            self._owned.write(f"{self._process.pid}\n{self._folder.name}")
            self._owned.flush()
        until = time.monotonic() + start_seconds
        while not self._socket.exists():
            if not self.running() or time.monotonic() >= until:
                raise Unavailable(
                    f"the index engine did not start on {self.path}; see that the file is whole and"
                    " the disk has space",
                    reason="INDEX_UNAVAILABLE",
                )
            time.sleep(_LOOK_SECONDS)


def _locked(file: TextIO) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _library() -> Path:
    """Folder of the engine's program and its libraries, found without importing the package."""
    found = importlib.util.find_spec("milvus_lite")
    library = Path(found.origin).with_name("lib") if found and found.origin else None
    if library is None or not (library / "milvus").is_file():
        raise FailedPrecondition(
            "there is no embedded index engine for this platform; set retrieval.uri to a Milvus"
            " server",
            reason="INDEX_ENGINE_MISSING",
        )
    return library


def _checked(given: Path) -> Path:
    path = given.absolute()
    if not _FILE_NAME.fullmatch(path.name):
        raise FailedPrecondition(
            f"{path.name} will not do as the name of an index file: take at most 36 letters,"
            " digits, dots, dashes and underscores, ending in .db",
            reason="INDEX_FILE_NAME",
        )
    if not path.parent.is_dir():
        raise FailedPrecondition(
            f"there is no folder {path.parent} for the index file; make it first",
            reason="INDEX_FOLDER_MISSING",
        )
    return path


def _owned(path: Path) -> TextIO | None:
    """The file beside ``path`` that is locked until closed; an engine left by its owner has ended.

    Raises:
        AlreadyInUse: another process holds it.
    """
    descriptor = os.open(path.with_name(f".{path.name}.owner"), os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(descriptor, "r+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise _in_use(path) from error
    number, _, folder = file.read().partition("\n")
    if number.isdigit():
        _end_left(int(number), path=path)
    if Path(folder).name.startswith(_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
    return file


def _in_use(path: Path) -> AlreadyInUse:
    return AlreadyInUse(
        f"another process has the index file {path} open; ask the server that runs on it"
        " (--server) or stop it first",
        reason="INDEX_FILE_IN_USE",
        path=str(path),
    )


def _end_left(number: int, *, path: Path) -> None:
    """End the engine of an owner that was killed, if that is what the process still is.

    Taking its lock before it notices that it is free would keep it running on the same file.
    """
    began = time.monotonic()
    killed = False
    while str(path).encode() in _arguments(number) and time.monotonic() - began < _STOP_SECONDS:
        if not killed and time.monotonic() - began >= _ENDING_SECONDS:
            killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def _arguments(number: int) -> list[bytes]:
    """The command line of a process, empty where there is none or the system does not say."""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
