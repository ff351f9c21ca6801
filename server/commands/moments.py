"""Moments as options of a command: a day or a time, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]

Since = Annotated[
    datetime | None, typer.Option(formats=FORMATS, help="Searches from this moment (UTC).")
]
Until = Annotated[
    datetime | None, typer.Option(formats=FORMATS, help="Searches before this moment (UTC).")
]


def unix_seconds(moment: datetime | None, *, otherwise: float) -> float:
    """Unix time of a moment in UTC, or ``otherwise`` where none is given.

    >>> unix_seconds(datetime(1970, 1, 2), otherwise=0.0)
    86400.0
    """
    return otherwise if moment is None else moment.replace(tzinfo=UTC).timestamp()
