"""`omnishelf ranker train`: from simulated shoppers, from recorded searches, or from a file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from exporter.spec import read_manifest as read_bundle
from ranker import registry
from ranker.boosting import TrainingSettings, all_threads
from ranker.dataset import RankingDataset, assemble
from ranker.libsvm import read_libsvm
from ranker.manifest import checked_name
from ranker.parameter_search import SearchBudget
from ranker.train import TrainedRanker, train_dataset
from ranker.training_report import write_report
from ranker.trial_file import measured_on
from server.catalog.store import Store
from server.commands.moments import Since, Until, unix_seconds
from server.commands.progress import progress_bar
from server.commands.ranker_lessons import shops_named, simulated_lessons
from server.errors import InvalidRequest, Violation
from server.feedback.search_store import SearchStore
from server.log_setup import configure_logging
from server.settings import DEFAULT_CATALOG, Settings, load_settings
from server.training.logged import logged_lessons

_UNLIMITED_TRIALS = 1_000
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _School:
    """Where a dataset came from, and what the version and the reply shall say of it."""

    dataset: RankingDataset
    provenance: dict[str, str]
    said: dict[str, object] = field(default_factory=dict)


def train_ranker(
    shops: Annotated[
        list[str] | None,
        typer.Argument(metavar="SHOP", help="CATALOG[,QUERIES[,SPLIT]]: files to learn from."),
    ] = None,
    *,
    output: Annotated[Path | None, typer.Option(help="Directory of the new version.")] = None,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Learn from recorded searches and events.")
    ] = False,
    catalog: Annotated[str, typer.Option(help="Catalog of --from-log.")] = DEFAULT_CATALOG,
    since: Since = None,
    until: Until = None,
    libsvm: Annotated[
        Path | None, typer.Option(help="Learn from a LibSVM file: a report, no version.")
    ] = None,
    valid: Annotated[
        Path | None, typer.Option(help="A LibSVM file to measure the result of --libsvm on.")
    ] = None,
    questions: Annotated[int, typer.Option(min=10, help="Questions made for each shop.")] = 400,
    sample_shops: Annotated[int, typer.Option(min=0, help="Sample shops to learn from too.")] = 2,
    trials: Annotated[int | None, typer.Option(min=1, help="Settings to try first.")] = None,
    budget: Annotated[
        float | None, typer.Option(min=1, help="Seconds for trying settings first.")
    ] = None,
    bags: Annotated[int, typer.Option(min=1, max=20, help="Models to add up.")] = 1,
    report: Annotated[Path | None, typer.Option(help="Directory of a report.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Default: all cores.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 7,
    name: Annotated[
        str | None, typer.Option(help="Name of the version; by default that of --output.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
) -> None:
    """Train a ranker.

    On shoppers simulated over shops, unless told otherwise: every question is asked through the
    serving pipeline, so that the features trained on are the features served
    (`ranker/default/README.md` describes the shoppers). With --from-log, on what shoppers did with
    recorded searches, position taken out. With --libsvm, on numbered features: to compare with
    other software, not to serve.
    """
    _check(shops or (), output=output, from_log=from_log, libsvm=libsvm, valid=valid, report=report)
    named = checked_name(name or (output.resolve().name if output else "default"))
    settings = load_settings(
        config,
        flags={
            "data": data,
            "encoder.bundle": bundle,
            "ranking.enabled": False,
            "log.level": "warning",
        },
    )
    configure_logging(settings.log)
    if libsvm is not None:
        school = _from_file(libsvm)
    elif from_log:
        school = _from_log(settings, catalog=catalog, since=since, until=until)
    else:
        school = _from_shops(
            settings, shops or (), sample_shops=sample_shops, questions=questions, seed=seed
        )
    trained = train_dataset(
        school.dataset,
        seed=seed,
        name=named,
        settings=TrainingSettings(threads=threads or all_threads(), bags=bags),
        budget=_budget(trials, budget),
    )
    said = dict(school.said)
    if valid is not None:
        said |= measured_on(trained, read_libsvm(valid, features=len(school.dataset.names)))
    if output is not None:
        registry.save(output, trained, provenance={**school.provenance, "seed": str(seed)})
        said = {"output": str(output), **said}
    if report is not None:
        write_report(report, {**trained.report, "source": said}, title=f"Ranker {named}")
    _print(trained, said, as_json=json_output)


def _check(
    shops: Sequence[str],
    *,
    output: Path | None,
    from_log: bool,
    libsvm: Path | None,
    valid: Path | None,
    report: Path | None,
) -> None:
    """Refuse options that do not go together, all at once."""
    wrong = []
    if sum([bool(shops), from_log, libsvm is not None]) > 1:
        wrong.append(("--from-log", "SOURCES", "SHOP, --from-log and --libsvm exclude each other"))
    if libsvm is not None and output is not None:
        description = (
            "a ranker of numbered features cannot be served, as no request has them; ask for a"
            " --report instead"
        )
        wrong.append(("--output", "NOT_SERVABLE", description))
    if libsvm is None and output is None:
        wrong.append(("--output", "OUTPUT_MISSING", "name the directory of the new version"))
    if valid is not None and libsvm is None:
        wrong.append(("--valid", "VALID_ALONE", "it measures what --libsvm trains; give both"))
    if report is not None and report.is_file():
        wrong.append(("--report", "REPORT_IS_FILE", "name a directory, this is a file"))
    if wrong:
        raise InvalidRequest(
            [
                Violation(field=where, reason=reason, description=what)
                for where, reason, what in wrong
            ]
        )


def _budget(trials: int | None, seconds: float | None) -> SearchBudget | None:
    """None where no search is asked for; with seconds alone, as many trials as they hold."""
    if trials is None and seconds is None:
        return None
    return SearchBudget(trials=trials or _UNLIMITED_TRIALS, seconds=seconds)


def _from_shops(
    settings: Settings, shops: Sequence[str], *, sample_shops: int, questions: int, seed: int
) -> _School:
    learned = simulated_lessons(
        settings, shops, sample_shops=sample_shops, questions=questions, seed=seed
    )
    return _School(
        dataset=assemble(learned),
        provenance={
            "trained_on": f"shoppers simulated over {shops_named(shops, sample_shops)}",
            "encoder_bundle": read_bundle(settings.bundle_directory).id,
            "questions_a_shop": str(questions),
        },
        said={"lessons": len(learned)},
    )


def _from_log(
    settings: Settings, *, catalog: str, since: datetime | None, until: datetime | None
) -> _School:
    with closing(Store(settings.store_url)) as store, progress_bar("Reading", total=0) as progress:
        searches = SearchStore(store).judged(
            catalog,
            since=unix_seconds(since, otherwise=0.0),
            until=unix_seconds(until, otherwise=math.inf),
        )
        learned = logged_lessons(
            search for done, search in enumerate(searches, start=1) if progress(done) is None
        )
    counts = {name: str(count) for name, count in learned.counts.items()}
    method = learned.propensities.method.value
    return _School(
        dataset=learned.dataset,
        provenance={
            "trained_on": f"recorded searches of {catalog}",
            "since": since.isoformat() if since else "",
            "until": until.isoformat() if until else "",
            "propensities": method,
            **counts,
        },
        said={
            **learned.counts,
            "propensities": method,
            "looked_at": [round(float(value), 4) for value in learned.propensities.values],
        },
    )


def _from_file(path: Path) -> _School:
    dataset = read_libsvm(path)
    return _School(dataset=dataset, provenance={}, said={"rows": len(dataset.matrix)})


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value[:_SHOWN]) + (" …" if value[_SHOWN:] else "")
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _print(trained: TrainedRanker, said: dict[str, object], *, as_json: bool) -> None:
    document = {**said, "rounds": trained.rounds, **trained.metrics}
    if as_json:
        typer.echo(json.dumps(document))
        return
    table = Table(title="Trained ranker", show_header=False, title_justify="left")
    for key, value in document.items():
        table.add_row(key, _cell(value))
    Console().print(table)
