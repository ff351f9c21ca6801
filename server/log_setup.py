"""How log lines look and which are written."""

from __future__ import annotations

import logging
import sys

import structlog

from server.settings import LogFormat, LogSettings


def configure_logging(settings: LogSettings, *, worker: int | None = None) -> None:
    """Send log lines to stderr in the format and from the level asked.

    ``worker`` is this process's number in a group, which every line then carries.
    """
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    tail: list[structlog.typing.Processor] = [structlog.processors.dict_tracebacks, renderer]
    if settings.format is LogFormat.CONSOLE:
        tail = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]

    def number(
        _logger: object, _method: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {**line, "worker": worker}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if worker is None else [number]),
            *tail,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
