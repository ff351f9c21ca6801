"""Silence for a library that reports loading on the console; its callers check what matters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR

from transformers.utils import logging


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep `transformers` from logging less than errors and drawing progress bars, then undo it."""
    verbosity = logging.get_verbosity()
    shown = logging.is_progress_bar_enabled()
    logging.set_verbosity(ERROR)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
