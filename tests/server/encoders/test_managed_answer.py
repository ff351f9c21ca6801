"""The question that loads what is not loaded, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from server.deadline import Deadline
from server.encoders.managed_answer import right_answer
from server.encoders.triton import TritonEncoder
from server.errors import Unavailable


@dataclass
class Asked:
    """Says what is given when it is asked whether it is ready, in turn."""

    reasons: list[str | None]
    done: list[str] = field(default_factory=list)

    def ready(self, deadline: Deadline) -> None:
        self.done.append("ready")
        reason = self.reasons.pop(0)
        if reason:
            raise Unavailable("no", reason=reason)

    def load_models(self, deadline: Deadline) -> None:
        self.done.append("load")


@pytest.mark.parametrize(
    ("reasons", "raised", "done"),
    [
        ([None], None, ["ready"]),
        (["TRITON_NOT_READY", None], None, ["ready", "load", "ready"]),
        (["TRITON_MODEL_MISSING", None], None, ["ready", "load", "ready"]),
        (["TRITON_NOT_READY", "TRITON_FAILED"], "TRITON_FAILED", ["ready", "load", "ready"]),
        (["TRITON_UNREACHABLE"], "TRITON_UNREACHABLE", ["ready"]),
        (["TRITON_WRONG_ANSWER"], "TRITON_WRONG_ANSWER", ["ready"]),
    ],
)
def test_it_loads_only_what_is_not_loaded(
    reasons: list[str | None], raised: str | None, done: list[str]
) -> None:
    asked = Asked(reasons)
    answer = right_answer(cast("TritonEncoder", asked))
    if raised is None:
        answer(Deadline.never())
    else:
        with pytest.raises(Unavailable) as caught:
            answer(Deadline.never())
        assert caught.value.reason == raised
    assert asked.done == done
