"""The console script `omnishelf`: finds the command, imports only that one, answers for its errors.

Exit codes: 0 done, 1 it failed, 2 it was asked wrongly (usage, input, a port, a model file).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer

from exporter.spec import BundleError
from ranker.errors import RankingError
from server.errors import DeadlineExceeded, OmnishelfError, Overloaded, Unavailable

FAILED = 1
ASKED_WRONGLY = 2
INTERRUPTED = 130
_FAILURES = (DeadlineExceeded, Overloaded, Unavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: the module that holds a function, or a Typer of its own, of the same name."""

    module: str
    summary: str


COMMANDS = {
    "demo": Command(module="server.commands.demo", summary="A sample shop, indexed and asked."),
    "serve": Command(module="server.commands.serve", summary="Serve searches over gRPC."),
    "index": Command(module="server.commands.index", summary="Put a catalogue into a catalog."),
    "search": Command(module="server.commands.search", summary="Search by words and pictures."),
    "evaluate": Command(module="server.commands.evaluate", summary="Measure ranking quality."),
    "explain": Command(module="server.commands.explain", summary="Say why a product stands there."),
    "feedback": Command(
        module="server.commands.feedback", summary="Record, count and forget what shoppers do."
    ),
    "rules": Command(module="server.commands.rules", summary="Rules that overrule the ranker."),
    "export": Command(module="server.commands.export", summary="Build an encoder bundle."),
    "verify": Command(module="server.commands.verify", summary="Compare a bundle with torch."),
    "align": Command(module="server.commands.align", summary="Teach a bundle a shop's pictures."),
    "bundle": Command(module="server.commands.bundle", summary="Switch a server's encoders."),
    "ranker": Command(module="server.commands.ranker", summary="Train and promote rankers."),
    "triton": Command(module="server.commands.triton", summary="Publish bundles to Triton."),
    "bench": Command(module="benchmarks.commands.app", summary="Measure latency and speed."),
    "doctor": Command(module="server.commands.doctor", summary="Check this machine."),
}  # fmt: skip


def build_cli(wanted: str | None = None) -> typer.Typer:
    """The command line with the command ``wanted`` imported, the others by name and summary."""
    cli = typer.Typer(
        name="omnishelf",
        help="Product search by words and pictures, ranked for what a shopper will want first.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback()(_options)
    for name, command in COMMANDS.items():
        if name != wanted:
            cli.command(name, help=command.summary)(_not_imported)
            continue
        found = getattr(import_module(command.module), name)
        if isinstance(found, typer.Typer):
            cli.add_typer(found, name=name)
        else:
            cli.command(name)(found)
    return cli


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [each for each in given if each != "--debug"]
    sys.exit(_exit_code(lambda: _run(given), debug=debug))


def _run(given: list[str]) -> None:
    wanted = next((each for each in given if not each.startswith("-")), None)
    cli = build_cli(wanted)
    if wanted in COMMANDS:
        _log_warnings_alone()
    cli(given, prog_name="omnishelf")


def _log_warnings_alone() -> None:
    """Keep the parts that a command uses from talking; `serve` sets up logging as it is told."""
    from server.log_setup import configure_logging  # noqa: PLC0415 - slow, and help needs none
    from server.settings import LogSettings  # noqa: PLC0415 - the same

    configure_logging(LogSettings(level="warning"))


def _exit_code(run: Callable[[], None], *, debug: bool) -> int:
    try:
        run()
    except (OmnishelfError, BundleError, RankingError) as error:
        if debug:
            raise
        _say(str(error))
        return FAILED if isinstance(error, _FAILURES) else ASKED_WRONGLY
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has closed it; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # the entry point: nobody above would say it better
        if debug:
            raise
        _say(f"{type(error).__name__}: {error} (a fault of ours: --debug shows where)")
        return FAILED
    return 0


def _say(message: str) -> None:
    typer.echo(f"omnishelf: {message}", err=True)


def _options(
    *, debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False
) -> None:
    """Take `--debug` before the command too; `main` has read it wherever it stands."""


def _not_imported() -> None:
    """Stands for a command that was not asked for."""
