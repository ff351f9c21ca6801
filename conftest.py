"""Lets every test run without torch: what needs it is skipped, and the summary says so."""

from importlib.util import find_spec

import pytest

HAS_EXPORTER_EXTRA = find_spec("torch") is not None


def pytest_configure(config: pytest.Config) -> None:
    """Skip the examples of modules that cannot be imported, where torch is absent."""
    if not HAS_EXPORTER_EXTRA:
        config.option.doctest_ignore_import_errors = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what a run without torch has left out."""
    if not HAS_EXPORTER_EXTRA:
        terminalreporter.write_line(
            "exporter tests need the exporter extra and were skipped: run `make exporter`"
        )
