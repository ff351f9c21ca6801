"""Train a pair of adapters with torch: one for the vectors of pictures, one for those of texts.

The towers are frozen, so vectors are all that is needed. Every few steps the products kept out are
asked for, the best weights are kept, and a checkpoint is written; a training that was killed goes
on from it and ends with the same bits. One thread: the matrices are small, and bits then do not
depend on the machine's cores.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from exporter.adapter import Adapter
from exporter.adapter_lesson import AdapterLesson, AdapterSettings, measure
from exporter.alignment_report import HistoryPoint, rank_scores
from exporter.alignment_scores import Scores
from exporter.checkpoint import load_checkpoint, save_checkpoint
from exporter.contrastive import info_nce, vse_pp
from exporter.head_training import rate_share

_LARGEST_SCALE = 100.0  # as CLIP's: a smaller temperature makes training unstable
_NO_CAPTION = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedAdapters:
    """The weights that were best on the products kept out, after ``steps`` steps."""

    picture: Adapter
    text: Adapter
    steps: int
    before: Scores
    after: Scores
    history: tuple[HistoryPoint, ...]
    resumed_at: int


def train_adapters(
    lesson: AdapterLesson,
    settings: AdapterSettings,
    *,
    seed: int,
    checkpoint: Path | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> TrainedAdapters:
    """Train until the products kept out are found no better; same arguments, same bits.

    ``facts`` say where the lesson comes from; a ``checkpoint`` of another lesson or with other
    settings is refused. ``progress`` hears the share of the steps that is done.

    Raises:
        CheckpointError: the checkpoint is of another training, or unreadable.
        ValueError: the rank does not fit the vectors.
    """
    dimension = lesson.caption_vectors.shape[1]
    if not 1 <= settings.rank <= dimension:
        message = f"a rank of {settings.rank} does not fit vectors of {dimension} numbers; "
        raise ValueError(message + f"give one from 1 to {dimension}")
    known = {**(facts or {}), "seed": seed, **asdict(settings)}
    with _one_thread():
        run = _Run(lesson, settings, seed=seed)
        state = None if checkpoint is None else load_checkpoint(checkpoint, facts=known)
        if state is not None:
            run.restore(state)
        resumed_at = run.step
        while not run.finished:
            run.take_step()
            if run.step % settings.evaluate_every == 0 or run.step == run.steps:
                run.measure()
                if checkpoint is not None:
                    save_checkpoint(checkpoint, run.state(), facts=known, finished=run.finished)
            progress(run.step / run.steps)
        picture, text = run.best_adapters()
        before = measure(lesson, None)
        return TrainedAdapters(
            picture=picture,
            text=text,
            steps=run.best_step,
            before=before,
            after=measure(lesson, (picture, text)),
            history=(_point(0, before, loss=None), *run.history),
            resumed_at=resumed_at,
        )


class _Pair(nn.Module):
    """Both adapters and the logarithm of the inverse temperature."""

    def __init__(self, dimension: int, settings: AdapterSettings, *, seed: int) -> None:
        super().__init__()
        random = np.random.default_rng(seed)
        for name in ("picture", "text"):
            down = random.normal(size=(dimension, settings.rank)) / math.sqrt(dimension)
            parameter = torch.from_numpy(down.astype(np.float32))
            self.register_parameter(f"{name}_down", nn.Parameter(parameter))
            up = torch.zeros(settings.rank, dimension)
            self.register_parameter(f"{name}_up", nn.Parameter(up))
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature)))

    def adapt(self, name: str, vectors: Tensor) -> Tensor:
        down, up = self.get_parameter(f"{name}_down"), self.get_parameter(f"{name}_up")
        return functional.normalize(vectors + vectors @ down @ up, dim=1)

    def scale(self) -> Tensor:
        return self.log_scale.exp().clamp(max=_LARGEST_SCALE)


class _Run:
    """A training between two steps: everything that a checkpoint has to hold."""

    def __init__(self, lesson: AdapterLesson, settings: AdapterSettings, *, seed: int) -> None:
        self.lesson, self.settings = lesson, settings
        self.rows = np.flatnonzero(~lesson.kept_out)
        self.batch = min(settings.batch, len(self.rows))
        a_pass = math.ceil(len(self.rows) / self.batch)
        self.steps = settings.steps if settings.epochs is None else settings.epochs * a_pass
        most = max(len(rows) for rows in lesson.captions)
        self.captions = np.array(
            [[*rows, *[_NO_CAPTION] * (most - len(rows))] for rows in lesson.captions]
        )
        self.random = np.random.default_rng((seed, 1))
        self.pair = _Pair(lesson.caption_vectors.shape[1], settings, seed=seed)
        weights = [value for name, value in self.pair.named_parameters() if name != "log_scale"]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": weights, "weight_decay": settings.weight_decay},
                {"params": [self.pair.log_scale], "weight_decay": 0.0},
            ],
            lr=settings.learning_rate,
        )
        self.step = self.best_step = 0
        self.losses: list[float] = []
        self.history: list[HistoryPoint] = []
        self.best: dict[str, Tensor] = {}

    @property
    def finished(self) -> bool:
        measured = len(self.history)
        best = next((n for n, point in enumerate(self.history) if point.step == self.best_step), 0)
        return self.step >= self.steps or measured - 1 - best >= self.settings.patience

    def take_step(self) -> None:
        rows = self.random.choice(self.rows, self.batch, replace=False)
        views = self.random.integers(len(self.lesson.pictures), size=self.batch)
        counts = (self.captions[rows] != _NO_CAPTION).sum(axis=1)
        captions = self.captions[rows, self.random.integers(counts)]
        positives = (self.captions[rows][:, None, :] == captions[None, :, None]).any(axis=2)
        groups = self.lesson.groups[rows]
        negatives = ~positives & (groups[:, None] != groups[None, :])
        pictures = torch.from_numpy(self.lesson.pictures[views, rows])
        texts = torch.from_numpy(self.lesson.caption_vectors[captions])
        similarities = self.pair.adapt("picture", pictures) @ self.pair.adapt("text", texts).T
        loss = self._loss(similarities, torch.from_numpy(positives), torch.from_numpy(negatives))
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * rate_share(self.step, steps=self.steps)
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.losses.append(float(loss.detach()))
        self.step += 1

    def measure(self) -> None:
        scores = measure(self.lesson, self._adapters(self.pair.state_dict()))
        point = _point(self.step, scores, loss=float(np.mean(self.losses)))
        best = [(each.recall_at_10, each.ndcg_at_10) for each in self.history]
        if not best or rank_scores(scores) > max(best):
            self.best_step = self.step
            self.best = {name: value.clone() for name, value in self.pair.state_dict().items()}
        self.history.append(point)
        self.losses = []

    def state(self) -> dict[str, Any]:
        """Everything there is right after a measurement, when no losses are pending."""
        return {
            "pair": self.pair.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": json.dumps(self.random.bit_generator.state),
            "step": self.step,
            "best_step": self.best_step,
            "best": self.best,
            "history": [asdict(point) for point in self.history],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.pair.load_state_dict(state["pair"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.random.bit_generator.state = json.loads(state["random"])
        self.step, self.best_step = state["step"], state["best_step"]
        self.best = state["best"]
        self.history = [HistoryPoint(**point) for point in state["history"]]

    def best_adapters(self) -> tuple[Adapter, Adapter]:
        return self._adapters(self.best)

    def _loss(self, similarities: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
        if self.settings.loss == "infonce":
            scale = self.pair.scale()
            return info_nce(similarities, positives=positives, negatives=negatives, scale=scale)
        margin = self.settings.margin
        return vse_pp(similarities, positives=positives, negatives=negatives, margin=margin)

    @staticmethod
    def _adapters(state: Mapping[str, Tensor]) -> tuple[Adapter, Adapter]:
        picture, text = (
            Adapter(
                down=state[f"{name}_down"].detach().numpy().copy(),
                up=state[f"{name}_up"].detach().numpy().copy(),
            )
            for name in ("picture", "text")
        )
        return picture, text


def _point(step: int, scores: Scores, *, loss: float | None) -> HistoryPoint:
    return HistoryPoint(
        step=step, loss=loss, recall_at_10=scores.recall_at_10, ndcg_at_10=scores.ndcg_at_10
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
