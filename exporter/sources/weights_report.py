"""The report on weights that do not fit a model: nothing may be left as it was drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from exporter.sources.errors import SourceError

_NAMED = 5


def refuse_weights(path: Path, problems: Mapping[str, Sequence[str]]) -> None:
    """Raise ``SOURCE_WEIGHTS`` with the counts and the first names, unless every list is empty.

    ``problems`` maps a word (``missing``, ``unexpected``, ``misshapen``) to names of weights.
    """
    said = [
        f"{len(names)} {kind} ({', '.join(names[:_NAMED])}{', …' if len(names) > _NAMED else ''})"
        for kind, names in problems.items()
        if names
    ]
    if said:
        message = f"the weights in {path} do not fit the model's configuration: {'; '.join(said)}"
        raise SourceError(f"{message}; fetch files of one model", reason="SOURCE_WEIGHTS")
