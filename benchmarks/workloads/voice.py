"""Spoken questions from a folder of WAV files."""

from __future__ import annotations

import wave
from pathlib import Path

from server.errors import InvalidRequest, Violation


def read_voices(folder: Path) -> tuple[bytes, ...]:
    """The files of a folder that end in ``.wav``, in the order of their names.

    Raises:
        InvalidRequest: there is no such folder, it holds none, or some are no WAV files.
    """
    files = sorted(folder.glob("*.wav")) if folder.is_dir() else []
    if not files:
        description = "no .wav file is there; name a folder of recorded questions"
        violation = Violation(field=str(folder), reason="NO_VOICES", description=description)
        raise InvalidRequest([violation])
    broken = [path for path in files if not _is_wav(path)]
    if broken:
        description = "it is no WAV file that can be read; save it as PCM, or take it away"
        raise InvalidRequest(
            [
                Violation(field=str(path), reason="VOICE_UNREADABLE", description=description)
                for path in broken[:20]
            ]
        )
    return tuple(path.read_bytes() for path in files)


def _is_wav(path: Path) -> bool:
    try:
        with wave.open(str(path), "rb") as sound:
            return sound.getnframes() > 0
    except (wave.Error, EOFError):
        return False
