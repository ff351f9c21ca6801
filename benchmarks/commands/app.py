"""`omnishelf bench`: finds one of its commands, and imports only that one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import typer

from server.errors import FailedPrecondition

EXTRA: Final = frozenset(
    {"fastapi", "hdrh", "httptools", "matplotlib", "psutil", "urllib3", "uvicorn", "uvloop"}
)
"""Modules that come with the extra `bench`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchCommand:
    """A command: the function of the module that bears its last name."""

    module: str
    summary: str


COMMANDS: Final = {
    "run": BenchCommand(
        module="benchmarks.commands.run", summary="Measure latency at a rate, in rounds."
    ),
    "sweep": BenchCommand(
        module="benchmarks.commands.sweep", summary="Find the highest rate within a p99."
    ),
    "scale": BenchCommand(
        module="benchmarks.commands.scale", summary="Ten thousand to a million products."
    ),
    "parts": BenchCommand(
        module="benchmarks.commands.parts", summary="A request beside its bare parts, and peers."
    ),
    "compare": BenchCommand(
        module="benchmarks.commands.compare", summary="Compare two results; 1 where B is worse."
    ),
    "draw": BenchCommand(
        module="benchmarks.commands.draw", summary="Draw a workload into a file to keep."
    ),
}


_PASSED_ON: Final = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}
"""Everything after a command's name is the command's, `--help` too."""


def imported(name: str) -> typer.Typer:
    """The command of this name, to be called with its arguments.

    Raises:
        FailedPrecondition: ``EXTRA_MISSING``, it needs a package of the extra that is not there.
    """
    try:
        function = getattr(import_module(COMMANDS[name].module), name)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in EXTRA:
            raise
        raise FailedPrecondition(
            f"omnishelf bench {name} needs {missing.name}; pip install 'omnishelf[bench]'",
            reason="EXTRA_MISSING",
        ) from None
    alone = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    alone.command(name)(function)
    return alone


def _passing_on(name: str) -> Callable[[typer.Context], None]:
    def pass_on(context: typer.Context) -> None:
        imported(name)(context.args, prog_name=f"omnishelf bench {name}")

    return pass_on


bench = typer.Typer(
    no_args_is_help=True,
    help="Measure latency, the highest rate, scale and parts; compare results.",
)
for _name, _command in COMMANDS.items():
    bench.command(_name, help=_command.summary, context_settings=dict(_PASSED_ON))(
        _passing_on(_name)
    )
