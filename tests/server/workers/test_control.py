from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from server.errors import Unavailable
from server.worker_place import WorkerPlace
from server.workers import control as control_module
from server.workers.control import Control
from server.workers.messages import (
    AskMetrics,
    Begin,
    Listen,
    MetricsText,
    ShelfChange,
    ShelfStep,
    StepTaken,
    Stop,
    TakeStep,
)

STEP = ShelfStep(change=ShelfChange.PROMOTE, bundle="x")


@pytest.fixture
def ends() -> Iterator[tuple[Control, Connection]]:
    """A worker's control that hears, and the supervisor's end."""
    supervisor, worker = Pipe()
    control = Control(worker, end_at_once=lambda: None)
    control.hear()
    yield control, supervisor
    supervisor.send(Stop())
    assert control.stop.wait(30)
    supervisor.close()


def test_without_its_supervisor_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "_ALONE_SECONDS", 0.0)
    supervisor, worker = Pipe()
    ended = threading.Event()
    control = Control(worker, end_at_once=ended.set)
    control.hear()
    supervisor.close()
    assert control.stop.wait(30)
    assert control.listen.is_set()
    assert ended.wait(30)


def test_first_it_is_told_who_it_is() -> None:
    supervisor, worker = Pipe()
    begin = Begin(
        settings={"data": "here"}, place=WorkerPlace(group="g", number=1, port=9, engine=None)
    )
    supervisor.send(begin)
    assert Control(worker).begin() == begin
    assert begin.place.name == "g-1"


def test_it_listens_when_it_is_told_to(ends: tuple[Control, Connection]) -> None:
    control, supervisor = ends
    assert not control.listen.is_set()
    supervisor.send(Listen())
    assert control.listen.wait(30)
    assert not control.stop.is_set()


def test_it_answers_questions(ends: tuple[Control, Connection]) -> None:
    control, supervisor = ends
    control.answer(metrics=lambda: "calls 1", step=lambda step: f"no {step.bundle} here")
    supervisor.send(AskMetrics())
    assert supervisor.recv() == MetricsText(text="calls 1")
    supervisor.send(TakeStep(number=3, step=STEP))
    assert supervisor.recv() == StepTaken(number=3, problem="no x here")


@pytest.mark.parametrize("problem", ["", "worker 1: no memory"])
def test_a_step_is_over_when_all_have_taken_it(
    ends: tuple[Control, Connection], problem: str
) -> None:
    control, supervisor = ends
    said: list[str] = []

    def have_all_take() -> None:
        try:
            control.have_all_take(STEP)
        except Unavailable as error:
            said.append(str(error))

    asking = threading.Thread(target=have_all_take, daemon=True)
    asking.start()
    asked = supervisor.recv()
    assert asked.step == STEP
    supervisor.send(StepTaken(number=asked.number + 1, problem="of another"))
    supervisor.send(StepTaken(number=asked.number, problem=problem))
    asking.join(30)
    assert [problem in each for each in said] == ([True] if problem else [])
