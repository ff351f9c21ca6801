"""An alignment as it was ordered: which method, with which settings, and what may go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.spec import Manifest, read_manifest
from server.arrays import Float32Array, UInt8Array
from server.commands.exporter_extra import exporter_packages
from server.deadline import Deadline
from server.errors import FailedPrecondition, InvalidRequest, Unavailable, Violation

if TYPE_CHECKING:
    from exporter.align_data import Sample
    from exporter.alignment_report import AlignmentReport


class MethodName(StrEnum):
    """What is trained."""

    HEAD = "head"
    ADAPTER = "adapter"


class LossName(StrEnum):
    """What training makes small."""

    INFONCE = "infonce"
    VSE_PP = "vse++"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentOrder:
    """What was asked for; None is the method's own default."""

    method: MethodName
    loss: LossName
    rank: int | None
    steps: int | None
    epochs: int | None
    patience: int | None
    seed: int
    work: Path
    restart: bool
    force: bool

    def require_sense(self, manifest: Manifest) -> None:
        """Refuse what does not go together or with the bundle, all of it at once.

        Raises:
            InvalidRequest: some options contradict each other.
        """
        wrong = []
        if self.method is MethodName.HEAD:
            adapters_alone = ("rank", "epochs", "patience")
            for name in (name for name in adapters_alone if getattr(self, name) is not None):
                description = "is for adapters; leave it out, or add --method adapter"
                wrong.append(_violation(name, "OPTION_OF_ADAPTERS", description))
        if self.rank is not None and self.rank > manifest.dimension:
            description = f"is above the bundle's dimension; give at most {manifest.dimension}"
            wrong.append(_violation("rank", "RANK_TOO_LARGE", description))
        if self.epochs is not None and self.steps is not None:
            description = "says what --steps says, too; give one of them"
            wrong.append(_violation("epochs", "STEPS_TWICE", description))
        if wrong:
            raise InvalidRequest(wrong)


def default_method_of(bundle: Path) -> MethodName:
    """The method that suits a bundle's image tower."""
    with exporter_packages():
        from exporter.align import default_method  # noqa: PLC0415 - needs the exporter's packages
    return MethodName(default_method(bundle))


def run_alignment(
    bundle: Path,
    order: AlignmentOrder,
    *,
    output: Path,
    samples: Sequence[Sample],
    progress: Callable[[str, float], None],
) -> AlignmentReport:
    """Align; the report of adapters that did not help names no bundle.

    Raises:
        FailedPrecondition: too few products, a work folder of something else, an output that is
            taken.
        Unavailable: a file cannot be read or written.
    """
    with exporter_packages():
        from exporter.align import TooFewProducts  # noqa: PLC0415 - needs the exporter's packages
        from exporter.align_adapter import DidNotHelp  # noqa: PLC0415 - the same
        from exporter.checkpoint import CheckpointError  # noqa: PLC0415 - the same
        from exporter.export_error import ExportError  # noqa: PLC0415 - the same
    train = _train_head if order.method is MethodName.HEAD else _train_adapters
    try:
        return train(bundle, order, output=output, samples=samples, progress=progress)
    except DidNotHelp as ended:
        return ended.report
    except TooFewProducts as error:
        raise FailedPrecondition(str(error), reason="TOO_FEW_PRODUCTS") from error
    except (CheckpointError, ExportError) as error:
        raise FailedPrecondition(str(error), reason=error.reason) from error
    except OSError as error:
        message = f"a file could not be read or written: {error}; mend that and ask again"
        raise Unavailable(message, reason="ALIGN_FILES") from error


class ServedTowers:
    """A bundle's towers as a server runs them, in one thread."""

    def __init__(self, directory: Path) -> None:
        from server.encoders.embedded import EmbeddedEncoder  # noqa: PLC0415 - slow to import

        self._encoder = EmbeddedEncoder(directory, threads=1)

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Unit vectors (n, d) of n texts."""
        return self._encoder.encode_texts(texts, deadline=Deadline.never())

    def encode_pictures(self, pixels: UInt8Array) -> Float32Array:
        """Unit vectors (n, d) of n prepared pictures."""
        return self._encoder.encode_pictures(pixels, deadline=Deadline.never())


def _train_head(
    bundle: Path,
    order: AlignmentOrder,
    *,
    output: Path,
    samples: Sequence[Sample],
    progress: Callable[[str, float], None],
) -> AlignmentReport:
    from exporter.align import AlignSettings, align  # noqa: PLC0415 - needs the exporter's packages

    settings = AlignSettings()
    settings = replace(settings, head=replace(settings.head, loss=order.loss.value))
    if order.steps is not None:
        lengths = tuple(sorted({max(1, order.steps // 2), order.steps}))
        settings = replace(settings, lengths=lengths)
    return align(
        bundle,
        output=output,
        samples=samples,
        encode_text=ServedTowers(bundle).encode_texts,
        seed=order.seed,
        settings=settings,
        work=order.work,
        progress=progress,
    )


def _train_adapters(
    bundle: Path,
    order: AlignmentOrder,
    *,
    output: Path,
    samples: Sequence[Sample],
    progress: Callable[[str, float], None],
) -> AlignmentReport:
    from exporter.adapter_lesson import AdapterSettings  # noqa: PLC0415 - needs its packages
    from exporter.align_adapter import align_by_adapter  # noqa: PLC0415 - the same

    usual = AdapterSettings()
    settings = replace(
        usual,
        loss=order.loss.value,
        rank=order.rank or min(usual.rank, read_manifest(bundle).dimension),
        steps=order.steps or usual.steps,
        epochs=order.epochs,
        patience=order.patience or usual.patience,
    )
    return align_by_adapter(
        bundle,
        output=output,
        samples=samples,
        open_towers=ServedTowers,
        seed=order.seed,
        settings=settings,
        work=order.work,
        restart=order.restart,
        force=order.force,
        progress=progress,
    )


def _violation(option: str, reason: str, description: str) -> Violation:
    return Violation(field=f"--{option}", reason=reason, description=description)
