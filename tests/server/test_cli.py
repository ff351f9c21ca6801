import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import typer
from rich.text import Text

from exporter.spec import BundleError
from ranker.errors import ModelRefused
from server import cli
from server.cli import COMMANDS, Command, build_cli, main
from server.errors import (
    AlreadyInUse,
    DataCorrupted,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidRequest,
    NotFound,
    OmnishelfError,
    Overloaded,
    Unavailable,
    Violation,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line; its exit code, what it printed, what it complained of."""

    def run_main(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        code = caught.value.code
        assert code is None or isinstance(code, int)
        captured = capsys.readouterr()
        return code or 0, captured.out, captured.err

    return run_main


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Makes `omnishelf fake` what is given."""

    def make(found: object) -> None:
        module = ModuleType("fake_command")
        module.fake = found  # type: ignore[attr-defined] # a module made here
        monkeypatch.setitem(sys.modules, "fake_command", module)
        monkeypatch.setitem(
            cli.COMMANDS, "fake", Command(module="fake_command", summary="Nothing much.")
        )

    return make


def _raising(error: BaseException) -> Callable[[], None]:
    def fake() -> None:
        """Raise."""
        raise error

    return fake


def test_help_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for name in COMMANDS:
        assert f" {name} " in out


def test_help_imports_nothing_slow() -> None:
    slow = ("numpy", "grpc", "pymilvus", "onnxruntime", "lightgbm", "torch", "sqlalchemy", "PIL")
    code = (
        "import sys; from server.cli import build_cli; build_cli()\n"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_command_and_an_unknown_one_are_asked_wrongly(run: Run) -> None:
    assert run()[0] == 2
    code, _, err = run("serv")
    assert code == 2
    assert "No such command 'serv'" in err


def test_an_unknown_option_is_asked_wrongly(run: Run, command: Callable[[object], None]) -> None:
    command(lambda: None)
    assert run("fake")[0] == 0
    assert run("fake", "--nothing")[0] == 2


def test_a_command_of_commands(run: Run, command: Callable[[object], None]) -> None:
    group = typer.Typer()

    @group.callback()
    def several() -> None:
        """Several."""

    @group.command("one")
    def one() -> None:
        """Do one thing."""
        typer.echo("done")

    command(group)
    assert run("fake", "one") == (0, "done\n", "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest([Violation(field="--port", reason="R", description="take one")]), 2),
        (NotFound("shop.csv is not there"), 2),
        (AlreadyInUse("port 1 is taken"), 2),
        (FailedPrecondition("install the exporter extra"), 2),
        (DataCorrupted("image.onnx fails its hash"), 2),
        (BundleError("no manifest", reason="BUNDLE_NOT_FOUND"), 2),
        (ModelRefused("model.txt fails its hash", reason="RANKER_HASH"), 2),
        (Unavailable("no server answers"), 1),
        (DeadlineExceeded("too late"), 1),
        (Overloaded("later"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_ours_is_one_line_and_a_code(
    run: Run, command: Callable[[object], None], error: Exception, code: int
) -> None:
    command(_raising(error))
    assert run("fake") == (code, "", f"omnishelf: {error}\n")


def test_a_fault_shows_no_traceback(run: Run, command: Callable[[object], None]) -> None:
    command(_raising(KeyError("dimension")))
    code, out, err = run("fake")
    assert (code, out) == (1, "")
    assert err == "omnishelf: KeyError: 'dimension' (a fault of ours: --debug shows where)\n"


@pytest.mark.parametrize("arguments", [("--debug", "fake"), ("fake", "--debug")])
@pytest.mark.parametrize("error", [KeyError("dimension"), OmnishelfError("odd")])
def test_debug_lets_the_error_through(
    command: Callable[[object], None], arguments: tuple[str, ...], error: Exception
) -> None:
    command(_raising(error))
    with pytest.raises(type(error)):
        main(arguments)


def _helps(command: Any) -> list[str]:  # noqa: ANN401 - of Typer's own copy of click
    """The help of a command, of its options and of the commands below it."""
    below = getattr(command, "commands", {}).values()
    own = [getattr(each, "help", None) for each in (command, *command.params)]
    return [*filter(None, own), *(text for each in below for text in _helps(each))]


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_loses_words_in_brackets(name: str) -> None:
    texts = _helps(typer.main.get_command(build_cli(name)))
    assert len(texts) > 2
    shown = [Text.from_markup(text).plain for text in texts]
    assert shown == [text.replace("\\[", "[") for text in texts]
