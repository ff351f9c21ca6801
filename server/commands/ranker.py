"""`omnishelf ranker`: rankers are trained, measured, promoted, and watched."""

from __future__ import annotations

import typer

from server.commands.ranker_drift import drift
from server.commands.ranker_evaluate import evaluate_rankers
from server.commands.ranker_parity import parity
from server.commands.ranker_train import train_ranker
from server.commands.ranker_versions import list_versions, promote, rollback, show

ranker = typer.Typer(help="Train, measure, promote and watch rankers.", no_args_is_help=True)

ranker.command("train")(train_ranker)
ranker.command("evaluate")(evaluate_rankers)
ranker.command("promote")(promote)
ranker.command("rollback")(rollback)
ranker.command("list")(list_versions)
ranker.command("show")(show)
ranker.command("parity")(parity)
ranker.command("drift")(drift)
