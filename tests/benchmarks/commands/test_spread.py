"""A command's shared options are a value to it, and options to who calls it."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.core import TyperOption
from typer.main import get_command
from typer.testing import CliRunner

from benchmarks.commands.spread import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Fruit:
    """Two options."""

    kind: Annotated[str, typer.Option(help="Which one.")]
    number: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """An option that may be repeated."""

    how: Annotated[list[str] | None, typer.Option(help="In which way.")] = None


@spread
def eat(
    context: typer.Context,
    *,
    fruit: Fruit,
    quickly: Annotated[bool, typer.Option("--quickly", help="At once.")] = False,
    manner: Manner,
) -> None:
    """Eat fruit."""
    typer.echo(f"{fruit} {quickly} {manner} {sorted(context.params)}")


@pytest.fixture
def app() -> typer.Typer:
    """The command alone."""
    app = typer.Typer(add_completion=False)
    app.command()(eat)
    return app


def ran(app: typer.Typer, *arguments: str) -> str:
    finished = CliRunner().invoke(app, arguments)
    assert finished.exit_code == 0, finished.output
    return finished.output


def test_options_become_values(app: typer.Typer) -> None:
    said = ran(app, "--kind", "pear", "--count", "2", "--quickly", "--how", "raw", "--how", "whole")
    assert said.startswith("Fruit(kind='pear', number=2) True Manner(how=['raw', 'whole'])")


def test_what_is_not_given_is_the_fields_default(app: typer.Typer) -> None:
    assert ran(app, "--kind", "pear").startswith(
        "Fruit(kind='pear', number=3) False Manner(how=None)"
    )


def test_the_context_has_every_option_by_its_fields_name(app: typer.Typer) -> None:
    assert ran(app, "--kind", "pear").rstrip().endswith("['how', 'kind', 'number', 'quickly']")


def test_fields_stand_in_the_values_place_with_their_words(app: typer.Typer) -> None:
    command = get_command(app)
    assert command.help == "Eat fruit."
    found = [each for each in command.params if isinstance(each, TyperOption)]
    assert [(each.opts, each.help, each.required) for each in found if each.name != "help"] == [
        (["--kind"], "Which one.", True),
        (["--count"], "How many.", False),
        (["--quickly"], "At once.", False),
        (["--how"], "In which way.", False),
    ]


def test_a_field_without_a_default_is_asked_for(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, []).exit_code == 2


def test_two_options_of_one_name_are_refused() -> None:
    def torn(*, fruit: Fruit, kind: str = "") -> None: ...

    with pytest.raises(ValueError, match="kind"):
        spread(torn)
